//! What `workers.toml` says: which workers there are, what each is known by, and what it may see.
//!
//! ```toml
//! [[worker]]
//! name = "big"
//! fingerprint = "sha256:…"           # of its certificate; may be a list
//! san = "big.example.org"            # or a DNS name in its certificate
//! tokens = [{ id = "1f2e3d4c", hash = "blake3:…", expires = 2026-07-01T12:00:00Z }]
//! shards = ["core", "**/generated"]  # the source roots that it may see; all if this is left out
//! revoked = true                     # it is not taken, whatever it shows
//! ```

use std::collections::HashSet;
use std::fmt;

use serde::de::{SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, de};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use time::OffsetDateTime;
use toml::Spanned;

use super::fingerprint::Fingerprint;
use super::identity::{Certificate, Identity, KnownBy, Shown};
use super::moment::Moment;
use super::name::WorkerName;
use super::refusal::Refusal;
use super::scope::ShardScope;
use super::token_hash::TokenHash;

/// Bytes of the policy's file.
pub const POLICY_BYTES_MAX: u64 = 1 << 20;
/// Workers of one router.
const POLICY_WORKERS_MAX: usize = 1024;
/// Certificates of one worker.
const WORKER_FINGERPRINTS_MAX: usize = 16;
/// Tokens of one worker, those that have expired or were revoked included.
pub const WORKER_TOKENS_MAX: usize = 16;
/// Bytes of what the policy calls a token.
const TOKEN_ID_BYTES_MAX: usize = 64;

/// The workers that are known.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Policy {
    workers: Vec<Worker>,
}

/// A worker that is known.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// What it is called; no two have the same name.
    pub name: WorkerName,
    /// Its certificates.
    #[serde(default, rename = "fingerprint", deserialize_with = "one_or_many")]
    pub fingerprints: Vec<Fingerprint>,
    /// The DNS name in its certificate, where it is not known by a fingerprint.
    #[serde(default)]
    pub san: Option<String>,
    /// Its tokens.
    #[serde(default)]
    pub tokens: Vec<WorkerToken>,
    /// Which shards it may see.
    #[serde(default, rename = "shards")]
    pub scope: ShardScope,
    /// Whether it is not taken any more, whatever it shows.
    #[serde(default)]
    pub revoked: bool,
}

/// A worker's token, without its secret.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerToken {
    /// What to call it.
    pub id: String,
    /// What it is known by.
    pub hash: TokenHash,
    /// From when on it is not taken.
    pub expires: Moment,
    /// Whether it is not taken any more.
    #[serde(default)]
    pub revoked: bool,
}

/// Why a policy makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    worker: Vec<Spanned<Worker>>,
}

impl Policy {
    /// Reads what the file holds.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let at = |offset: usize| text[..offset].matches('\n').count() + 1;
        let document: Document = toml::from_str(text).map_err(|error| {
            let line = at(error.span().map_or(text.len(), |span| span.start));
            PolicyError { line, problem: error.message().to_owned() }
        })?;
        let mut known = Known::default();
        for worker in &document.worker {
            let problem = known.problem(worker.get_ref());
            if let Some(problem) = problem {
                return Err(PolicyError { line: at(worker.span().start), problem });
            }
        }
        Ok(Self { workers: document.worker.into_iter().map(Spanned::into_inner).collect() })
    }

    /// All workers, in the order of the file.
    pub fn workers(&self) -> &[Worker] {
        &self.workers
    }

    /// The worker of this name.
    pub fn worker(&self, name: &WorkerName) -> Option<&Worker> {
        self.workers.iter().find(|worker| worker.name == *name)
    }

    /// Who shows this. All that is shown must be good, and be of one worker.
    pub(super) fn judge(&self, shown: Shown, now: OffsetDateTime) -> Result<Identity, Refusal> {
        let by_certificate = shown.certificate.as_ref().map(|it| self.by_certificate(it, now));
        let by_token = shown.token.map(|it| self.by_token(it, now));
        let (worker, known_by) = match (by_certificate.transpose()?, by_token.transpose()?) {
            (None, None) => return Err(Refusal::NothingShown),
            (Some((certificate, _)), Some((token, _))) if certificate.name != token.name => {
                return Err(Refusal::TwoWorkers {
                    certificate: certificate.name.clone(),
                    token: token.name.clone(),
                });
            }
            (Some(known), _) | (None, Some(known)) => known,
        };
        if worker.revoked {
            return Err(Refusal::Revoked(worker.name.clone()));
        }
        Ok(Identity::new(worker.name.clone(), known_by, worker.scope.clone(), shown))
    }

    fn by_certificate(
        &self,
        certificate: &Certificate,
        now: OffsetDateTime,
    ) -> Result<(&Worker, KnownBy), Refusal> {
        let fingerprint = certificate.fingerprint;
        let pinned = self.workers.iter().find(|it| it.fingerprints.contains(&fingerprint));
        let (worker, known_by) = match pinned {
            Some(worker) => (worker, KnownBy::Fingerprint(fingerprint)),
            None => self.by_san(certificate)?,
        };
        if certificate.expires <= now {
            return Err(Refusal::CertificateExpired(worker.name.clone()));
        }
        Ok((worker, known_by))
    }

    fn by_san(&self, certificate: &Certificate) -> Result<(&Worker, KnownBy), Refusal> {
        let is_in = |san: &&str| certificate.names.iter().any(|it| it.eq_ignore_ascii_case(san));
        let mut named = self.workers.iter().filter_map(|worker| {
            let san = worker.san.as_deref().filter(is_in)?;
            Some((worker, KnownBy::San(san.to_owned())))
        });
        match (named.next(), named.next()) {
            (None, _) => Err(Refusal::UnknownCertificate(certificate.fingerprint)),
            (Some(known), None) => Ok(known),
            (Some(_), Some(_)) => Err(Refusal::AmbiguousCertificate(certificate.fingerprint)),
        }
    }

    /// Looks at all tokens, whichever it is, so that the time it takes tells nothing.
    fn by_token(
        &self,
        shown: TokenHash,
        now: OffsetDateTime,
    ) -> Result<(&Worker, KnownBy), Refusal> {
        let all = || {
            self.workers.iter().flat_map(|worker| worker.tokens.iter().map(move |it| (worker, it)))
        };
        let (mut found, mut position) = (Choice::from(0), 0_u32);
        for (at, (_, token)) in (0_u32..).zip(all()) {
            let is_it = token.hash.ct_eq(&shown);
            found |= is_it;
            position = u32::conditional_select(&position, &at, is_it);
        }
        let known = all().nth(position as usize).filter(|_| found.into());
        let (worker, token) = known.ok_or(Refusal::UnknownToken)?;
        let (name, id) = (|| worker.name.clone(), token.id.clone());
        if token.revoked {
            return Err(Refusal::TokenRevoked { worker: name(), id });
        }
        if token.expires.is_past(now) {
            return Err(Refusal::TokenExpired { worker: name(), id });
        }
        Ok((worker, KnownBy::Token(id)))
    }

    /// The workers that `new` does not take any more, and the tokens of the others that it does not.
    pub(super) fn revoked_by<'p>(
        &'p self,
        new: &'p Policy,
    ) -> impl Iterator<Item = (&'p WorkerName, Option<&'p str>)> {
        self.workers.iter().filter(|worker| !worker.revoked).flat_map(|old| {
            let new = new.worker(&old.name).filter(|worker| !worker.revoked);
            let is_gone = move |token: &&WorkerToken| {
                let still = |it: &&WorkerToken| it.hash == token.hash && !it.revoked;
                !token.revoked && new.is_some_and(|new| !new.tokens.iter().any(|it| still(&it)))
            };
            let tokens = old.tokens.iter().filter(is_gone).map(|token| Some(token.id.as_str()));
            let worker = new.is_none().then_some(None);
            worker.into_iter().chain(tokens).map(|token| (&old.name, token))
        })
    }
}

/// What the workers before were called and known by: none may be another's.
#[derive(Default)]
struct Known<'w> {
    names: HashSet<String>,
    fingerprints: HashSet<&'w Fingerprint>,
    sans: HashSet<String>,
    hashes: HashSet<String>,
}

impl<'w> Known<'w> {
    /// What is wrong with one more worker.
    fn problem(&mut self, worker: &'w Worker) -> Option<String> {
        let Worker { name, fingerprints, san, tokens, .. } = worker;
        if self.names.len() == POLICY_WORKERS_MAX {
            return Some(format!("more than {POLICY_WORKERS_MAX} workers"));
        }
        if !self.names.insert(name.key()) {
            return Some(format!("a second worker `{name}`"));
        }
        if fingerprints.len() > WORKER_FINGERPRINTS_MAX {
            return Some(format!("`{name}` has more than {WORKER_FINGERPRINTS_MAX} fingerprints"));
        }
        if tokens.len() > WORKER_TOKENS_MAX {
            return Some(format!("`{name}` has more than {WORKER_TOKENS_MAX} tokens"));
        }
        if fingerprints.is_empty() && san.is_none() && tokens.is_empty() && !worker.revoked {
            let advice = "give it a `fingerprint`, a `san` or `tokens`";
            return Some(format!("nothing tells who `{name}` is: {advice}"));
        }
        let is_new_fingerprint = |it| self.fingerprints.insert(it);
        if !fingerprints.iter().all(is_new_fingerprint) {
            return Some(format!("a fingerprint of `{name}` is in the file twice"));
        }
        if let Some(san) = san
            && (san.is_empty() || !self.sans.insert(san.to_ascii_lowercase()))
        {
            return Some(format!("the `san` of `{name}` is empty, or another worker's"));
        }
        let mut ids = HashSet::new();
        for token in tokens {
            if !is_token_id(&token.id) || !ids.insert(token.id.as_str()) {
                let advice = "each has one of its own, of letters, digits, `-` and `_`";
                return Some(format!("the `id` of a token of `{name}` is none: {advice}"));
            }
            if !self.hashes.insert(token.hash.to_string()) {
                return Some(format!("token `{}` of `{name}` is in the file twice", token.id));
            }
        }
        None
    }
}

fn is_token_id(id: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (1..=TOKEN_ID_BYTES_MAX).contains(&id.len()) && id.chars().all(is_allowed)
}

/// One text, or a list of them.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Fingerprint>, D::Error> {
    struct OneOrMany;

    impl<'de> Visitor<'de> for OneOrMany {
        type Value = Vec<Fingerprint>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a fingerprint or a list of them")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            text.parse().map(|fingerprint| vec![fingerprint]).map_err(E::custom)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(list))
        }
    }

    deserializer.deserialize_any(OneOrMany)
}

#[cfg(test)]
mod tests;
