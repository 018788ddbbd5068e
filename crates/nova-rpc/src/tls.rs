//! Who the two ends of a `tcp+tls:` connection are, by their certificates: rustls, TLS 1.3 unless 1.2 is asked for.
//!
//! Files are PEM. Both sides verify: a worker the router's certificate and its name, a router that of a
//! worker if it shows one. Whether a stranger whose certificate is good may come in is for the router to say.

mod failure;
mod version;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName,
        pem::{self, PemObject},
    },
    server::{VerifierBuilderError, WebPkiClientVerifier},
};

use crate::private::{self, PrivateFileError};

pub use failure::TlsFailure;
pub(crate) use failure::describe;
pub use version::{TlsVersion, UnknownTlsVersion};

/// Bytes of a file with a private key.
const KEY_BYTES_MAX: u64 = 64 << 10;

/// What a router shows of itself, and whose certificates it takes.
#[derive(Debug, Clone)]
pub struct ServerTls(pub(crate) Arc<ServerConfig>);

/// Whose certificates a worker takes, and what it shows of itself.
#[derive(Debug, Clone)]
pub struct ClientTls {
    pub(crate) config: Arc<ClientConfig>,
    /// The name that the router's certificate must have; that of the endpoint if none is said.
    pub(crate) name: Option<ServerName<'static>>,
}

/// A certificate chain and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, and those between it and the one that the peer trusts.
    pub certificate: PathBuf,
    /// Its private key; nobody else may be able to read it.
    pub key: PathBuf,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file says nothing.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: pem::Error,
    },
    /// There is no certificate in it.
    #[error("there is no certificate in {}", .0.display())]
    Empty(PathBuf),
    /// A key cannot be read, or somebody else may know it.
    #[error(transparent)]
    Key(#[from] PrivateFileError),
    /// A certificate and a key that cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
        /// Why not.
        source: rustls::Error,
    },
    /// Certificates that nothing can be verified by.
    #[error("cannot verify by {}: {source}", path.display())]
    NoAuthority {
        /// Their file.
        path: PathBuf,
        /// Why not.
        source: VerifierBuilderError,
    },
    /// It can be no name of a router.
    #[error("{0} is no name that a certificate could have")]
    BadName(String),
}

impl ServerTls {
    /// Reads a router's files. Who shows a certificate must have one that `client_ca` vouches for; who shows
    /// none is let through to say who it is otherwise.
    pub fn load(
        files: &CertificateFiles,
        client_ca: &Path,
        oldest: TlsVersion,
    ) -> Result<Self, TlsError> {
        let (certificates, key) = read_identity(files)?;
        let verifier = WebPkiClientVerifier::builder(Arc::new(read_authorities(client_ca)?))
            .allow_unauthenticated()
            .build()
            .map_err(|source| TlsError::NoAuthority { path: client_ca.to_owned(), source })?;
        let config = ServerConfig::builder_with_protocol_versions(oldest.and_newer())
            .with_client_cert_verifier(verifier)
            .with_single_cert(certificates, key);
        Ok(Self(Arc::new(config.map_err(unusable(files))?)))
    }
}

impl ClientTls {
    /// Reads a worker's files: the certificates that vouch for its router, and its own if it has one. `name`
    /// is what the router's certificate must be for, if that is not the endpoint's host.
    pub fn load(
        router_ca: &Path,
        own: Option<&CertificateFiles>,
        name: Option<&str>,
        oldest: TlsVersion,
    ) -> Result<Self, TlsError> {
        let builder = ClientConfig::builder_with_protocol_versions(oldest.and_newer())
            .with_root_certificates(read_authorities(router_ca)?);
        let config = match own {
            None => builder.with_no_client_auth(),
            Some(files) => {
                let (certificates, key) = read_identity(files)?;
                builder.with_client_auth_cert(certificates, key).map_err(unusable(files))?
            }
        };
        let name = name.map(server_name).transpose()?;
        Ok(Self { config: Arc::new(config), name })
    }
}

/// A name as certificates have it.
pub(crate) fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(name.to_owned()).map_err(|_| TlsError::BadName(name.to_owned()))
}

fn read_identity(
    files: &CertificateFiles,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let pem = private::read_private(&files.key, KEY_BYTES_MAX)?;
    let key = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|source| TlsError::Read { path: files.key.clone(), source })?;
    Ok((read_certificates(&files.certificate)?, key))
}

fn read_authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(path)? {
        roots
            .add(certificate)
            .map_err(|source| TlsError::Unusable { path: path.to_owned(), source })?;
    }
    Ok(roots)
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |source| TlsError::Read { path: path.to_owned(), source };
    let certificates = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(unreadable)?;
    if certificates.is_empty() {
        return Err(TlsError::Empty(path.to_owned()));
    }
    Ok(certificates)
}

fn unusable(files: &CertificateFiles) -> impl Fn(rustls::Error) -> TlsError + '_ {
    |source| TlsError::Unusable { path: files.certificate.clone(), source }
}
