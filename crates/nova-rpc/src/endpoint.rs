//! Where a router listens: Unix sockets, and named pipes on Windows, by one library.

use std::{
    ffi::{OsStr, OsString},
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use interprocess::local_socket::{
    GenericFilePath, GenericNamespaced, ListenerOptions, Name, ToFsName, ToNsName, tokio as local,
    traits::tokio::{Listener as _, Stream as _},
};

use nova_protocol::path;

/// The longest path of a socket, in bytes: what `sun_path` holds, less the zero at its end.
const SOCKET_PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The address of a router.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `unix:PATH`: a Unix socket.
    Unix(PathBuf),
    /// `pipe:NAME`: a named pipe of Windows.
    Pipe(String),
}

/// Why there is no endpoint, or nobody at it.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// It is written in no form that this build knows.
    #[error("expected an endpoint like unix:/run/user/1000/nova.sock or pipe:nova, found `{0}`")]
    Malformed(String),
    /// The scheme is none of this build's.
    #[error("{scheme}: endpoints are not supported by this build, only unix: and pipe: are")]
    UnsupportedScheme {
        /// What stands before the colon.
        scheme: String,
    },
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

/// A connected stream of bytes.
pub type Stream = local::Stream;

/// Takes connections at an endpoint. Its socket file goes when it is dropped.
#[derive(Debug)]
pub struct Listener {
    inner: local::Listener,
    endpoint: Endpoint,
}

impl Listener {
    /// Listens at an endpoint, for the same user only: the socket's mode is 0600. The caller keeps its
    /// folder at 0700, and deletes a socket that nobody listens at any more.
    pub fn bind(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        let inner = create_listener(endpoint.name()?).map_err(|source| {
            let endpoint = endpoint.clone();
            match source.kind() {
                io::ErrorKind::AddrInUse => EndpointError::InUse(endpoint),
                _ => EndpointError::Listen { endpoint, source },
            }
        })?;
        Ok(Listener { inner, endpoint: endpoint.clone() })
    }

    /// The next connection. An error may pass (too many open files, for one): whoever loops over this
    /// waits a moment after it.
    pub async fn accept(&self) -> Result<Stream, EndpointError> {
        self.inner
            .accept()
            .await
            .map_err(|source| EndpointError::Listen { endpoint: self.endpoint.clone(), source })
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// Connects to a listener.
pub async fn connect(endpoint: &Endpoint) -> Result<Stream, EndpointError> {
    Stream::connect(endpoint.name()?)
        .await
        .map_err(|source| EndpointError::Connect { endpoint: endpoint.clone(), source })
}

impl Endpoint {
    /// The endpoint as a command line argument, whatever bytes its path has.
    pub fn to_os_string(&self) -> OsString {
        match self {
            Endpoint::Unix(path) => {
                let mut text = OsString::from("unix:");
                text.push(path);
                text
            }
            Endpoint::Pipe(name) => format!("pipe:{name}").into(),
        }
    }

    /// The name by which the system knows it.
    fn name(&self) -> Result<Name<'_>, EndpointError> {
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
        };
        named.map_err(|_| EndpointError::Malformed(self.to_string()))
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
            scheme => Err(EndpointError::UnsupportedScheme { scheme: scheme.to_owned() }),
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
        }
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

#[cfg(unix)]
fn create_listener(name: Name<'_>) -> io::Result<local::Listener> {
    use interprocess::os::unix::local_socket::ListenerOptionsExt;

    // Where the system cannot set a socket's mode before it is bound, the folder's 0700 stands alone.
    match ListenerOptions::new().name(name.borrow()).mode(0o600).create_tokio() {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            ListenerOptions::new().name(name).create_tokio()
        }
        result => result,
    }
}

#[cfg(not(unix))]
fn create_listener(name: Name<'_>) -> io::Result<local::Listener> {
    ListenerOptions::new().name(name).create_tokio()
}
