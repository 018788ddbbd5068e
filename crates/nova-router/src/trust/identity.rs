//! What somebody shows, and who that is by the policy.

use std::fmt;

use nova_protocol::Token;
use time::OffsetDateTime;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use super::fingerprint::Fingerprint;
use super::name::WorkerName;
use super::refusal::Refusal;
use super::scope::ShardScope;
use super::token_hash::TokenHash;

/// A worker that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Identity {
    name: WorkerName,
    known_by: KnownBy,
    scope: ShardScope,
    shown: Shown,
}

/// What a worker was known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownBy {
    /// Its certificate itself.
    Fingerprint(Fingerprint),
    /// A name in its certificate.
    San(String),
    /// A token, by what the policy calls it.
    Token(String),
}

impl Identity {
    pub(super) fn new(
        name: WorkerName,
        known_by: KnownBy,
        scope: ShardScope,
        shown: Shown,
    ) -> Self {
        Self { name, known_by, scope, shown }
    }

    /// What the policy calls it.
    pub fn name(&self) -> &WorkerName {
        &self.name
    }

    /// How it was known.
    pub fn known_by(&self) -> &KnownBy {
        &self.known_by
    }

    /// Which shards it may see.
    pub fn scope(&self) -> &ShardScope {
        &self.scope
    }

    pub(super) fn shown(&self) -> &Shown {
        &self.shown
    }
}

impl fmt::Display for KnownBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fingerprint(fingerprint) => write!(f, "certificate {fingerprint}"),
            Self::San(name) => write!(f, "certificate for {name}"),
            Self::Token(id) => write!(f, "token {id}"),
        }
    }
}

/// What somebody shows, as far as the policy can know it. There is no secret in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) certificate: Option<Certificate>,
    pub(super) token: Option<TokenHash>,
}

/// What counts of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) fingerprint: Fingerprint,
    /// The DNS names in it.
    pub(super) names: Vec<String>,
    pub(super) expires: OffsetDateTime,
}

impl Shown {
    pub(super) fn new(certificate: Option<&[u8]>, token: Option<&Token>) -> Result<Self, Refusal> {
        let certificate = certificate.map(Certificate::read).transpose()?;
        Ok(Self { certificate, token: token.map(TokenHash::of) })
    }
}

impl Certificate {
    fn read(der: &[u8]) -> Result<Self, Refusal> {
        let fingerprint = Fingerprint::of(der);
        let malformed = || Refusal::MalformedCertificate(fingerprint);
        let (rest, parsed) = parse_x509_certificate(der).map_err(|_| malformed())?;
        if !rest.is_empty() {
            return Err(malformed());
        }
        let names = parsed.subject_alternative_name().map_err(|_| malformed())?;
        let names = names.into_iter().flat_map(|names| &names.value.general_names);
        let dns_name = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        };
        let expires = parsed.validity().not_after.to_datetime();
        Ok(Self { fingerprint, names: names.filter_map(dns_name).collect(), expires })
    }
}
