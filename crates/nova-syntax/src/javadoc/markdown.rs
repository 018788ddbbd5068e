//! Markdown with inline tags → Markdown: what `///` comments are written in.
//!
//! All stays as it is but for inline tags, and for HTML, of which only the content stays.

use super::html::Tag;
use super::inline;
use super::writer::Writer;

/// Writes what `content` says.
pub(super) fn render(content: &str, writer: &mut Writer) {
    let depth = writer.depth();
    let mut fence = None;
    let mut may_be_indented_code = true;
    let mut rest = content.trim_matches('\n');
    while !rest.is_empty() && !writer.is_full() {
        let line_len = rest.find('\n').unwrap_or(rest.len());
        let line = &rest[..line_len];
        let trimmed = line.trim_start();
        let is_code_line = may_be_indented_code && line.len() - trimmed.len() >= 4;
        let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        let is_verbatim = fence.is_some() || mark.is_some() || is_code_line;
        if mark.is_some() && (fence.is_none() || fence == mark) {
            fence = if fence.is_none() { mark } else { None };
        }
        may_be_indented_code = trimmed.is_empty() || is_code_line;
        if is_verbatim {
            writer.raw(line);
            rest = &rest[line_len..];
        } else {
            // An inline tag may go on over several lines.
            rest = render_line(rest, writer);
        }
        if let Some(behind) = rest.strip_prefix('\n') {
            writer.raw_line_end();
            rest = behind;
        }
    }
    if let Some(mark) = fence {
        writer.raw_line_end();
        writer.raw(mark);
    }
    writer.close_to(depth);
}

/// Up to the line's end; what stands from there on.
fn render_line<'c>(text: &'c str, writer: &mut Writer) -> &'c str {
    let mut rest = text;
    // Braces of tags whose content is rendered like the rest.
    let mut open_tags = 0_usize;
    while let Some(at) = rest.find(['\n', '\\', '`', '{', '}', '<']) {
        writer.raw(&rest[..at]);
        rest = &rest[at..];
        let len = match rest.as_bytes()[0] {
            b'\n' => return rest,
            b'\\' => 1 + rest[1..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8),
            b'`' => code_span_len(rest),
            b'{' => match inline::Tag::at(rest) {
                Some(tag) => {
                    if inline::write(&tag, writer) {
                        rest = &rest[tag.len()..];
                    } else {
                        if tag.name == "return" {
                            writer.raw("Returns ");
                        }
                        open_tags += 1;
                        rest = &rest[tag.content_start()..];
                    }
                    continue;
                }
                None => 1,
            },
            b'}' if open_tags > 0 => {
                open_tags -= 1;
                rest = &rest[1..];
                continue;
            }
            b'<' => match Tag::at(rest) {
                Some(tag) => {
                    if tag.name == "br" {
                        writer.line_break();
                    }
                    rest = &rest[tag.len..];
                    continue;
                }
                None => {
                    let is_link = ["<http://", "<https://", "<mailto:"]
                        .iter()
                        .any(|link| rest.starts_with(link));
                    if !is_link && rest[1..].starts_with(|c: char| !c.is_whitespace()) {
                        writer.raw("\\");
                    }
                    1
                }
            },
            _ => 1,
        };
        writer.raw(&rest[..len]);
        rest = &rest[len..];
    }
    writer.raw(rest);
    ""
}

/// How long the code is that begins with the backticks at the start of `text`; as long as these if
/// they are not closed on the same line.
fn code_span_len(text: &str) -> usize {
    let ticks = text.bytes().take_while(|byte| *byte == b'`').count();
    let line = text.split('\n').next().unwrap_or_default();
    let mut at = ticks;
    while let Some(next) = line[at..].find('`') {
        let start = at + next;
        let run = line[start..].bytes().take_while(|byte| *byte == b'`').count();
        at = start + run;
        if run == ticks {
            return at;
        }
    }
    ticks
}
