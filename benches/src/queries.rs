//! What people type: the queries of the relevance suite, and everything that stood in the box before
//! each of them was complete.

use std::collections::BTreeSet;

/// Lines of a category, a query and what is expected, tab-separated.
const RELEVANCE: &str = include_str!("../../tests/relevance/jdk25.tsv");

/// Every query of the relevance suite and each of its prefixes, once.
pub fn as_typed() -> Vec<String> {
    let mut queries = BTreeSet::new();
    for query in RELEVANCE.lines().filter_map(|line| line.split('\t').nth(1)) {
        queries.extend(query.char_indices().map(|(end, _)| query[..end].to_owned()));
        queries.insert(query.to_owned());
    }
    queries.into_iter().collect()
}

/// Whether a query is a name or a part of one, so that a matcher of plain strings can answer it.
pub fn is_plain_name(query: &str) -> bool {
    !query.is_empty() && query.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
