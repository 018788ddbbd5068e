//! Real files, damaged: the scanner must stand any of them, and where it is sure of one and the tree
//! has no error, both must agree.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;

use crate::jdk::Jdk;
use crate::nasty::LEGAL;
use crate::verdict::{Verdict, judge};

/// Files to damage: every so-manieth of a JDK, unless they are so large that little of them would
/// be read in a test's time.
const FILES_STEP: usize = 97;
const FILE_BYTES_MAX: usize = 16 << 10;

/// How much is damaged at once: with more, hardly a text is left that the grammar takes for Java.
const DAMAGES_MAX: usize = 4;
const SLICE_TOKENS_MAX: usize = 12;

/// What is inserted: the tokens that the scanner's decisions hang on.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    ";",
    ",",
    ".",
    "...",
    "=",
    "->",
    "::",
    ":",
    "?",
    "@",
    "*",
    "&",
    "\"",
    "\"\"\"",
    "'",
    "'\"'",
    "\\",
    "/*",
    "*/",
    "//",
    "/",
    "\n",
    "\r",
    " ",
    "\0",
    "\x1a",
    "é",
    "\\u007b",
    "\\u0022",
    "class",
    "interface",
    "enum",
    "record",
    "@interface",
    "module",
    "open",
    "package",
    "import",
    "static",
    "final",
    "default",
    "sealed",
    "non-sealed",
    "permits",
    "extends",
    "implements",
    "throws",
    "new",
    "this",
    "super",
    "switch",
    "case",
    "yield",
    "when",
    "if",
    "for",
    "int",
    "void",
    "var",
    "a",
    "A<B>",
    "1",
    "\"s\"",
    "= {1, 2}",
    "= x -> { }",
    "class B { int c; }",
    "record C(int d) { }",
    "enum E { F { } }",
    "new G() { int h; }",
    "int i, j[] = {}, k;",
    "void l() { }",
    "@Deprecated",
    "@M({1, \")\"})",
    "int n()[] { }",
    "<T> T o(T... p);",
];

/// One place where a text is damaged.
#[derive(Debug, Clone)]
enum Damage {
    Delete(Index, usize),
    Duplicate(Index, usize),
    Move(Index, usize, Index),
    Insert(Index, &'static str),
    Flip(Index, u8),
    Truncate(Index),
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn they_never_differ_on_damaged_java(
        file in any::<Index>(),
        damages in prop::collection::vec(damage(), 1..=DAMAGES_MAX),
    ) {
        let text = damages.iter().fold(file.get(sources()).clone(), |text, damage| damage.done_to(&text));
        let verdict = judge(&text);
        prop_assert!(!matches!(verdict, Verdict::Disagree(_)), "{verdict:?}\n{text}");
    }
}

/// The same cases in every run; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` search elsewhere and longer.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(0);
    }
    config
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    let tokens = 1..=SLICE_TOKENS_MAX;
    prop_oneof![
        1 => (at(), tokens.clone()).prop_map(|(from, tokens)| Damage::Delete(from, tokens)),
        1 => (at(), tokens.clone()).prop_map(|(from, tokens)| Damage::Duplicate(from, tokens)),
        1 => (at(), tokens, at()).prop_map(|(from, tokens, to)| Damage::Move(from, tokens, to)),
        4 => (at(), select(TOKENS)).prop_map(|(to, token)| Damage::Insert(to, token)),
        1 => (at(), any::<u8>()).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        1 => at().prop_map(Damage::Truncate),
    ]
}

impl Damage {
    fn done_to(&self, text: &str) -> String {
        let mut tokens = tokens(text);
        let place = |at: &Index| at.index(tokens.len() + 1);
        let slice = |from: &Index, count: usize| {
            let from = place(from);
            from..(from + count).min(tokens.len())
        };
        match self {
            Self::Delete(from, count) => drop(tokens.drain(slice(from, *count))),
            Self::Duplicate(from, count) => {
                let slice = slice(from, *count);
                let copy = tokens[slice.clone()].to_vec();
                tokens.splice(slice.end..slice.end, copy);
            }
            Self::Move(from, count, to) => {
                let moved: Vec<_> = tokens.drain(slice(from, *count)).collect();
                let to = to.index(tokens.len() + 1);
                tokens.splice(to..to, moved);
            }
            Self::Insert(to, token) => tokens.insert(place(to), token),
            Self::Truncate(at) => tokens.truncate(place(at)),
            Self::Flip(at, bits) => {
                let mut bytes = text.as_bytes().to_vec();
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] ^= bits;
                }
                return String::from_utf8_lossy(&bytes).into_owned();
            }
        }
        tokens.concat()
    }
}

/// The text in words, runs of white space, and single characters.
fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        _ if c.is_alphanumeric() || c == '_' => 'a',
        _ if c.is_whitespace() => ' ',
        _ => c,
    };
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = |c: char| class(c) == class(first) && matches!(class(c), 'a' | ' ');
        let end = rest.find(|c| !run(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (token, tail) = rest.split_at(end);
        tokens.push(token);
        rest = tail;
    }
    tokens
}

/// Files of whichever JDK is installed, and nasty Java.
fn sources() -> &'static [String] {
    static SOURCES: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    SOURCES.get_or_init(|| {
        let nasty = LEGAL.iter().copied().map(str::to_owned);
        let jdk = [25, 17].into_iter().find_map(Jdk::installed);
        let real = jdk.map(|jdk| jdk.map_sources(FILES_STEP, |_, text| text.to_owned()));
        let small = real.into_iter().flatten().filter(|text| text.len() <= FILE_BYTES_MAX);
        nasty.chain(small).collect()
    })
}
