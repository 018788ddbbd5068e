//! Text → query.

use nova_syntax::declarations::Kind;

use super::filter::{FileCondition, FileFilter, KindSet};
use super::{Query, trace};
use crate::matching::Pattern;

/// Words of a query: further ones are left out.
const QUERY_WORDS_MAX: usize = 8;

/// Filters of a query, and remarks on it: further ones are left out.
const QUERY_FILTERS_MAX: usize = 8;

/// Parts of a word between dots: only the last ones are looked at.
const QUALIFIERS_MAX: usize = 32;

/// Takes a text apart.
pub(super) fn query(text: &str) -> Query {
    let mut parser =
        Parser { words: Vec::new(), kinds: KindSet::ALL, files: Vec::new(), problems: Vec::new() };
    let mut line = None;
    match trace::read(text) {
        Some(trace) => {
            line = trace.line;
            parser.traced(trace.symbol);
        }
        None => parser.typed(text),
    }
    let mut words = parser.words;
    if words.len() > QUERY_WORDS_MAX {
        parser.problems.push(format!("words after the first {QUERY_WORDS_MAX} are left out"));
        words.truncate(QUERY_WORDS_MAX);
    }
    let pattern = |part: &String| Pattern::new(part);
    let (qualifiers, words) = match words.as_slice() {
        [] => (Vec::new(), Vec::new()),
        [word] => {
            let (name, qualifiers) = word.split_last().expect("a word has a part");
            (qualifiers.iter().map(pattern).collect(), vec![Pattern::new(name)])
        }
        // Of several words each part must be found somewhere.
        several => {
            let patterns = several.iter().flatten().map(pattern);
            (Vec::new(), patterns.filter(|pattern| !pattern.is_empty()).collect())
        }
    };
    Query {
        qualifiers,
        words: words.into_iter().take(QUERY_WORDS_MAX).collect(),
        kinds: parser.kinds,
        files: parser.files,
        line,
        problems: parser.problems,
    }
}

struct Parser {
    /// Each with its parts between dots: at least one, of which the last may be empty.
    words: Vec<Vec<String>>,
    kinds: KindSet,
    files: Vec<FileFilter>,
    problems: Vec<String>,
}

impl Parser {
    /// A symbol as the virtual machine spells it.
    fn traced(&mut self, symbol: &str) {
        // The body of a lambda is a method called after the one that it stands in.
        let symbol = match symbol.rsplit_once(".lambda$") {
            Some((outer, lambda)) => {
                format!("{outer}.{}", lambda.split('$').next().unwrap_or(lambda))
            }
            None => symbol.to_owned(),
        };
        let mut parts = split_name(&symbol);
        let last = parts.last().cloned().unwrap_or_default();
        if last == "<init>" {
            // A constructor is called like its type.
            parts.pop();
            parts.extend(parts.last().cloned());
            self.kinds.restrict_to([Kind::Constructor].into_iter().collect());
        } else if last == "<clinit>" {
            parts.pop();
        }
        // Anonymous classes are numbered; they have no name to be found by.
        parts.retain(|part| {
            !part.is_empty() && !part.starts_with(|char: char| char.is_ascii_digit())
        });
        self.push_word(parts);
    }

    fn typed(&mut self, text: &str) {
        for token in text.split_whitespace() {
            if self.filter(token) {
                continue;
            }
            if token.contains("<init>") || token.contains("<clinit>") {
                self.traced(token);
                continue;
            }
            let (name, is_called) = match token.split_once('(') {
                Some((name, _)) => (name, true),
                None => (token, false),
            };
            if is_called {
                self.kinds.restrict_to([Kind::Method, Kind::Constructor].into_iter().collect());
            }
            self.word(name);
            if is_called {
                // What follows are parameters.
                break;
            }
        }
    }

    /// A word that is no filter.
    fn word(&mut self, text: &str) {
        let text = match text.strip_prefix('@') {
            Some(annotation) => {
                self.kinds.restrict_to([Kind::Annotation].into_iter().collect());
                annotation
            }
            None => text,
        };
        // `List<String>`, `"HashMap";`
        let text = text.split('<').next().unwrap_or(text);
        let text = text.trim_matches(|char: char| matches!(char, ';' | ',' | '"' | '\'' | ')'));
        let text = text.strip_suffix("[]").unwrap_or(text);
        let text = text.strip_suffix(".java").unwrap_or(text);
        if !text.is_empty() {
            self.push_word(split_name(text));
        }
    }

    fn push_word(&mut self, mut parts: Vec<String>) {
        let last = parts.pop().unwrap_or_default();
        // Underscores are no letters, so that a qualifier of nothing else says nothing.
        parts.retain(|part| part.contains(|char| char != '_'));
        parts.drain(..parts.len().saturating_sub(QUALIFIERS_MAX));
        parts.push(last);
        if parts.iter().any(|part| !part.is_empty()) {
            self.words.push(parts);
        }
    }

    /// `class:foo`, `kind:record`, `path:core`, `-path:test`, `in:module`. Returns whether it is one.
    fn filter(&mut self, token: &str) -> bool {
        let (negated, positive) = match token.strip_prefix('-') {
            Some(positive) => (true, positive),
            None => (false, token),
        };
        let Some((key, value)) = positive.split_once(':') else {
            // Beside a word someone is about to type a filter; alone it is a name that nothing has.
            return negated && !self.words.is_empty();
        };
        if value.starts_with(':') {
            return false;
        }
        let file = |condition| FileFilter { condition, negated };
        let lower = value.to_ascii_lowercase();
        match key.to_ascii_lowercase().as_str() {
            "path" | "file" if lower.is_empty() => {}
            "path" | "file" => self.push_filter(file(FileCondition::Path(lower))),
            "in" if lower.is_empty() => {}
            "in" => self.push_filter(file(FileCondition::In(lower))),
            "kind" => {
                let kinds = lower.split(',').filter_map(|name| self.kinds_called(name)).collect();
                self.want(union(kinds), negated);
            }
            key => {
                let Some(kinds) = kinds_of(key) else {
                    self.remark(format!("there is no filter {key:?}: {FILTERS}"));
                    return true;
                };
                if !(negated && value.is_empty()) {
                    self.want(kinds, negated);
                }
                self.word(value);
            }
        }
        true
    }

    fn push_filter(&mut self, filter: FileFilter) {
        if self.files.contains(&filter) {
            return;
        }
        if self.files.len() == QUERY_FILTERS_MAX {
            self.remark(format!("filters after the first {QUERY_FILTERS_MAX} are left out"));
        } else {
            self.files.push(filter);
        }
    }

    fn remark(&mut self, problem: String) {
        if self.problems.len() < QUERY_FILTERS_MAX && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn want(&mut self, kinds: KindSet, negated: bool) {
        if negated {
            self.kinds.remove(kinds);
        } else {
            self.kinds.restrict_to(kinds);
        }
    }

    /// The kinds that a value of `kind:` names, or begins to name.
    fn kinds_called(&mut self, name: &str) -> Option<KindSet> {
        let beginning: KindSet =
            Kind::ALL.into_iter().filter(|kind| kind.as_str().starts_with(name)).collect();
        let kinds = kinds_of(name).or((beginning != KindSet::NONE).then_some(beginning));
        if kinds.is_none() {
            let all: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
            self.remark(format!("there is no kind {name:?}; the kinds are {}", all.join(", ")));
        }
        kinds
    }
}

const FILTERS: &str = "there are path:, in:, kind: and the kinds, as in class:";

fn union(kinds: Vec<KindSet>) -> KindSet {
    kinds.iter().flat_map(|kinds| kinds.iter()).collect()
}

/// The kinds of this name, as the output has it, or as people say.
fn kinds_of(name: &str) -> Option<KindSet> {
    let same = Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
    let kinds = match name {
        "type" => KindSet::TYPES,
        "constant" => [Kind::EnumConstant].into_iter().collect(),
        "component" => [Kind::RecordComponent].into_iter().collect(),
        _ => [same?].into_iter().collect(),
    };
    Some(kinds)
}

/// The parts of a name between `.`, `#`, `::`, `/`, and `$` where a binary name has one: before a letter, or
/// before a digit after the name of a type.
fn split_name(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = name.chars().peekable();
    while let Some(char) = rest.next() {
        let part = parts.last_mut().expect("there is always a part");
        let next = rest.peek();
        let is_nested = char == '$'
            && !part.is_empty()
            && match next {
                Some(next) if next.is_alphabetic() => true,
                Some(next) => next.is_ascii_digit() && part.starts_with(char::is_uppercase),
                None => part.starts_with(char::is_uppercase),
            };
        if matches!(char, '.' | '#' | ':' | '/') || is_nested {
            parts.push(String::new());
        } else {
            part.push(char);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, qualifiers: &[&str], words: &[&str]) -> Query {
        let query = query(text);
        let letters = |patterns: &[Pattern]| -> Vec<String> {
            let text = |it: &Pattern| String::from_utf8_lossy(it.letters()).into_owned();
            patterns.iter().map(text).collect()
        };
        let found = (letters(&query.qualifiers), letters(&query.words));
        let owned = |parts: &[&str]| parts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(found, (owned(qualifiers), owned(words)), "{text}");
        query
    }

    #[track_caller]
    fn check_kinds(text: &str, kinds: &[Kind]) {
        assert_eq!(query(text).kinds, kinds.iter().copied().collect(), "{text}");
    }

    #[test]
    fn a_name_may_be_qualified_in_any_spelling() {
        check("HashMap.put", &["hashmap"], &["put"]);
        check("HashMap#put", &["hashmap"], &["put"]);
        check("HashMap::put", &["hashmap"], &["put"]);
        check("java/util/HashMap.java", &["java", "util"], &["hashmap"]);
        check("Map$Entry", &["map"], &["entry"]);
        check("map$entry", &["map"], &["entry"]);
        check("java.util.ArrayList.<init>", &["java", "util", "arraylist"], &["arraylist"]);
        check("_.HashMap.__.put", &["hashmap"], &["put"]);
        check("a.b.C$D.m", &["a", "b", "c", "d"], &["m"]);
        check("Map.", &["map"], &[""]);
        check(".put", &[], &["put"]);
        check("access$000", &[], &["access$000"]);
        check("List<String>;", &[], &["list"]);
    }

    #[test]
    fn several_words_have_no_order() {
        check("buffer  byte", &[], &["buffer", "byte"]);
        check("java.nio buffer", &[], &["java", "nio", "buffer"]);
        check("", &[], &[]);
        check("  .  ", &[], &[]);
    }

    #[test]
    fn filters_are_no_words() {
        let query = check("path:Core foo -path:test in:java.sql", &[], &["foo"]);
        let text = |filter: &FileFilter| format!("{:?} {}", filter.condition, filter.negated);
        let filters: Vec<_> = query.files.iter().map(text).collect();
        let expected = [r#"Path("core") false"#, r#"Path("test") true"#, r#"In("java.sql") false"#];
        assert_eq!(filters, expected);
        check("class:foo", &[], &["foo"]);
        check("list -", &[], &["list"]);
        check("-list", &[], &["-list"]);
        check("list -pa", &[], &["list"]);
        assert_eq!(check("list lang:x", &[], &["list"]).problems.len(), 1);
        check("@Override", &[], &["override"]);
        check("HashMap.put(K key, V value)", &["hashmap"], &["put"]);
    }

    #[test]
    fn kinds_are_called_as_in_the_output_or_as_people_say() {
        check_kinds("class:foo", &[Kind::Class]);
        check_kinds("kind:record foo", &[Kind::Record]);
        check_kinds("kind:rec", &[Kind::Record, Kind::RecordComponent]);
        check_kinds("kind:enum,record", &[Kind::Enum, Kind::Record]);
        check_kinds("constant:RED", &[Kind::EnumConstant]);
        check_kinds("put(", &[Kind::Constructor, Kind::Method]);
        check_kinds("@foo", &[Kind::Annotation]);
        assert!(!query("-field:x").kinds.contains(Kind::Field));
        assert_eq!(query("kind:foo").kinds, KindSet::NONE);
        assert!(query("kind:foo").problems[0].contains("enum-constant"));
    }

    #[test]
    fn a_trace_names_a_method_as_the_virtual_machine_does() {
        let trace = |symbol: &str| format!("at {symbol}(A.java:7)");
        check(&trace("a.A$B.m"), &["a", "a", "b"], &["m"]);
        check(&trace("a.A.<init>"), &["a", "a"], &["a"]);
        check(&trace("a.A.lambda$main$0"), &["a", "a"], &["main"]);
        check(&trace("a.A$1.run"), &["a", "a"], &["run"]);
        let query = query(&trace("a.A.m"));
        assert_eq!(query.line.unwrap().line, Some(6));
    }

    #[test]
    fn a_query_of_any_size_is_understood_in_bounded_time() {
        let query = query(&"a.b ".repeat(100_000));
        assert_eq!(query.words.len(), QUERY_WORDS_MAX);
        assert_eq!(query.problems.len(), 1);
        let query =
            super::query(&(0..9999).map(|it| format!("path:{it} kind:{it} ")).collect::<String>());
        assert_eq!(
            (query.files.len(), query.problems.len()),
            (QUERY_FILTERS_MAX, QUERY_FILTERS_MAX)
        );
    }
}
