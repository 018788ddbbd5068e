//! Why two ends do not come to terms by TLS, told apart as far as one of them can.

use std::{fmt, io};

use rustls::{AlertDescription, CertificateError, Error};

/// Why no TLS connection came about, as one end sees it. None has room for anything that the peer sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFailure {
    /// What the peer sends is no TLS.
    NotTls,
    /// The peer speaks no version, or no cipher, that is allowed here.
    NothingInCommon,
    /// No authority that is trusted here signed the peer's certificate.
    ForeignAuthority,
    /// The peer's certificate has expired.
    Expired,
    /// The peer's certificate is not valid yet.
    NotValidYet,
    /// The peer's certificate is for another name.
    OtherName,
    /// The peer's certificate cannot be used for another reason.
    BadCertificate,
    /// The peer has found that this side's certificate has expired.
    ExpiredHere,
    /// The peer would not go on.
    RefusedByPeer,
    /// The peer broke off.
    HungUp,
    /// What the peer sent does not fit what went before: it was changed on its way, or is sent again.
    Broken,
}

impl TlsFailure {
    pub(crate) fn of(error: &io::Error) -> Self {
        let source = error.get_ref().and_then(|source| source.downcast_ref::<Error>());
        match source {
            Some(Error::InvalidCertificate(error)) => Self::of_certificate(error),
            Some(Error::InvalidMessage(_)) => Self::NotTls,
            Some(Error::PeerIncompatible(_)) => Self::NothingInCommon,
            Some(Error::AlertReceived(AlertDescription::CertificateExpired)) => Self::ExpiredHere,
            Some(Error::AlertReceived(AlertDescription::ProtocolVersion)) => Self::NothingInCommon,
            Some(Error::AlertReceived(_)) => Self::RefusedByPeer,
            Some(_) => Self::Broken,
            None => Self::HungUp,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotValidYet
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherName
            }
            // That the signature does not fit is what is found if two authorities have one name.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Self::ForeignAuthority
            }
            _ => Self::BadCertificate,
        }
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotTls => "the peer does not speak TLS",
            Self::NothingInCommon => {
                "the two have no version of TLS, or no cipher, in common; see --tls-min-version"
            }
            Self::ForeignAuthority => {
                "the peer's certificate is not signed by the authority that is trusted here"
            }
            Self::Expired => "the peer's certificate has expired; renew it (nova cert renew)",
            Self::NotValidYet => "the peer's certificate is not valid yet; is the clock right?",
            Self::OtherName => {
                "the router's certificate is for another name; say which by --tls-domain"
            }
            Self::BadCertificate => "the peer's certificate cannot be used",
            Self::ExpiredHere => {
                "the certificate of this side has expired; renew it (nova cert renew)"
            }
            Self::RefusedByPeer => "the peer would not go on",
            Self::HungUp => "the peer broke off",
            Self::Broken => "what the peer sent does not fit what went before",
        })
    }
}

/// What went wrong when two tried to come to terms, for people.
pub(crate) fn describe(error: &io::Error) -> String {
    match error.get_ref().is_some_and(|source| source.is::<Error>()) {
        true => format!("{} ({error})", TlsFailure::of(error)),
        false
            if matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
            ) =>
        {
            format!("{}; does it speak TLS? ({error})", TlsFailure::HungUp)
        }
        false => error.to_string(),
    }
}
