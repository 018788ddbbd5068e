//! What a signature says: the supertypes of a type, the parameters of a method.
//!
//! Signatures are the headers of declarations, as written, on one line; what was cut off of a very long one is not
//! known.

use crate::declarations::Kind;

/// How many arguments a method takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arity {
    /// How many parameters are declared.
    pub parameters: u32,
    /// Whether the last one takes any number of arguments.
    pub is_open: bool,
}

impl Arity {
    /// Of a method or constructor; `None` if its signature has no parameters to be read.
    pub fn of(signature: &str) -> Option<Self> {
        let mut tokens = Tokens(signature);
        tokens.find(|token| *token == "(")?;
        let mut arity = Self { parameters: 0, is_open: false };
        let (mut depth, mut dots) = (0_i32, 0);
        let mut last = "";
        loop {
            let token = tokens.next()?;
            if token == "@" {
                tokens.skip_annotation();
                continue;
            }
            dots = if token == "." { dots + 1 } else { 0 };
            arity.is_open |= dots == 3;
            let is_at_end = depth == 0 && matches!(token, "," | ")");
            // The receiver (JLS §8.4) is no parameter.
            arity.parameters += u32::from(is_at_end && !matches!(last, "" | "this"));
            match token {
                ")" if is_at_end => return Some(arity),
                "<" | "(" | "[" | "{" => depth += 1,
                ">" | ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            last = token;
        }
    }

    /// Whether a call with so many arguments fits.
    pub fn takes(self, arguments: u32) -> bool {
        match self.is_open {
            true => arguments + 1 >= self.parameters,
            false => arguments == self.parameters,
        }
    }
}

/// The types that a type's header names as those above it, as written, without type arguments and annotations: of
/// `Map<K, V> extends a.Base<K>.Inner implements B` they are `a.Base.Inner` and `B`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Supertypes {
    /// The class; none if none is named.
    pub class: Option<String>,
    /// The interfaces.
    pub interfaces: Vec<String>,
}

impl Supertypes {
    /// All of them.
    pub fn into_names(self) -> impl Iterator<Item = String> {
        self.class.into_iter().chain(self.interfaces)
    }
}

/// What the header of a type of this kind names after `extends` and `implements`.
pub fn supertypes(kind: Kind, signature: &str) -> Supertypes {
    let mut found = Supertypes::default();
    for (clause, name) in named(signature) {
        match clause {
            "extends" if kind != Kind::Interface => found.class = Some(name),
            _ => found.interfaces.push(name),
        }
    }
    found
}

/// The types that a header names, each with the keyword of its clause.
fn named(signature: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    if !signature.contains("extends") && !signature.contains("implements") {
        return found;
    }
    let (mut current, mut clause, mut depth) = (String::new(), None, 0_i32);
    let mut tokens = Tokens(signature);
    while let Some(token) = tokens.next() {
        match token {
            "<" | "(" | "[" => depth += 1,
            ">" | ")" | "]" => depth -= 1,
            _ if depth > 0 => {}
            "@" => tokens.skip_annotation(),
            "extends" | "implements" | "permits" => {
                found.extend(end(&mut current, clause));
                clause = Some(token).filter(|clause| *clause != "permits");
            }
            "," => found.extend(end(&mut current, clause)),
            "." => current.push('.'),
            name if clause.is_some() => match current.is_empty() || current.ends_with('.') {
                true => current.push_str(name),
                false => current = name.to_owned(),
            },
            _ => {}
        }
    }
    found.extend(end(&mut current, clause));
    found
}

fn end<'t>(current: &mut String, clause: Option<&'t str>) -> Option<(&'t str, String)> {
    let name = std::mem::take(current);
    clause.filter(|_| !name.is_empty()).map(|clause| (clause, name))
}

/// Words, literals and single characters.
struct Tokens<'t>(&'t str);

impl Tokens<'_> {
    /// Goes behind an annotation whose `@` has been taken: `a.b.N(x = 1 < 2)`.
    fn skip_annotation(&mut self) {
        self.next();
        loop {
            let here = self.0;
            match self.next() {
                Some(".") => drop(self.next()),
                Some("(") => break,
                _ => {
                    self.0 = here;
                    return;
                }
            }
        }
        let mut depth = 1;
        while depth > 0 {
            match self.next() {
                Some("(") => depth += 1,
                Some(")") => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.0.trim_start();
        let first = text.chars().next()?;
        let is_of_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$');
        let end = match first {
            '"' | '\'' => literal_end(text),
            first if is_of_word(first) => text.find(|char| !is_of_word(char)).unwrap_or(text.len()),
            _ => first.len_utf8(),
        };
        let (token, rest) = text.split_at(end);
        self.0 = rest;
        Some(token)
    }
}

/// Behind the literal that a text begins with.
fn literal_end(text: &str) -> usize {
    let (quote, mut is_escaped) = (text.as_bytes()[0], false);
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            byte if byte == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_its_supertypes() {
        for (header, expected) in [
            ("A", &[][..]),
            ("A extends B", &["B"]),
            ("A<T extends Comparable<T>>", &[]),
            (
                "A<T extends X & Y> extends p.q.B<T, ? super U> implements C, D.E<F<G>>",
                &["p.q.B", "C", "D.E"],
            ),
            ("I implements J, K", &["J", "K"]),
            ("R(int a, @N(\"implements Q\") List<String> b) implements S", &["S"]),
            ("A extends @N B implements @a.b.N(x = 1, y = 2) C, p.@N D", &["B", "C", "p.D"]),
            ("A extends Outer<T>.Inner<S>", &["Outer.Inner"]),
            ("S extends B permits C, D", &["B"]),
            ("S permits C, D", &[]),
            ("Ä extends Größe implements _$", &["Größe", "_$"]),
            ("A extends B<C implements …", &["B"]),
            ("R(@N(\"\\\") extends Q \") int a) implements S", &["S"]),
        ] {
            let found = supertypes(Kind::Class, header).into_names();
            assert_eq!(found.collect::<Vec<_>>(), expected, "{header}");
        }
        let class = |kind, header| supertypes(kind, header).class;
        assert_eq!(class(Kind::Class, "A<T extends X> implements B"), None);
        assert_eq!(class(Kind::Class, "A extends p.B<T> implements C").as_deref(), Some("p.B"));
        assert_eq!(class(Kind::Interface, "A extends B, C"), None);
    }

    #[test]
    fn a_method_takes_as_many_arguments_as_it_has_parameters() {
        for (signature, parameters, is_open) in [
            ("f(): void", 0, false),
            ("f( ): void", 0, false),
            ("<T> f(Map<K, V> a, @A(x = 1) int b): T", 2, false),
            ("f(int a, String... rest)", 2, true),
            ("f(A this, int a)", 1, false),
            ("f(Outer Outer.this)", 0, false),
            ("f(@Mx(v = 1 << 4) @a.b.N final int a, List<@N(1 > 0) String> b)", 2, false),
            ("f(@A(\"),(\") int a, @B(')') int... b)", 2, true),
        ] {
            assert_eq!(Arity::of(signature), Some(Arity { parameters, is_open }), "{signature}");
        }
        assert_eq!(Arity::of("field: int"), None);
        assert_eq!(Arity::of("f(int a, …"), None);
        let open = Arity { parameters: 2, is_open: true };
        assert_eq!([0, 1, 2, 9].map(|count| open.takes(count)), [false, true, true, true]);
    }
}
