//! The authority: makes itself, and certificates for the router and for workers.

use anyhow::{Context, bail};
use nova_router::trust::WorkerName;
use nova_rpc::private;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use time::OffsetDateTime;

use crate::cert::certificate::Certificate;
use crate::cert::folder::{PEM_BYTES_MAX, TrustFolder};
use crate::cert::host_name::HostName;
use crate::cert::{CA_VALIDITY, CERTIFICATE_VALIDITY, CLOCK_SKEW};
use nova_router::in_words::paths;

/// An authority that can sign.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    expires: OffsetDateTime,
}

/// Whom a certificate is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'s> {
    Router(&'s [HostName]),
    Worker(&'s WorkerName),
}

/// A certificate that was made, and its key.
pub(crate) struct Issued {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
    pub(crate) certificate: Certificate,
}

/// Makes a new authority, with a name that no other has: tools tell authorities by their names.
pub(crate) fn create() -> anyhow::Result<Issued> {
    let key = KeyPair::generate()?;
    let mut params = params(OffsetDateTime::now_utc() + CA_VALIDITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let identifier = params.key_identifier(&key);
    let number: String = identifier.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name.push(DnType::CommonName, format!("nova authority {number}"));
    Issued::new(&params.self_signed(&key)?, &key)
}

impl Authority {
    /// The newest authority of the folder, with its key.
    pub(crate) fn open(folder: &TrustFolder) -> anyhow::Result<Self> {
        let (path, key_path) = (folder.ca(), folder.ca_key());
        let Some(pem) = folder.read(&path)? else {
            bail!("there is no {}: `nova cert init` makes it", paths::shown(&path));
        };
        let key = private::read_private(&key_path, PEM_BYTES_MAX)?;
        let unusable = || format!("cannot use {}", paths::shown(&path));
        let certificate = Certificate::read(&pem).with_context(unusable)?;
        let pem = std::str::from_utf8(&pem).with_context(unusable)?;
        let key = std::str::from_utf8(&key).ok().and_then(|pem| KeyPair::from_pem(pem).ok());
        let key = key.with_context(|| format!("no private key in {}", paths::shown(&key_path)))?;
        if key.public_key_raw() != certificate.public_key {
            bail!(
                "{} is not the key of the first certificate in {}: put the right one there, or \
                 make a new authority with `nova cert renew ca`",
                paths::shown(&key_path),
                paths::shown(&path)
            );
        }
        let expires = certificate.expires.date_time();
        if certificate.expires.is_past(OffsetDateTime::now_utc()) {
            bail!("the authority has expired: `nova cert renew ca` makes a new one");
        }
        Ok(Self { issuer: Issuer::from_ca_cert_pem(pem, key).with_context(unusable)?, expires })
    }

    /// Makes a certificate, and a key for it that nobody had before.
    pub(crate) fn issue(&self, subject: Subject<'_>) -> anyhow::Result<Issued> {
        let key = KeyPair::generate()?;
        let mut params =
            params((OffsetDateTime::now_utc() + CERTIFICATE_VALIDITY).min(self.expires));
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let (common_name, purpose, names) = match subject {
            Subject::Router(names) => {
                let names = names.iter().map(alternative_name).collect::<Result<_, _>>()?;
                ("nova router", ExtendedKeyUsagePurpose::ServerAuth, names)
            }
            Subject::Worker(name) => {
                let dns = name.as_str().parse::<HostName>().ok();
                let dns = dns.filter(|name| matches!(name, HostName::Dns(_)));
                let names = dns.iter().map(alternative_name).collect::<Result<_, _>>()?;
                (name.as_str(), ExtendedKeyUsagePurpose::ClientAuth, names)
            }
        };
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.extended_key_usages = vec![purpose];
        params.subject_alt_names = names;
        Issued::new(&params.signed_by(&key, &self.issuer)?, &key)
    }
}

/// A certificate that is valid from now on, until then.
fn params(until: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = OffsetDateTime::now_utc() - CLOCK_SKEW;
    params.not_after = until;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
}

fn alternative_name(name: &HostName) -> Result<SanType, rcgen::Error> {
    Ok(match name {
        HostName::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
        HostName::Ip(address) => SanType::IpAddress(*address),
    })
}

impl Issued {
    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> anyhow::Result<Self> {
        let certificate_pem = certificate.pem();
        let certificate = Certificate::read(certificate_pem.as_bytes())?;
        Ok(Self { certificate_pem, key_pem: key.serialize_pem(), certificate })
    }
}
