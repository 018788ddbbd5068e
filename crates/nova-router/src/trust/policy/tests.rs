//! What the file may say, and what is told of it when it may not.

use super::*;
use crate::trust::token_hash::new_token;

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const HASH: &str = "blake3:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

#[test]
fn everything_that_a_worker_may_have_is_read() {
    let policy = Policy::parse(&format!(
        "# mine\n[[worker]]\nname = 'big'\nfingerprint = ['{A}', '{B}']\nshards = ['core/**']\n\n\
         [[worker]]\nname = \"other\"\nsan = 'o.example.org'\nrevoked = true\n\n\
         [[worker]]\nname = 'third'\nfingerprint = '{}'\n\
         tokens = [{{ id = 'x', hash = '{HASH}', expires = 2026-07-01T12:00:00+02:00 }}]\n",
        Fingerprint::of(b"third")
    ))
    .unwrap();
    let [big, other, third] = policy.workers() else { panic!("{policy:?}") };
    assert_eq!(big.fingerprints, [A.parse().unwrap(), B.parse().unwrap()]);
    assert_eq!(big.scope.patterns(), Some(&["core/**".to_owned()][..]));
    assert_eq!((other.san.as_deref(), other.revoked), (Some("o.example.org"), true));
    assert_eq!(other.scope, ShardScope::ALL);
    assert_eq!(third.fingerprints, [Fingerprint::of(b"third")]);
    assert_eq!(third.tokens[0].expires.to_string(), "2026-07-01T10:00:00Z");
    assert_eq!(policy.worker(&"BIG".parse().unwrap()), Some(big));
    assert_eq!(Policy::parse("").unwrap(), Policy::default());
}

/// Text → the line and a word of what is wrong.
#[track_caller]
fn check(text: &str, line: usize, word: &str) {
    let error = Policy::parse(text).unwrap_err();
    assert!(error.line == line && error.problem.contains(word), "{error}\n{text}");
}

#[test]
fn what_makes_no_sense_is_told_with_its_line() {
    check("[[worker]]\nname = 'a'\nfingerprints = []\n", 3, "fingerprints");
    check("[[worker]\n", 1, "");
    check("worker = 1\n", 1, "");
    check("[[worker]]\nname = '../a'\n", 2, "letters");
    check("[[worker]]\nsan = 'a'\n", 1, "name");
    check("\n[[worker]]\nname = 'a'\nfingerprint = 'sha1:00'\n", 4, "sha256:");
    check("[[worker]]\nname = 'a'\nfingerprint = 1\n", 3, "fingerprint");
    check("[[worker]]\nname = 'a'\nsan = 'b'\nshards = ['a[']\n", 4, "a[");
    check("[[worker]]\nname = 'a'\n", 1, "nothing tells who `a` is");
    check("[[worker]]\nname = 'a'\nsan = ''\n", 1, "`san` of `a`");
    let two = |first: &str, second: &str| {
        format!("[[worker]]\nname = 'a'\n{first}\n[[worker]]\nname = 'b'\n{second}\n")
    };
    check(&two("san = 'x'", "san = 'X'"), 4, "`san` of `b`");
    check(&two(&format!("fingerprint = '{A}'"), &format!("fingerprint = '{A}'")), 4, "twice");
    check("[[worker]]\nname = 'a'\nsan = 'x'\n[[worker]]\nname = 'A'\nsan = 'y'\n", 4, "second");
    let token = |id: &str, expires: &str| {
        format!("tokens = [{{ id = '{id}', hash = '{HASH}', expires = {expires} }}]")
    };
    let noon = "2026-07-01T12:00:00Z";
    check(&two(&token("x", noon), &token("y", noon)), 4, "token `y` of `b`");
    check(&two(&token("a b", noon), ""), 1, "`id`");
    check(&two(&token("x", "2026-07-01"), ""), 3, "offset");
    check(&two(&token("x", "2026-07-01T12:00:00"), ""), 3, "offset");
    check(&two(&token("x", "'2026-07-01T12:00:00Z'"), ""), 3, "");
}

#[test]
fn more_than_the_bounds_is_refused() {
    let worker = |name: usize| format!("[[worker]]\nname = '{name}'\nsan = '{name}'\n");
    let workers: String = (0..=POLICY_WORKERS_MAX).map(worker).collect();
    check(&workers, 3 * POLICY_WORKERS_MAX + 1, "1024 workers");
    let fingerprint = |it: usize| format!("'{}',", Fingerprint::of(it.to_string().as_bytes()));
    let many: String = (0..=WORKER_FINGERPRINTS_MAX).map(fingerprint).collect();
    check(&format!("[[worker]]\nname = 'a'\nfingerprint = [{many}]\n"), 1, "16 fingerprints");
    let token = |it: usize| {
        let hash = TokenHash::of(&new_token());
        format!("{{ id = '{it}', hash = '{hash}', expires = 2026-07-01T12:00:00Z }},")
    };
    let many: String = (0..=WORKER_TOKENS_MAX).map(token).collect();
    check(&format!("[[worker]]\nname = 'a'\ntokens = [{many}]\n"), 1, "16 tokens");
}

#[test]
fn of_many_tokens_each_is_its_workers() {
    let tokens: Vec<_> = (0..40).map(|_| new_token()).collect();
    let text: String = (0..)
        .zip(tokens.chunks(4))
        .map(|(number, of_worker)| {
            let list: String = of_worker
                .iter()
                .map(TokenHash::of)
                .map(|hash| {
                    let id = hash.short();
                    format!("{{ id = '{id}', hash = '{hash}', expires = 2999-01-01T00:00:00Z }},")
                })
                .collect();
            format!("[[worker]]\nname = 'w{number}'\ntokens = [{list}]\n")
        })
        .collect();
    let policy = Policy::parse(&text).unwrap();
    let judge = |token| {
        let shown = Shown::new(None, Some(token)).unwrap();
        policy.judge(shown, OffsetDateTime::UNIX_EPOCH)
    };
    for (at, token) in tokens.iter().enumerate() {
        let identity = judge(token).unwrap();
        assert_eq!(identity.name().as_str(), format!("w{}", at / 4));
        assert_eq!(*identity.known_by(), KnownBy::Token(TokenHash::of(token).short()));
    }
    assert_eq!(judge(&new_token()), Err(Refusal::UnknownToken));
    let nobody = Policy::default();
    let shown = Shown::new(None, Some(&tokens[0])).unwrap();
    assert_eq!(nobody.judge(shown, OffsetDateTime::UNIX_EPOCH), Err(Refusal::UnknownToken));
}
