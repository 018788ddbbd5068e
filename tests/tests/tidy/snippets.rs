//! What documents give to be copied must be what it says it is: JSON, or TOML.

use crate::tree::{Complaint, File, Tree};

pub(crate) fn complaints(tree: &Tree) -> Vec<Complaint> {
    let documents = tree.files.iter().filter(|file| file.path.ends_with(".md"));
    let check = |document| {
        let blocks = blocks(document).into_iter();
        blocks.filter_map(|Block { line, language, text }| {
            let error = match language {
                "json" => serde_json::from_str::<serde_json::Value>(&text).err()?.to_string(),
                "toml" => text.parse::<toml::Table>().err()?.to_string(),
                _ => return None,
            };
            Some(document.complaint(line, format!("this is no {language}: {error}")))
        })
    };
    documents.flat_map(check).collect()
}

/// A fenced block of a document.
struct Block<'d> {
    /// Where it begins.
    line: usize,
    language: &'d str,
    text: String,
}

fn blocks(document: &File) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (line, content) in document.lines() {
        match (content.trim_start().strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => open = Some(Block { line, language, text: String::new() }),
            (None, Some(block)) => block.text += &format!("{content}\n"),
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn what_does_not_parse_is_found() {
    let text = "```json\n{ \"a\": [1] }\n```\n\n```json\n{ \"a\": [1], }\n```\n```toml\n[a]\nb = 1\n```\n\
        ```toml\na = b\n```\n```sh\n{ [\n```\n";
    crate::tree::assert_complaints(complaints, &[("a.md", text)], &["a.md:5", "a.md:12"]);
}
