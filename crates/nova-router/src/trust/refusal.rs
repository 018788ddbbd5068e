//! Why somebody is not taken: what the audit says of it, and how little a stranger hears.

use std::fmt;

use nova_rpc::tls::TlsFailure;

use super::fingerprint::Fingerprint;
use super::name::WorkerName;

/// Why somebody is not taken. As text it is what may be told to whom it concerns, who may be anybody;
/// [`Refusal::detail`] is for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There were as many at their handshakes already who come from there.
    TooManyAtOnce,
    /// No connection by TLS came about.
    Tls(TlsFailure),
    /// The handshakes took too long.
    TimedOut,
    /// It said nothing that a worker of this router says: this went wrong.
    NotGreeted(String),
    /// Neither a certificate nor a token was shown.
    NothingShown,
    /// The certificate cannot be read.
    MalformedCertificate(Fingerprint),
    /// The certificate is of no worker.
    UnknownCertificate(Fingerprint),
    /// The certificate has names of several workers.
    AmbiguousCertificate(Fingerprint),
    /// The certificate is of a worker, and has expired.
    CertificateExpired(WorkerName),
    /// The token is of no worker.
    UnknownToken,
    /// The token has expired.
    TokenExpired {
        /// Whose it is.
        worker: WorkerName,
        /// What the policy calls it.
        id: String,
    },
    /// The token was revoked.
    TokenRevoked {
        /// Whose it is.
        worker: WorkerName,
        /// What the policy calls it.
        id: String,
    },
    /// The worker was revoked.
    Revoked(WorkerName),
    /// The token is of another worker than the certificate.
    TwoWorkers {
        /// Whose the certificate is.
        certificate: WorkerName,
        /// Whose the token is.
        token: WorkerName,
    },
    /// The worker has a connection already.
    AlreadyConnected(WorkerName),
}

impl Refusal {
    /// Whom it is about, as far as that is known.
    pub fn worker(&self) -> Option<&WorkerName> {
        match self {
            Self::TooManyAtOnce
            | Self::Tls(_)
            | Self::TimedOut
            | Self::NotGreeted(_)
            | Self::NothingShown
            | Self::MalformedCertificate(_)
            | Self::UnknownCertificate(_)
            | Self::AmbiguousCertificate(_)
            | Self::UnknownToken => None,
            Self::CertificateExpired(worker)
            | Self::Revoked(worker)
            | Self::AlreadyConnected(worker)
            | Self::TokenExpired { worker, .. }
            | Self::TokenRevoked { worker, .. }
            | Self::TwoWorkers { certificate: worker, .. } => Some(worker),
        }
    }

    /// The whole reason, for the audit alone.
    pub fn detail(&self) -> String {
        match self {
            Self::TooManyAtOnce => "as many are at their handshakes from there already".to_owned(),
            Self::Tls(failure) => failure.to_string(),
            Self::TimedOut => "the handshake took too long".to_owned(),
            Self::NotGreeted(reason) => reason.clone(),
            Self::NothingShown => "neither a certificate nor a token was shown".to_owned(),
            Self::MalformedCertificate(it) => format!("the certificate cannot be read ({it})"),
            Self::UnknownCertificate(it) => format!("no worker has this certificate ({it})"),
            Self::AmbiguousCertificate(it) => {
                format!("the certificate has names of several workers ({it})")
            }
            Self::CertificateExpired(_) => "the certificate has expired".to_owned(),
            Self::UnknownToken => "no worker has this token".to_owned(),
            Self::TokenExpired { id, .. } => format!("token {id} has expired"),
            Self::TokenRevoked { id, .. } => format!("token {id} was revoked"),
            Self::Revoked(_) => "the worker was revoked".to_owned(),
            Self::TwoWorkers { token, .. } => {
                format!("the token is {token}'s, the certificate is not")
            }
            Self::AlreadyConnected(_) => "the worker is connected already".to_owned(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            // These tell nothing that whoever hears them does not know.
            Self::NothingShown => "a certificate or a token is needed",
            Self::AlreadyConnected(_) => "a worker of this identity is connected already",
            _ => "not a worker of this router; its audit tells why",
        })
    }
}

impl std::error::Error for Refusal {}
