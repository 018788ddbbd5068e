//! What a signature says: the supertypes of a type, the parameters of a method.
//!
//! Signatures are the headers of declarations, as written, on one line; what was cut off of a very long one is not
//! known.

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
        let parameters = between_parentheses(signature)?;
        let (mut depth, mut commas) = (0_i32, 0);
        for byte in parameters.bytes() {
            match byte {
                b'<' | b'(' | b'[' | b'{' => depth += 1,
                b'>' | b')' | b']' | b'}' => depth -= 1,
                b',' if depth == 0 => commas += 1,
                _ => {}
            }
        }
        let count = if parameters.trim().is_empty() { 0 } else { commas + 1 };
        Some(Self { parameters: count, is_open: parameters.contains("...") })
    }

    /// Whether a call with so many arguments fits.
    pub fn takes(self, arguments: u32) -> bool {
        match self.is_open {
            true => arguments + 1 >= self.parameters,
            false => arguments == self.parameters,
        }
    }
}

/// What is between the parentheses behind a method's name and type parameters.
fn between_parentheses(signature: &str) -> Option<&str> {
    let open = signature.find('(')?;
    let mut depth = 0;
    for (at, byte) in signature.bytes().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&signature[open + 1..at]);
        }
    }
    None
}

/// The types that a type's header names after `extends` and `implements`, as written, without type arguments and
/// annotations: of `Map<K, V> extends a.Base<K>.Inner implements B` they are `a.Base.Inner` and `B`.
pub fn supertypes(signature: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !signature.contains("extends") && !signature.contains("implements") {
        return found;
    }
    let (mut current, mut is_listing, mut depth) = (String::new(), false, 0_i32);
    let mut is_annotation = false;
    for token in Tokens(signature) {
        match token {
            "<" | "(" | "[" => depth += 1,
            ">" | ")" | "]" => depth -= 1,
            _ if depth > 0 => {}
            "@" => is_annotation = true,
            "extends" | "implements" | "permits" => {
                end(&mut current, &mut found);
                is_listing = token != "permits";
            }
            "," => end(&mut current, &mut found),
            // `@a.b.C` goes on after its dots.
            "." if is_annotation => {}
            "." => current.push('.'),
            name if is_listing => {
                let is_part = current.is_empty() || current.ends_with('.');
                match is_annotation {
                    true => is_annotation = false,
                    false if is_part => current.push_str(name),
                    false => current = name.to_owned(),
                }
            }
            _ => {}
        }
    }
    end(&mut current, &mut found);
    found
}

fn end(current: &mut String, found: &mut Vec<String>) {
    if !current.is_empty() {
        found.push(std::mem::take(current));
    }
}

/// Words and single characters.
struct Tokens<'t>(&'t str);

impl<'t> Iterator for Tokens<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.0.trim_start();
        let first = text.chars().next()?;
        let is_of_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$');
        let end = match is_of_word(first) {
            true => text.find(|char| !is_of_word(char)).unwrap_or(text.len()),
            false => first.len_utf8(),
        };
        let (token, rest) = text.split_at(end);
        self.0 = rest;
        Some(token)
    }
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
            ("I extends J, K", &["J", "K"]),
            ("R(int a, @N(\"implements Q\") List<String> b) implements S", &["S"]),
            ("A extends @N B implements @a.b.N(x = 1, y = 2) C, p.@N D", &["B", "C", "p.D"]),
            ("A extends Outer<T>.Inner<S>", &["Outer.Inner"]),
            ("S extends B permits C, D", &["B"]),
            ("S permits C, D", &[]),
            ("Ä extends Größe implements _$", &["Größe", "_$"]),
            ("A extends B<C implements …", &["B"]),
        ] {
            assert_eq!(supertypes(header), expected, "{header}");
        }
    }

    #[test]
    fn a_method_takes_as_many_arguments_as_it_has_parameters() {
        for (signature, parameters, is_open) in [
            ("f(): void", 0, false),
            ("f( ): void", 0, false),
            ("<T> f(Map<K, V> a, @A(x = 1) int b): T", 2, false),
            ("f(int a, String... rest)", 2, true),
        ] {
            assert_eq!(Arity::of(signature), Some(Arity { parameters, is_open }), "{signature}");
        }
        assert_eq!(Arity::of("field: int"), None);
        assert_eq!(Arity::of("f(int a, …"), None);
        let open = Arity { parameters: 2, is_open: true };
        assert_eq!([0, 1, 2, 9].map(|count| open.takes(count)), [false, true, true, true]);
    }
}
