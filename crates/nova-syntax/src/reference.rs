//! What name stands at an offset, what stands before it, and what is done with it there.
//!
//! Told by the tokens around the offset: no tree is needed, and no other part of the text matters
//! than what is a comment or a literal. Looks at the text as written: a name with unicode escapes in
//! it is not seen as one. Knows nothing of what the name refers to.

mod arguments;
mod chain;
mod doc_link;

use self::arguments::After;
use self::chain::{Joint, LookBack};
use crate::declarations::Span;
use crate::keywords::is_keyword;
use crate::scanner::{WORD, has};
use crate::stretches::{self, StretchKind};

/// A name, and how it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'t> {
    /// The name; where one constructor calls another, `this` or `super`.
    pub name: &'t str,
    /// Where it is written.
    pub span: Span,
    /// The names before it, dot by dot: of `java.util.Map.Entry` at `Entry` they are `java`, `util`
    /// and `Map`; of `this.a` it is `this`.
    pub qualifier: Vec<&'t str>,
    /// The dots before it lead back to something that is no plain name, such as a call or a
    /// literal. There is no qualifier then.
    pub is_member_of_unknown: bool,
    /// What is done with it.
    pub role: Role,
    /// How many arguments a call or a construction has, if its parentheses close nearby.
    pub arguments: Option<usize>,
}

/// What is done with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// `name(…)`. A constructor or an enum constant that is declared so looks no different. And `@A(name = …)`, which
    /// gives what a call returns: it has the annotation's name for a qualifier.
    Call,
    /// `new Name(…)`, `new Outer.Name<>(…)`; `this(…)`, `super(…)`.
    Construction,
    /// `@Name`.
    Annotation,
    /// `…::name`.
    MethodReference,
    /// In an import declaration.
    Import,
    /// In the package clause.
    PackageClause,
    /// In a doc comment, as what a tag such as `{@link}` or `@see` is about.
    DocLink,
    /// Anything else.
    Other,
}

/// The name at `offset`; an offset at its end counts as on it, as for a text cursor. There is none
/// in literals, in comments but for what doc comments link to, and where a keyword stands.
pub fn at(text: &str, offset: usize) -> Option<Reference<'_>> {
    let offset = text.floor_char_boundary(offset);
    let stretches = stretches::up_to(text, offset);
    match stretches.at {
        Some(stretch) if stretch.kind == StretchKind::Comment => {
            doc_link::at(text, stretch, offset)
        }
        Some(_) => None,
        None => {
            let (start, end) = word_at(text.as_bytes(), offset)?;
            in_code(text, start, end, LookBack::new(text, start, &stretches.before))
        }
    }
}

/// Where the word at `offset`, or the one that ends there, begins and ends.
fn word_at(bytes: &[u8], offset: usize) -> Option<(usize, usize)> {
    let is_word = |byte: &&u8| has(**byte, WORD);
    let start = offset - bytes[..offset].iter().rev().take_while(is_word).count();
    let end = offset + bytes[offset..].iter().take_while(is_word).count();
    (start < end && !bytes[start].is_ascii_digit()).then_some((start, end))
}

fn in_code<'t>(
    text: &'t str,
    start: usize,
    end: usize,
    mut back: LookBack<'t, '_>,
) -> Option<Reference<'t>> {
    let name = text.get(start..end)?;
    let chain = back.chain()?;
    let mut after = After::new(text, end);
    let is_simple = chain.names.is_empty() && !chain.is_of_unknown;
    let calls_constructor = is_simple && matches!(name, "this" | "super") && after.is_called();
    if is_keyword(name.as_bytes()) && !calls_constructor {
        return None;
    }
    let annotation = (is_simple && after.is_assigned()).then(|| back.annotation_around()).flatten();
    let role = match chain.joint {
        _ if calls_constructor => Role::Construction,
        _ if annotation.is_some() => Role::Call,
        Joint::Colons => Role::MethodReference,
        Joint::Dots if chain.is_of_unknown => role_of_member(&mut after),
        Joint::Dots => role(name, is_simple, &mut back, &mut after)?,
    };
    let counts = matches!(role, Role::Call | Role::Construction);
    Some(Reference {
        name,
        span: Span { start: start as u32, end: end as u32 },
        qualifier: annotation.unwrap_or(chain.names),
        is_member_of_unknown: chain.is_of_unknown,
        role,
        arguments: if counts { after.arguments() } else { None },
    })
}

fn role_of_member(after: &mut After<'_>) -> Role {
    if after.is_called() { Role::Call } else { Role::Other }
}

/// The role by what stands before the name with its qualifier, and behind it. `None` if the name is
/// a keyword there.
fn role(
    name: &str,
    is_simple: bool,
    back: &mut LookBack<'_, '_>,
    after: &mut After<'_>,
) -> Option<Role> {
    if back.take(b'@') {
        return Some(if after.is_qualifier() { Role::Other } else { Role::Annotation });
    }
    back.skip_annotations();
    let had_type_arguments = back.skip_type_arguments();
    let before = back.word().unwrap_or_default();
    let found = match before {
        "package" => Role::PackageClause,
        "import" if name == "module" && is_simple && after.is_before_name() => return None,
        "import" => Role::Import,
        "static" | "module" if back.word() == Some("import") => Role::Import,
        "new" if after.constructs() => Role::Construction,
        // Patterns take apart what looks like a call.
        "new" | "case" | "instanceof" => Role::Other,
        _ if !after.is_called() => Role::Other,
        // A name behind a type or a modifier is declared.
        _ if is_simple && (had_type_arguments || back.take_dimensions()) => Role::Other,
        "" => Role::Call,
        before if is_simple && !COMES_BEFORE_CALL.contains(&before) => Role::Other,
        _ => Role::Call,
    };
    Some(found)
}

/// The words, keywords and contextual ones, that a call may follow.
const COMES_BEFORE_CALL: [&str; 8] =
    ["assert", "do", "else", "return", "throw", "when", "yield", "finally"];

#[cfg(test)]
mod tests;
