//! Takes connections at an endpoint.

use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use interprocess::local_socket::{
    ListenerOptions, Name, tokio as local, traits::tokio::Listener as _,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::{
    endpoint::{Address, Endpoint, EndpointError},
    stream::Stream,
    tls::ServerTls,
};

/// What keeps strangers on a network from what is said at an endpoint.
#[derive(Debug, Clone, Default)]
pub struct ServerSecurity {
    /// What `tcp+tls:` needs.
    pub tls: Option<ServerTls>,
    /// Let `tcp:` leave the machine.
    pub allow_insecure: bool,
}

/// Takes connections at an endpoint. Its socket file goes when it is dropped.
#[derive(Debug)]
pub struct Listener {
    inner: Inner,
    endpoint: Endpoint,
}

#[derive(Debug)]
enum Inner {
    Local(local::Listener),
    Tcp(TcpListener),
    Tls(TcpListener, Mutex<ServerTls>),
}

/// Somebody at the other end of a connection, of whom nothing more is known.
#[derive(Debug)]
pub struct Visitor(Connected);

#[derive(Debug)]
enum Connected {
    Local(local::Stream),
    Tcp(TcpStream, SocketAddr),
    Tls(TcpStream, SocketAddr, ServerTls),
}

/// What is known of a peer before it has said anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// Where it is; nothing for one on this machine's sockets and pipes.
    pub address: Option<SocketAddr>,
    /// The certificate that it showed, verified, in DER.
    pub certificate: Option<Vec<u8>>,
}

impl Listener {
    /// Listens at a socket or a pipe, for the same user only: the socket's mode is 0600. The caller keeps its
    /// folder at 0700, and deletes a socket that nobody listens at any more.
    pub fn bind(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        Self::bind_securely(endpoint, &ServerSecurity::default())
    }

    /// Listens at any endpoint.
    pub fn bind_securely(
        endpoint: &Endpoint,
        security: &ServerSecurity,
    ) -> Result<Self, EndpointError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse if !endpoint.is_on_network() => {
                EndpointError::InUse(endpoint.clone())
            }
            _ => EndpointError::Listen { endpoint: endpoint.clone(), source },
        };
        match endpoint {
            Endpoint::Unix(_) | Endpoint::Pipe(_) => {
                let inner = Inner::Local(create_listener(endpoint.name()?).map_err(failed)?);
                Ok(Self { inner, endpoint: endpoint.clone() })
            }
            Endpoint::Tcp(address) => {
                let (listener, bound) = bind_port(address).map_err(failed)?;
                if !bound.ip().is_loopback() && !security.allow_insecure {
                    return Err(EndpointError::Insecure(endpoint.clone()));
                }
                let endpoint = Endpoint::Tcp(Address { port: bound.port(), ..address.clone() });
                Ok(Self { inner: Inner::Tcp(listener), endpoint })
            }
            Endpoint::Tls(address) => {
                let Some(tls) = security.tls.clone() else {
                    let hint = "make some by `nova cert init`";
                    return Err(EndpointError::NoCertificates(endpoint.clone(), hint));
                };
                let (listener, bound) = bind_port(address).map_err(failed)?;
                let endpoint = Endpoint::Tls(Address { port: bound.port(), ..address.clone() });
                Ok(Self { inner: Inner::Tls(listener, Mutex::new(tls)), endpoint })
            }
        }
    }

    /// The next connection. An error may pass (too many open files, for one): whoever loops over this
    /// waits a moment after it.
    pub async fn accept(&self) -> Result<Visitor, EndpointError> {
        let visitor = match &self.inner {
            Inner::Local(listener) => listener.accept().await.map(Connected::Local),
            Inner::Tcp(listener) => {
                listener.accept().await.map(|(stream, from)| Connected::Tcp(stream, from))
            }
            Inner::Tls(listener, tls) => listener.accept().await.map(|(stream, from)| {
                let tls = tls.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Connected::Tls(stream, from, tls)
            }),
        };
        visitor
            .map(Visitor)
            .map_err(|source| EndpointError::Listen { endpoint: self.endpoint.clone(), source })
    }

    /// Has those who come from now on see other certificates.
    pub fn renew(&self, tls: ServerTls) {
        if let Inner::Tls(_, current) = &self.inner {
            *current.lock().unwrap_or_else(PoisonError::into_inner) = tls;
        }
    }

    /// Where it listens; of a port that the system was to choose, the one that it chose.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl Visitor {
    /// Where it is; nothing for one on this machine's sockets and pipes.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.0 {
            Connected::Local(_) => None,
            Connected::Tcp(_, address) | Connected::Tls(_, address, _) => Some(*address),
        }
    }

    /// Where it comes from, for people.
    pub fn from(&self) -> String {
        self.address().map_or_else(|| "somebody here".to_owned(), |address| address.to_string())
    }

    /// Comes to terms with it, as far as the endpoint asks for that. It may take its time: whoever waits does
    /// so within a bound.
    pub async fn open(self) -> Result<(Stream, Peer), EndpointError> {
        let address = self.address();
        match self.0 {
            Connected::Local(stream) => Ok((Box::new(stream), Peer::default())),
            Connected::Tcp(stream, _) => {
                prepare(&stream);
                Ok((Box::new(stream), Peer { address, certificate: None }))
            }
            Connected::Tls(stream, from, tls) => {
                prepare(&stream);
                let stream = TlsAcceptor::from(tls.0).accept(stream).await;
                let stream =
                    stream.map_err(|error| EndpointError::tls(format!("with {from}"), &error))?;
                let shown = stream.get_ref().1.peer_certificates();
                let certificate = shown.and_then(|chain| chain.first()).map(|it| it.to_vec());
                Ok((Box::new(stream), Peer { address, certificate }))
            }
        }
    }
}

/// Sends what is written at once: an answer is not to wait for the next one.
pub(crate) fn prepare(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("small messages may be late: {error}");
    }
}

fn bind_port(address: &Address) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind((address.host.as_str(), address.port))?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    Ok((TcpListener::from_std(listener)?, bound))
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
