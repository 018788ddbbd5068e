//! Connects to an endpoint.

use std::io;

use interprocess::local_socket::{tokio as local, traits::tokio::Stream as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{
    endpoint::{Address, Endpoint, EndpointError},
    listener::prepare,
    tls::{ClientTls, server_name},
};

/// A connected stream of bytes, whatever carries them.
pub type Stream = Box<dyn Duplex>;

/// What a stream can do.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// What keeps a connection over a network from strangers.
#[derive(Debug, Clone, Default)]
pub struct ClientSecurity {
    /// What `tcp+tls:` needs.
    pub tls: Option<ClientTls>,
    /// Let `tcp:` leave the machine.
    pub allow_insecure: bool,
}

/// Connects to a socket or a pipe.
pub async fn connect(endpoint: &Endpoint) -> Result<Stream, EndpointError> {
    connect_securely(endpoint, &ClientSecurity::default()).await
}

/// Connects to any endpoint.
pub async fn connect_securely(
    endpoint: &Endpoint,
    security: &ClientSecurity,
) -> Result<Stream, EndpointError> {
    let failed = |source| EndpointError::Connect { endpoint: endpoint.clone(), source };
    match endpoint {
        Endpoint::Unix(_) | Endpoint::Pipe(_) => {
            Ok(Box::new(local::Stream::connect(endpoint.name()?).await.map_err(failed)?))
        }
        Endpoint::Tcp(address) => {
            let stream = connect_port(address).await.map_err(failed)?;
            let is_here = stream.peer_addr().map_err(failed)?.ip().is_loopback();
            if !is_here && !security.allow_insecure {
                return Err(EndpointError::Insecure(endpoint.clone()));
            }
            Ok(Box::new(stream))
        }
        Endpoint::Tls(address) => {
            let Some(tls) = &security.tls else {
                let hint = "say by --tls-ca-cert which authority vouches for the router";
                return Err(EndpointError::NoCertificates(endpoint.clone(), hint));
            };
            let name = tls.name.clone().map_or_else(|| server_name(&address.host), Ok)?;
            let stream = connect_port(address).await.map_err(failed)?;
            let stream = TlsConnector::from(tls.config.clone()).connect(name, stream).await;
            let stream =
                stream.map_err(|error| EndpointError::tls(format!("to {endpoint}"), &error))?;
            Ok(Box::new(stream))
        }
    }
}

async fn connect_port(address: &Address) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
    prepare(&stream);
    Ok(stream)
}
