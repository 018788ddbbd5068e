//! HTML's tags, one at a time, as far as doc comments use them.

use super::entity;
use super::inline;

/// A longer tag is text.
const TAG_BYTES_MAX: usize = 2048;

/// What stands between angle brackets.
#[derive(Debug)]
pub(super) struct Tag<'c> {
    /// In lower case.
    pub(super) name: String,
    pub(super) is_closing: bool,
    attributes: &'c str,
    /// How long it is with its brackets.
    pub(super) len: usize,
}

impl<'c> Tag<'c> {
    /// The tag at the start of `text`, a `<`. What Java calls a type argument is none.
    pub(super) fn at(text: &'c str) -> Option<Self> {
        let is_closing = text.starts_with("</");
        let name_start = 1 + usize::from(is_closing);
        let rest = text.get(name_start..)?;
        let name_len = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = &rest[..name_len];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let rest = &rest[name_len..];
        if !rest.starts_with(|c: char| c.is_whitespace() || "/>".contains(c)) {
            return None;
        }
        let attributes_len = attributes_len(rest)?;
        let name_lower = name.to_ascii_lowercase();
        if name.starts_with(|c: char| c.is_ascii_uppercase()) && !is_known(&name_lower) {
            return None;
        }
        Some(Self {
            name: name_lower,
            is_closing,
            attributes: &rest[..attributes_len],
            len: name_start + name_len + attributes_len + 1,
        })
    }

    /// An attribute's value, character references decoded.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let lower = self.attributes.to_ascii_lowercase();
        let at = lower.match_indices(name).find_map(|(at, _)| {
            let is_word = lower[..at].ends_with(char::is_whitespace);
            let behind = self.attributes[at + name.len()..].trim_start();
            is_word.then(|| behind.strip_prefix('=')).flatten()
        })?;
        let value = at.trim_start();
        let value = match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split(quote).next(),
            _ => value.split(|c: char| c.is_whitespace() || c == '/').next(),
        };
        value.map(plain)
    }
}

/// Up to the `>` that ends a tag.
fn attributes_len(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate().take(TAG_BYTES_MAX) {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Tags in capitals are tags only if they are HTML.
fn is_known(name: &str) -> bool {
    const KNOWN: [&str; 44] = [
        "a",
        "b",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "dd",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "html",
        "i",
        "img",
        "kbd",
        "li",
        "ol",
        "p",
        "pre",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "tr",
        "tt",
        "ul",
    ];
    KNOWN.contains(&name)
}

/// Where the closing tag `name` begins in `text`, and how long it is.
pub(super) fn closing(text: &str, name: &str) -> Option<(usize, usize)> {
    text.match_indices("</").find_map(|(at, _)| {
        let tag = Tag::at(&text[at..]).filter(|tag| tag.name == name)?;
        Some((at, tag.len))
    })
}

/// What `text` says without any tags, HTML's and Java's; white space is kept.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // Whether each of the open braces belongs to a tag.
    let mut braces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&', '{', '}']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let mut skipped = 1;
        match rest.as_bytes()[0] {
            b'<' if rest.starts_with("<!--") => {
                skipped = rest.find("-->").map_or(rest.len(), |end| end + 3);
            }
            b'<' => match Tag::at(rest) {
                Some(tag) => skipped = tag.len,
                None => plain.push('<'),
            },
            b'&' => match entity::decoded(rest) {
                Some((character, len)) => {
                    plain.push(character);
                    skipped = len;
                }
                None => plain.push('&'),
            },
            b'{' => match inline::Tag::at(rest) {
                Some(tag) if matches!(tag.name, "code" | "literal") => {
                    plain.push_str(tag.literal());
                    skipped = tag.len();
                }
                Some(tag) => {
                    braces.push(true);
                    skipped = tag.content_start();
                    if tag.name.starts_with("link") {
                        let (target, label_start) = inline::target(&rest[skipped..]);
                        skipped += label_start;
                        if rest[skipped..].starts_with('}') {
                            plain.push_str(&inline::reference(target));
                        }
                    }
                }
                None => {
                    braces.push(false);
                    plain.push('{');
                }
            },
            _ => {
                if braces.pop() != Some(true) {
                    plain.push('}');
                }
            }
        }
        rest = &rest[skipped..];
    }
    plain.push_str(rest);
    plain
}
