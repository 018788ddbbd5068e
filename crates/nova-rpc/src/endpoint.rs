//! Where a router listens: a Unix socket, a named pipe on Windows, a port of a network.

use std::{
    ffi::{OsStr, OsString},
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use interprocess::local_socket::{GenericFilePath, GenericNamespaced, Name, ToFsName, ToNsName};
use nova_protocol::path;

use crate::tls::{TlsError, TlsFailure, describe};

/// The longest path of a socket, in bytes: what `sun_path` holds, less the zero at its end.
const SOCKET_PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The address of a router.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `unix:PATH`: a Unix socket.
    Unix(PathBuf),
    /// `pipe:NAME`: a named pipe of Windows.
    Pipe(String),
    /// `tcp:HOST:PORT`: in the clear.
    Tcp(Address),
    /// `tcp+tls:HOST:PORT`: both sides known by certificates.
    Tls(Address),
}

/// A port of a host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// A name or an IP address; an IPv6 address without brackets.
    pub host: String,
    /// Zero has the system choose one to listen at.
    pub port: u16,
}

/// Why there is no endpoint, or nobody at it.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// It is written in no form that this build knows.
    #[error(
        "expected an endpoint like unix:/run/user/1000/nova.sock, tcp+tls:big.example.org:7700, \
         tcp:localhost:7700 or pipe:nova, found `{0}`"
    )]
    Malformed(String),
    /// What is said there could be read by others.
    #[error(
        "{0} would carry source code in the clear beyond this machine: use tcp+tls:, or let both \
         sides say --allow-insecure"
    )]
    Insecure(Endpoint),
    /// There is nothing to know the peer by.
    #[error("{0} needs certificates: {1}")]
    NoCertificates(Endpoint, &'static str),
    /// The two did not come to terms.
    #[error("no TLS connection {with}: {text}")]
    Tls {
        /// With whom.
        with: String,
        /// Why not.
        failure: TlsFailure,
        /// The same for people, as far as it is known.
        text: String,
    },
    /// The files that certificates are in.
    #[error(transparent)]
    Certificates(#[from] TlsError),
    /// It belongs to another system.
    #[error("{endpoint} cannot be used on this system: {reason}")]
    UnsupportedHere {
        /// The endpoint.
        endpoint: Endpoint,
        /// What to use instead.
        reason: &'static str,
    },
    /// The system's limit on socket paths.
    #[error(
        "the socket path {} has {found} bytes and the system allows {max}; \
         use a shorter folder, for instance below $XDG_RUNTIME_DIR or /tmp",
        path.display()
    )]
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length.
        found: usize,
        /// The longest possible.
        max: usize,
    },
    /// Something is there already.
    #[error(
        "{0} is in use: another process listens there, or one that was killed left it behind; \
         connect to find out which, and delete it if nobody answers"
    )]
    InUse(Endpoint),
    /// Listening failed.
    #[error("cannot listen at {endpoint}: {source}")]
    Listen {
        /// Where.
        endpoint: Endpoint,
        /// Why.
        source: io::Error,
    },
    /// Connecting failed.
    #[error("cannot connect to {endpoint}: {source}")]
    Connect {
        /// Where.
        endpoint: Endpoint,
        /// Why.
        source: io::Error,
    },
}

impl Endpoint {
    /// Whether it is reached over a network, be it this machine's own.
    pub fn is_on_network(&self) -> bool {
        matches!(self, Endpoint::Tcp(_) | Endpoint::Tls(_))
    }

    /// The endpoint as a command line argument, whatever bytes its path has.
    pub fn to_os_string(&self) -> OsString {
        match self {
            Endpoint::Unix(path) => {
                let mut text = OsString::from("unix:");
                text.push(path);
                text
            }
            _ => self.to_string().into(),
        }
    }

    /// The name by which the system knows a socket or a pipe.
    pub(crate) fn name(&self) -> Result<Name<'_>, EndpointError> {
        let unsupported =
            |reason| EndpointError::UnsupportedHere { endpoint: self.clone(), reason };
        let named = match self {
            Endpoint::Unix(_) if cfg!(windows) => {
                return Err(unsupported("use pipe:NAME on Windows"));
            }
            Endpoint::Pipe(_) if !cfg!(windows) => {
                return Err(unsupported("named pipes are for Windows, use unix:PATH"));
            }
            Endpoint::Unix(path) => {
                check_length(path)?;
                path.as_os_str().to_fs_name::<GenericFilePath>()
            }
            Endpoint::Pipe(name) => name.as_str().to_ns_name::<GenericNamespaced>(),
            Endpoint::Tcp(_) | Endpoint::Tls(_) => {
                return Err(unsupported("it is a port of a network"));
            }
        };
        named.map_err(|_| EndpointError::Malformed(self.to_string()))
    }
}

impl EndpointError {
    /// No TLS connection, for what a stream said.
    pub(crate) fn tls(with: String, error: &io::Error) -> Self {
        Self::Tls { with, failure: TlsFailure::of(error), text: describe(error) }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let malformed = || EndpointError::Malformed(text.to_owned());
        let (scheme, rest) = text.split_once(':').ok_or_else(malformed)?;
        let is_scheme = !scheme.is_empty()
            && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'+');
        match scheme {
            _ if !is_scheme || rest.is_empty() || rest.contains('\0') => Err(malformed()),
            "unix" => Ok(Endpoint::Unix(rest.into())),
            "pipe" => Ok(Endpoint::Pipe(rest.into())),
            "tcp" => Address::read(rest).map(Endpoint::Tcp).ok_or_else(malformed),
            "tcp+tls" => Address::read(rest).map(Endpoint::Tls).ok_or_else(malformed),
            _ => Err(malformed()),
        }
    }
}

impl TryFrom<&OsStr> for Endpoint {
    type Error = EndpointError;

    /// Reads a command line argument, whatever bytes its path has.
    fn try_from(text: &OsStr) -> Result<Self, EndpointError> {
        if let Some(text) = text.to_str() {
            return text.parse();
        }
        match path::to_bytes(Path::new(text)).strip_prefix(b"unix:") {
            Some(path) if !path.contains(&0) => Ok(Endpoint::Unix(path::from_bytes(path))),
            _ => Err(EndpointError::Malformed(text.to_string_lossy().into_owned())),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Unix(path) => write!(f, "unix:{}", path.display()),
            Endpoint::Pipe(name) => write!(f, "pipe:{name}"),
            Endpoint::Tcp(address) => write!(f, "tcp:{address}"),
            Endpoint::Tls(address) => write!(f, "tcp+tls:{address}"),
        }
    }
}

impl Address {
    fn read(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if host.is_empty() || (inner.is_none() && host.contains(':')) {
            return None;
        }
        Some(Self { host: inner.unwrap_or(host).to_owned(), port: port.parse().ok()? })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

fn check_length(path: &Path) -> Result<(), EndpointError> {
    let found = path.as_os_str().len();
    if found > SOCKET_PATH_BYTES_MAX {
        let path = path.to_owned();
        return Err(EndpointError::PathTooLong { path, found, max: SOCKET_PATH_BYTES_MAX });
    }
    Ok(())
}
