//! The simplest search that is honest: every name there is, in memory, looked at for every query.

use std::cmp::Reverse;
use std::collections::HashSet;

use nova_index::SymbolView;

/// How a name matches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Subsequence,
    Prefix,
}

/// The different names of a view.
pub fn distinct_names(view: &SymbolView) -> Vec<&str> {
    let names: HashSet<&str> = view.symbols().map(|symbol| symbol.name()).collect();
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_unstable();
    names
}

/// The best names whose letters are those of the query, others between them: prefixes before the
/// rest, shorter names before longer ones.
pub fn search<'n>(names: &[&'n str], query: &str, limit: usize) -> Vec<&'n str> {
    let query = query.to_ascii_lowercase();
    let matches = names.iter().filter_map(|name| Some((matched(name, query.as_bytes())?, *name)));
    let mut matches: Vec<_> = matches.map(|(how, name)| (Reverse(how), name.len(), name)).collect();
    if matches.len() > limit {
        matches.select_nth_unstable(limit);
        matches.truncate(limit);
    }
    matches.sort_unstable();
    matches.into_iter().map(|(.., name)| name).collect()
}

fn matched(name: &str, query: &[u8]) -> Option<Match> {
    let name = name.as_bytes();
    if name.get(..query.len()).is_some_and(|start| start.eq_ignore_ascii_case(query)) {
        return Some(Match::Prefix);
    }
    let mut letters = name.iter().map(u8::to_ascii_lowercase);
    query.iter().all(|wanted| letters.any(|letter| letter == *wanted)).then_some(Match::Subsequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_come_before_subsequences_and_short_names_before_long_ones() {
        let names = ["ConcurrentHashMap", "HashMap", "hashMapping", "Map"];
        assert_eq!(search(&names, "hm", 9), ["HashMap", "hashMapping", "ConcurrentHashMap"]);
        assert_eq!(search(&names, "HASHMAP", 2), ["HashMap", "hashMapping"]);
        assert!(search(&names, "mh", 9).is_empty());
    }
}
