//! Inline tags: `{@code …}` and its like.

use super::comment::dedented;
use super::html;
use super::writer::Writer;

/// An inline tag.
pub(super) struct Tag<'c> {
    pub(super) name: &'c str,
    /// From its brace to the end of all text.
    text: &'c str,
}

impl<'c> Tag<'c> {
    /// The tag at the start of `text`, a brace.
    pub(super) fn at(text: &'c str) -> Option<Self> {
        let rest = text.strip_prefix("{@")?;
        let len = rest.find(|c: char| !c.is_alphanumeric() && !"-_.".contains(c))?;
        (len > 0).then_some(Self { name: &rest[..len], text })
    }

    /// Where its content begins, from its brace on.
    pub(super) fn content_start(&self) -> usize {
        let name_end = "{@".len() + self.name.len();
        let space = self.text[name_end..].chars().next().filter(|c| c.is_whitespace());
        name_end + space.map_or(0, char::len_utf8)
    }

    /// Its length up to behind the brace that closes it, or to the end of all text.
    pub(super) fn len(&self) -> usize {
        let end = self.content_end();
        if self.text[end..].starts_with('}') { end + 1 } else { end }
    }

    /// What it contains, as written.
    pub(super) fn literal(&self) -> &'c str {
        self.text.get(self.content_start()..self.content_end()).unwrap_or_default()
    }

    fn content_end(&self) -> usize {
        let mut depth = 0_usize;
        for (at, byte) in self.text.bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' if depth == 1 => return at,
                b'}' => depth -= 1,
                _ => {}
            }
        }
        self.text.len()
    }
}

/// Writes what `tag` says; `false` if its content is to be rendered like the text around it.
pub(super) fn write(tag: &Tag<'_>, writer: &mut Writer) -> bool {
    let content = || tag.literal().trim();
    match tag.name {
        "code" | "systemProperty" => writer.code(tag.literal()),
        "literal" => writer.text(tag.literal()),
        "link" => link(content(), true, writer),
        "linkplain" => link(content(), false, writer),
        // A format may stand before the field.
        "value" => writer.code(&reference(content().split_whitespace().last().unwrap_or_default())),
        "inheritDoc" | "docRoot" => {}
        "index" => {
            let content = content();
            let word = match content.strip_prefix('"') {
                Some(phrase) => phrase.split('"').next(),
                None => content.split_whitespace().next(),
            };
            writer.text(&html::plain(word.unwrap_or_default()));
        }
        "snippet" => snippet(tag.literal(), writer),
        _ => return false,
    }
    true
}

/// Writes a link, `Type#member label`: its label, or what it leads to.
pub(super) fn link(content: &str, is_code: bool, writer: &mut Writer) {
    let (target, label) = split_reference(content);
    let label = html::plain(label);
    match (label.trim(), is_code) {
        ("", true) => writer.code(&reference(target)),
        ("", false) => writer.text(&reference(target)),
        (label, true) if label.split_whitespace().count() == 1 => writer.code(label),
        (label, _) => writer.text(label),
    }
}

/// The first word of `text`, parentheses and type arguments included, and what stands behind it.
pub(super) fn split_reference(text: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '(' | '<' => depth += 1,
            ')' | '>' => depth = depth.saturating_sub(1),
            c if c.is_whitespace() && depth == 0 => return (&text[..at], text[at..].trim()),
            _ => {}
        }
    }
    (text, "")
}

/// What a link leads to that stands at the start of `text`, and where its label begins, or the brace
/// that closes it.
pub(super) fn target(text: &str) -> (&str, usize) {
    let mut depth = 0_usize;
    let rest = text.trim_start();
    let is_end = |character: char| {
        match character {
            '(' | '<' => depth += 1,
            ')' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        "{}".contains(character) || (character.is_whitespace() && depth == 0)
    };
    let target = &rest[..rest.find(is_end).unwrap_or(rest.len())];
    let label = rest[target.len()..].trim_start();
    (target, text.len() - label.len())
}

/// `module/package.Type#member(A, B)` as people write it.
pub(super) fn reference(target: &str) -> String {
    let target = target.split("##").next().unwrap_or_default();
    let (path, parameters) = target.split_at(target.find('(').unwrap_or(target.len()));
    let path = path.rsplit('/').next().unwrap_or_default();
    let path = path.strip_prefix('#').unwrap_or(path).replace('#', ".");
    format!("{path}{parameters}")
}

/// Writes `attributes :⏎ code`; code that is in another file is not shown.
fn snippet(content: &str, writer: &mut Writer) {
    let Some((attributes, code)) = content.split_once(":\n").or_else(|| content.split_once(": \n"))
    else {
        return;
    };
    let language = attributes.split_once("lang").and_then(|(_, value)| {
        let value =
            value.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
        value.split(|c: char| !c.is_alphanumeric()).next()
    });
    let lines = code.lines().map(|line| match line.rsplit_once("// @") {
        Some((code, markup)) if MARKUP.iter().any(|tag| markup.starts_with(tag)) => code,
        _ => line,
    });
    let code = lines.collect::<Vec<_>>().join("\n");
    writer.fence(language.unwrap_or("java"), &dedented(&code));
}

/// What a snippet's comments may say that is not for its reader.
const MARKUP: [&str; 5] = ["highlight", "link", "replace", "start", "end"];
