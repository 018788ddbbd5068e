//! The names in a doc comment that its tags link to.

use super::{Reference, Role, word_at};
use crate::declarations::Span;
use crate::stretches::Stretch;

/// Only so far before a name the tag is looked for that it belongs to.
const TAG_BYTES_MAX: usize = 1024;

/// The inline tags whose first word is a link.
const INLINE_TAGS: [&str; 3] = ["{@link", "{@linkplain", "{@value"];

/// The block tags whose first word is a link.
const BLOCK_TAGS: [&str; 5] = ["@see", "@throws", "@exception", "@uses", "@provides"];

/// The name at `offset` in `comment`, if a tag links to it.
pub(super) fn at(text: &str, comment: Stretch, offset: usize) -> Option<Reference<'_>> {
    let written = text.get(comment.start..comment.end)?;
    let is_markdown = written.starts_with("///");
    if !is_markdown && (!written.starts_with("/**") || written == "/**/") {
        return None;
    }
    let (start, end) = word_at(text.as_bytes(), offset)?;
    if start < comment.start || end > comment.end {
        return None;
    }
    let floor = comment.start.max(text.ceil_char_boundary(start.saturating_sub(TAG_BYTES_MAX)));
    let before = text.get(floor..start)?;
    let link = after_tag(before).or_else(|| after_bracket(before).filter(|_| is_markdown))?;
    // Parameters of a method are separated as they like; all else is one word.
    let (is_parameter, link) = match link.rsplit_once(['(', ',']) {
        Some((_, parameter)) if link.contains('(') && !link.contains(')') => {
            (true, parameter.trim_start())
        }
        _ => (false, link),
    };
    if link.contains(|c: char| c.is_whitespace() || "(){}<>\"`".contains(c)) {
        return None;
    }
    // A module may be named before the type.
    let link = link.rsplit('/').next().unwrap_or_default();
    let separators: &[char] = if is_parameter { &['.'] } else { &['.', '#'] };
    let qualifier = link.split(separators).filter(|name| !name.is_empty()).collect();
    Some(Reference {
        name: text.get(start..end)?,
        span: Span { start: start as u32, end: end as u32 },
        qualifier,
        is_member_of_unknown: false,
        role: Role::DocLink,
        arguments: None,
    })
}

/// What stands between a tag that links and the end of `before`, without the white space and the
/// star of a line behind the tag.
fn after_tag(before: &str) -> Option<&str> {
    let at = before.rfind('@')?;
    let is_inline = before[..at].ends_with('{');
    let tag_start = at - usize::from(is_inline);
    let (tag, rest) = before[tag_start..].split_once(char::is_whitespace)?;
    let links = if is_inline {
        INLINE_TAGS.contains(&tag)
    } else {
        BLOCK_TAGS.contains(&tag) && begins_line(&before[..tag_start])
    };
    let link = rest.trim_start();
    links.then(|| link.strip_prefix('*').map_or(link, str::trim_start))
}

/// Whether nothing but the comment's decoration stands before a block tag on its line.
fn begins_line(before: &str) -> bool {
    let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    line.trim().trim_start_matches('/').chars().all(|c| c == '*')
}

/// What stands between the bracket of a link in Markdown and the end of `before`.
fn after_bracket(before: &str) -> Option<&str> {
    Some(&before[before.rfind('[')? + 1..])
}
