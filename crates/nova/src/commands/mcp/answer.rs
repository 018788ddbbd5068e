//! Answers as agents read them: one JSON object, in which each symbol has a line.

use nova_router::report::Symbol;
use nova_router::{Answer, Root};
use serde::Serialize;

use nova_router::in_words::paths;

/// Characters of a signature that are shown.
const SIGNATURE_CHARS_MAX: usize = 300;

/// What goes with a list of symbols; what is as it should be is left out.
#[derive(Serialize)]
pub(super) struct About {
    pub(super) revision: u64,
    /// How many symbols match.
    pub(super) total: u64,
    /// Whether there are exactly so many, not more.
    pub(super) total_is_exact: bool,
    /// Whether some of them are not in the list.
    pub(super) cut: bool,
    /// Files whose symbols are left out, as they are changing right now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pending: Option<usize>,
    /// Shards that are up to date, if some are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ready_shards: Option<usize>,
    /// How many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shards: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) problems: Vec<String>,
}

impl About {
    pub(super) fn new(answer: &Answer) -> Self {
        let is_whole = answer.coverage.ready == answer.coverage.total;
        Self {
            revision: answer.revision,
            total: answer.total.counted(),
            total_is_exact: answer.total.is_exact(),
            cut: answer.cut,
            pending: (answer.pending > 0).then_some(answer.pending),
            ready_shards: (!is_whole).then_some(answer.coverage.ready),
            shards: (!is_whole).then_some(answer.coverage.total),
            problems: Vec::new(),
        }
    }
}

/// A symbol.
#[derive(Serialize)]
pub(super) struct SymbolLine<'s> {
    name: &'s str,
    kind: &'s str,
    /// The package and the enclosing types.
    container: String,
    path: String,
    /// From 1.
    line: u32,
    signature: String,
}

impl<'s> SymbolLine<'s> {
    pub(super) fn new(roots: &[Root], symbol: &'s Symbol) -> Self {
        Self {
            name: &symbol.name,
            kind: symbol.kind.as_str(),
            container: symbol.around(),
            path: paths::for_programs(roots, &symbol.file),
            line: symbol.line + 1,
            signature: signature(&symbol.signature),
        }
    }
}

/// A signature, or the beginning of a long one.
pub(super) fn signature(whole: &str) -> String {
    match whole.char_indices().nth(SIGNATURE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole.to_owned(),
    }
}

/// An object with the fields of `about`, and the symbols, a line each.
pub(super) fn write<S: Serialize>(
    about: &impl Serialize,
    symbols: impl IntoIterator<Item = S>,
) -> serde_json::Result<String> {
    let about = serde_json::to_string(about)?;
    let mut text = about.strip_suffix('}').unwrap_or_default().to_owned();
    text.push_str(",\"symbols\":[");
    for (number, symbol) in symbols.into_iter().enumerate() {
        text.push_str(if number == 0 { "\n" } else { ",\n" });
        text.push_str(&serde_json::to_string(&symbol)?);
    }
    text.push_str("]}");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_one_object_with_a_symbol_a_line() {
        #[derive(Serialize)]
        struct Fields {
            revision: u64,
        }
        let text = write(&Fields { revision: 7 }, ["a", "b"]).unwrap();
        assert_eq!(text, "{\"revision\":7,\"symbols\":[\n\"a\",\n\"b\"]}");
        let none = write::<&str>(&Fields { revision: 7 }, []).unwrap();
        assert_eq!(none, "{\"revision\":7,\"symbols\":[]}");
    }

    #[test]
    fn a_long_signature_is_cut_between_characters() {
        assert_eq!(signature("f(): void"), "f(): void");
        let long = "é".repeat(SIGNATURE_CHARS_MAX + 1);
        assert_eq!(signature(&long), "é".repeat(SIGNATURE_CHARS_MAX) + "…");
    }
}
