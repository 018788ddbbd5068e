//! Markdown → what it names: spans of inline code, and the targets of links. Fenced blocks name
//! nothing: they show what a person types or sees.

use crate::tree::File;

/// A piece of a document, with the number of its line.
pub(crate) type Piece<'d> = (usize, &'d str);

/// The inline code of a document.
pub(crate) fn code_spans(document: &File) -> Vec<Piece<'_>> {
    let mut spans = Vec::new();
    for (first_line, paragraph) in paragraphs(&document.text) {
        // A span may go on over the end of a line, but not over that of a paragraph.
        let mut pieces = paragraph.split('`');
        let mut line = first_line;
        while let Some(prose) = pieces.next() {
            line += newlines(prose);
            let Some(code) = pieces.next() else { break };
            spans.push((line, code));
            line += newlines(code);
        }
    }
    spans
}

/// The targets of a document's links, without anchors.
pub(crate) fn links(document: &File) -> Vec<Piece<'_>> {
    let mut links = Vec::new();
    for (first_line, paragraph) in paragraphs(&document.text) {
        for (at, opening) in paragraph.match_indices("](") {
            let rest = &paragraph[at + opening.len()..];
            let target = &rest[..rest.find([')', '#', '\n']).unwrap_or(rest.len())];
            links.push((first_line + newlines(&paragraph[..at]), target));
        }
    }
    links
}

/// Stretches without a blank line, with the numbers of their first lines; fenced blocks are none.
fn paragraphs(text: &str) -> Vec<Piece<'_>> {
    let mut paragraphs = Vec::new();
    let mut is_fenced = false;
    let mut current: Option<(usize, usize)> = None;
    let mut at = 0;
    for (line, content) in (1..).zip(text.split_inclusive('\n')) {
        let is_fence = content.trim_start().starts_with("```");
        if is_fence || is_fenced || content.trim().is_empty() {
            paragraphs.extend(current.take().map(|(line, start)| (line, &text[start..at])));
        } else {
            current.get_or_insert((line, at));
        }
        is_fenced ^= is_fence;
        at += content.len();
    }
    paragraphs.extend(current.map(|(line, start)| (line, &text[start..])));
    paragraphs
}

fn newlines(text: &str) -> usize {
    text.matches('\n').count()
}

#[test]
fn code_and_links_are_found_with_their_lines() {
    let text = "a `b` c\n`d\ne` [f](g.md#h)\n\n```sh\n`i` [j](k)\n```\nodd `l\n\n`m`";
    let document = File { path: String::new(), text: text.to_owned() };
    assert_eq!(code_spans(&document), [(1, "b"), (2, "d\ne"), (8, "l\n"), (10, "m")]);
    assert_eq!(links(&document), [(3, "g.md")]);
}
