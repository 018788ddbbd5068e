//! The versions of TLS.

use std::{fmt, str::FromStr};

use rustls::{ALL_VERSIONS, SupportedProtocolVersion, version::TLS13};

/// The oldest version of TLS that is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// For what stands between the two and does not know 1.3: certificates are shown in the clear.
    Tls12,
    /// Whoever listens on the way sees no more than that the two talk, and under which name.
    #[default]
    Tls13,
}

/// Neither `1.2` nor `1.3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1.2 or 1.3: older versions are not safe")]
pub struct UnknownTlsVersion;

impl TlsVersion {
    /// This version and those after it.
    pub(super) fn and_newer(self) -> &'static [&'static SupportedProtocolVersion] {
        static NEWEST: [&SupportedProtocolVersion; 1] = [&TLS13];
        match self {
            Self::Tls12 => ALL_VERSIONS,
            Self::Tls13 => &NEWEST,
        }
    }
}

impl FromStr for TlsVersion {
    type Err = UnknownTlsVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1.2" => Ok(Self::Tls12),
            "1.3" => Ok(Self::Tls13),
            _ => Err(UnknownTlsVersion),
        }
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        })
    }
}
