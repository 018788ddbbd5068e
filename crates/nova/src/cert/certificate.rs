//! What is told of a certificate or a token: what it is known by, when it ends, how it is.

use std::net::IpAddr;

use anyhow::{Context, anyhow};
use nova_router::trust::{Fingerprint, Moment};
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;

use crate::cert::EXPIRES_SOON;

/// What is told of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) expires: Moment,
    /// The DNS names and addresses that it is for.
    pub(crate) names: Vec<String>,
    pub(crate) public_key: Vec<u8>,
}

/// How something is that is valid for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Revoked,
    Expired,
    ExpiresSoon,
    Valid,
}

impl Certificate {
    /// The certificates of a PEM file, in its order.
    pub(crate) fn read_all(pem: &[u8]) -> anyhow::Result<Vec<Self>> {
        let blocks = Pem::iter_from_buffer(pem).collect::<Result<Vec<_>, _>>();
        let blocks = blocks.context("not a PEM file")?;
        blocks.iter().filter(|block| block.label == "CERTIFICATE").map(Self::of_block).collect()
    }

    /// The first certificate of a PEM file.
    pub(crate) fn read(pem: &[u8]) -> anyhow::Result<Self> {
        Self::read_all(pem)?.into_iter().next().context("there is no certificate in it")
    }

    fn of_block(block: &Pem) -> anyhow::Result<Self> {
        let parsed = block.parse_x509().map_err(|error| anyhow!("no certificate: {error}"))?;
        Ok(Self {
            fingerprint: Fingerprint::of(&block.contents),
            expires: parsed.validity().not_after.to_datetime().into(),
            names: names(&parsed)?,
            public_key: parsed.public_key().subject_public_key.data.to_vec(),
        })
    }
}

/// The certificates of a PEM file as they are written, without what stands between them.
pub(crate) fn blocks(pem: &str) -> impl Iterator<Item = &str> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let whole = pem.split_inclusive(END).filter(|part| part.ends_with(END));
    whole.filter_map(|part| Some(&part[part.find(BEGIN)?..]))
}

fn names(certificate: &X509Certificate<'_>) -> anyhow::Result<Vec<String>> {
    let names = certificate.subject_alternative_name()?;
    let names = names.into_iter().flat_map(|names| &names.value.general_names);
    let shown = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from))
                .ok()
                .map(|it| it.to_string())
        }
        _ => None,
    };
    Ok(names.filter_map(shown).collect())
}

impl State {
    /// That of what ends then, unless it was revoked.
    pub(crate) fn of(expires: Moment, is_revoked: bool, now: OffsetDateTime) -> Self {
        if is_revoked {
            Self::Revoked
        } else if expires.is_past(now) {
            Self::Expired
        } else if expires.is_past(now + EXPIRES_SOON) {
            Self::ExpiresSoon
        } else {
            Self::Valid
        }
    }

    /// For people.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::ExpiresSoon => "expires soon",
            Self::Valid => "valid",
        }
    }

    /// For programs.
    pub(crate) fn as_data(self) -> &'static str {
        match self {
            Self::ExpiresSoon => "expires-soon",
            other => other.shown(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    #[test]
    fn what_ends_within_a_month_expires_soon_and_what_was_revoked_stays_so() {
        let now = OffsetDateTime::now_utc();
        let state =
            |days, is_revoked| State::of((now + Duration::days(days)).into(), is_revoked, now);
        assert_eq!(state(31, false), State::Valid);
        assert_eq!(state(29, false), State::ExpiresSoon);
        assert_eq!(state(0, false), State::Expired);
        assert_eq!(state(31, true), State::Revoked);
        assert_eq!(state(-1, true), State::Revoked);
    }

    #[test]
    fn what_is_no_certificate_is_told() {
        for pem in
            ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
        {
            assert!(Certificate::read(pem.as_bytes()).is_err(), "{pem}");
        }
    }
}
