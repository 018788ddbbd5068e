//! A doc comment's parts: the description, and the block tags behind it.

use super::comment::Content;

/// A block tag.
pub(super) struct Section<'c> {
    /// Without the `@`.
    pub(super) tag: &'c str,
    /// What stands behind it.
    pub(super) body: &'c str,
}

pub(super) struct Sections<'c> {
    pub(super) main: &'c str,
    /// In source order.
    pub(super) tags: Vec<Section<'c>>,
}

impl<'c> Sections<'c> {
    /// A block tag begins a line, and is not inside an inline tag or a fenced block.
    pub(super) fn of(content: &'c Content) -> Self {
        let text = content.text.as_str();
        let mut starts = Vec::new();
        let mut braces = 0_usize;
        let mut is_fenced = false;
        let mut line_start = 0;
        for line in text.split_inclusive('\n') {
            let trimmed = line.trim_start();
            if content.is_markdown && (trimmed.starts_with("```") || trimmed.starts_with("~~~")) {
                is_fenced = !is_fenced;
            }
            let is_tag =
                trimmed.strip_prefix('@').is_some_and(|tag| tag.starts_with(char::is_alphabetic));
            if is_tag && braces == 0 && !is_fenced {
                starts.push(line_start + line.len() - trimmed.len());
            }
            for (at, byte) in line.bytes().enumerate() {
                match byte {
                    b'{' if braces > 0 || line[at..].starts_with("{@") => braces += 1,
                    b'}' => braces = braces.saturating_sub(1),
                    _ => {}
                }
            }
            line_start += line.len();
        }
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        let tags = starts.iter().zip(ends).map(|(&start, end)| Section::of(&text[start + 1..end]));
        let main = &text[..starts.first().copied().unwrap_or(text.len())];
        Self { main, tags: tags.collect() }
    }

    pub(super) fn of_tag(&self, tag: &str) -> impl Iterator<Item = &Section<'c>> {
        self.tags.iter().filter(move |section| section.tag == tag)
    }
}

impl<'c> Section<'c> {
    fn of(text: &'c str) -> Self {
        let (tag, body) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        Self { tag, body: body.trim() }
    }
}

/// The heading of a tag that is shown as a paragraph of its own below the description; none for
/// those that have another place, or say nothing to a reader.
pub(super) fn heading_of_note(tag: &str) -> Option<&str> {
    match tag {
        "apiNote" => Some("API note:"),
        "implSpec" => Some("Implementation requirements:"),
        "implNote" => Some("Implementation note:"),
        _ => None,
    }
}
