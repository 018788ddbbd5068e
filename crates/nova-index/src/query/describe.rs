//! A query in words, as it was understood.

use std::fmt;

use super::filter::{FileCondition, FileFilter, KindSet};
use super::{Query, SourceLine};
use crate::matching::Pattern;

impl fmt::Display for Query {
    /// `put, in HashMap; method or constructor; not path:test`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let name = joined(&self.words, " and ");
        parts.push(match (self.qualifiers.is_empty(), name.is_empty()) {
            (true, true) => "any name".to_owned(),
            (true, false) => name,
            (false, true) => format!("anything in {}", joined(&self.qualifiers, ".")),
            (false, false) => format!("{name}, in {}", joined(&self.qualifiers, ".")),
        });
        if self.kinds == KindSet::NONE {
            parts.push("no kind".to_owned());
        } else if !self.kinds.is_all() {
            let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.as_str()).collect();
            parts.push(kinds.join(" or "));
        }
        parts.extend(self.files.iter().map(ToString::to_string));
        if let Some(SourceLine { file, line }) = &self.line {
            let line = line.map_or_else(String::new, |line| format!(" around line {}", line + 1));
            parts.push(format!("best in {file}{line}"));
        }
        f.write_str(&parts.join("; "))
    }
}

impl fmt::Display for FileFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.negated { "not " } else { "" };
        match &self.condition {
            FileCondition::Path(part) => write!(f, "{not}path:{part}"),
            FileCondition::In(beginning) => write!(f, "{not}in:{beginning}"),
        }
    }
}

fn joined(patterns: &[Pattern], separator: &str) -> String {
    patterns.iter().map(Pattern::to_string).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Query::new(text, &[]).to_string(), expected);
    }

    #[test]
    fn a_query_says_how_it_was_understood() {
        check("", "any name");
        check("HashMap.", "anything in HashMap");
        check("put(", "put; method or constructor");
        check("j.u.HashMap#put", "put, in j.u.HashMap");
        check("buffer byte -path:Test", "buffer and byte; not path:test");
        check("kind:nothing x", "x; no kind");
        check("at a.B.m(B.java:7)", "m, in a.B; best in b.java around line 7");
    }
}
