//! The handshake over a stream, from both ends, in bounded time.
//!
//! Which frames there are and what they mean is in [`nova_protocol::handshake`]. Reading is exact: no
//! byte after the handshake is taken from the stream.

use std::{io, time::Duration};

use bytes::Bytes;
use nova_protocol::{
    Token,
    frontend::FrontendDialogue,
    handshake::{
        HEADER_BYTES, HandshakeFrame, HandshakeFrameError, Header, Hello, Nonce, ProtocolVersion,
        Ready, Reject, RejectCode, Role, VersionRange, Welcome,
    },
    limits::{HANDSHAKE_TIMEOUT, KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT, Limits, UnusableLimits},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use crate::{
    caller::Caller,
    connection::{Keepalive, Link},
    incoming::Incoming,
    pace::Pace,
    tls::describe,
};

/// What a router asks of those who connect at one endpoint, and offers them.
#[derive(Debug, Clone)]
pub struct AcceptPolicy {
    /// What they must want to be. Where frontends are taken, whoever asks the router to end is heard, too.
    pub role: Role,
    /// The secret to show; without one, everybody may connect.
    pub token: Option<Token>,
    /// The versions that this side speaks.
    pub versions: VersionRange,
    /// What this side takes.
    pub limits: Limits,
    /// The version of this program, for people.
    pub product_version: String,
    /// After how much silence each side pings.
    pub keepalive_interval: Duration,
    /// After how much silence each side gives the other up.
    pub keepalive_timeout: Duration,
    /// How long the whole handshake may take.
    pub handshake_timeout: Duration,
    /// Whether a peer is held to a pace: one that sends faster is read later, and one that floods is cut off.
    pub is_paced: bool,
}

/// How a router takes one peer.
#[derive(Debug, Clone)]
pub struct Admission {
    /// The peer's number.
    pub number: u32,
    /// How a worker can prove that it shares the disk; without one it counts as remote.
    pub challenge: Option<Challenge>,
}

/// A file and what it holds.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// The file's absolute path, which the router wrote before.
    pub path: Bytes,
    /// Its content.
    pub nonce: Nonce,
}

/// A peer that was taken.
#[derive(Debug)]
pub struct Accepted<S> {
    /// What it said of itself.
    pub hello: Hello,
    /// Whether it has read back the nonce, and so shares the disk.
    pub local: bool,
    /// The version that both speak.
    pub version: ProtocolVersion,
    link: Link<S>,
}

/// A router that took this side.
#[derive(Debug)]
pub struct Joined<S> {
    /// What the router said.
    pub welcome: Welcome,
    link: Link<S>,
}

/// Why a handshake failed.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The peer took too long.
    #[error("the handshake took longer than {0:?}")]
    TimedOut(Duration),
    /// The peer closed the stream.
    #[error("the peer hung up during the handshake")]
    HungUp,
    /// The stream failed.
    #[error("the stream failed during the handshake: {}", describe(.0))]
    Io(io::Error),
    /// What came is no handshake frame.
    #[error("the peer sent no proper handshake: {0}")]
    Malformed(HandshakeFrameError),
    /// A frame came that has no place here.
    #[error("the peer sent a {found} where a {expected} was expected")]
    Unexpected {
        /// What should have come.
        expected: &'static str,
        /// What came.
        found: &'static str,
    },
    /// What this side wanted to say is over a bound.
    #[error("cannot send the handshake: {0}")]
    Unsendable(HandshakeFrameError),
    /// The router chose a version that it was not offered.
    #[error("the router chose protocol version {chosen}, this side speaks {offered}")]
    VersionNotOffered {
        /// What the router chose.
        chosen: ProtocolVersion,
        /// What this side speaks.
        offered: VersionRange,
    },
    /// The router's limits allow no connection.
    #[error("the router announced unusable limits: {0}")]
    UnusableLimits(#[from] UnusableLimits),
    /// The router did not take this side.
    #[error("rejected by the router: {0}")]
    Rejected(Reject),
    /// This side did not take the peer, and told it so.
    #[error("rejected the peer: {0}")]
    Refused(Reject),
    /// The peer asked the router to end, and was told that it will.
    #[error("the peer asked the router to end")]
    AskedToEnd,
}

/// The router's end: takes a peer or rejects it. `admit` decides last, after version, token and limits
/// were found good.
pub async fn accept<S>(
    mut stream: S,
    policy: &AcceptPolicy,
    admit: impl FnOnce(&Hello) -> Result<Admission, Reject>,
) -> Result<Accepted<S>, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let (hello, version, local) =
        within(policy.handshake_timeout, greet_peer(&mut stream, policy, admit)).await?;
    let (own, keepalive) = (policy.limits, policy.keepalive());
    let pace = policy.is_paced.then(Pace::new);
    let link = Link { stream, own, peer: hello.limits, keepalive, pace };
    Ok(Accepted { hello, local, version, link })
}

/// The other end: says `hello` and waits to be taken. `read_nonce` is given the path of the nonce file
/// and answers what it holds, if it can be read.
pub async fn join<S>(
    mut stream: S,
    hello: Hello,
    handshake_timeout: Duration,
    read_nonce: impl FnOnce(&[u8]) -> Option<Nonce>,
) -> Result<Joined<S>, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let own = hello.limits;
    let welcome = within(handshake_timeout, greet_router(&mut stream, hello, read_nonce)).await?;
    let keepalive =
        Keepalive { interval: welcome.keepalive_interval, timeout: welcome.keepalive_timeout };
    let link = Link { stream, own, peer: welcome.limits, keepalive, pace: None };
    Ok(Joined { welcome, link })
}

impl<S> Accepted<S>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    /// Starts the connection to a worker, on the runtime that this is called in.
    pub fn into_caller(self) -> Caller {
        Caller::start(self.link)
    }

    /// Starts the connection to a frontend, on the runtime that this is called in.
    pub fn into_incoming(self) -> Incoming<FrontendDialogue> {
        Incoming::start(self.link)
    }
}

impl<S> Joined<S>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    /// Starts a worker's connection, on the runtime that this is called in.
    pub fn into_incoming(self) -> Incoming {
        Incoming::start(self.link)
    }

    /// Starts a frontend's connection, on the runtime that this is called in.
    pub fn into_caller(self) -> Caller<FrontendDialogue> {
        Caller::start(self.link)
    }
}

impl AcceptPolicy {
    /// The usual policy towards workers of a router that shows `product_version`.
    pub fn new(product_version: impl Into<String>, token: Option<Token>) -> Self {
        AcceptPolicy {
            role: Role::Worker,
            token,
            versions: VersionRange::CURRENT,
            limits: Limits::default(),
            product_version: product_version.into(),
            keepalive_interval: KEEPALIVE_INTERVAL,
            keepalive_timeout: KEEPALIVE_TIMEOUT,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            is_paced: false,
        }
    }

    fn keepalive(&self) -> Keepalive {
        Keepalive { interval: self.keepalive_interval, timeout: self.keepalive_timeout }
    }

    fn reject(&self, code: RejectCode, message: String) -> Reject {
        let product_version = self.product_version.clone();
        Reject { code, versions: self.versions, product_version, message }
    }

    /// Whether a peer may come in at all, and with which version.
    fn check(&self, hello: &Hello) -> Result<ProtocolVersion, Reject> {
        let Some(version) = self.versions.common(hello.versions) else {
            let message = format!(
                "the {} ({}) speaks protocol version {}, the router ({}) version {}; \
                 start both from the same build",
                hello.role,
                hello.product_version,
                hello.versions,
                self.product_version,
                self.versions,
            );
            return Err(self.reject(RejectCode::VersionMismatch, message));
        };
        self.check_token(hello)?;
        if let Err(unusable) = hello.limits.check() {
            return Err(self.reject(RejectCode::BadHello, unusable.to_string()));
        }
        if hello.role != self.role {
            let message = format!("no use for a {} here, only for a {}", hello.role, self.role);
            return Err(self.reject(RejectCode::NotWanted, message));
        }
        Ok(version)
    }

    fn check_token(&self, hello: &Hello) -> Result<(), Reject> {
        if self.token.is_some() && self.token != hello.token {
            let problem = if hello.token.is_some() { "wrong" } else { "missing" };
            return Err(self.reject(RejectCode::BadToken, format!("the token is {problem}")));
        }
        Ok(())
    }
}

async fn within<T>(
    limit: Duration,
    exchange: impl Future<Output = Result<T, HandshakeError>>,
) -> Result<T, HandshakeError> {
    timeout(limit, exchange).await.unwrap_or(Err(HandshakeError::TimedOut(limit)))
}

async fn greet_peer<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    policy: &AcceptPolicy,
    admit: impl FnOnce(&Hello) -> Result<Admission, Reject>,
) -> Result<(Hello, ProtocolVersion, bool), HandshakeError> {
    let hello = match receive(stream).await {
        Ok(HandshakeFrame::Hello(hello)) => hello,
        Ok(other) => return Err(unexpected("hello", &other)),
        // Whoever is no Nova would not understand a reject.
        Err(error @ HandshakeError::Malformed(HandshakeFrameError::NotNova(_))) => {
            return Err(error);
        }
        Err(HandshakeError::Malformed(error)) => {
            return refuse(stream, policy.reject(RejectCode::BadHello, error.to_string())).await;
        }
        Err(error) => return Err(error),
    };
    // An old router must be able to make way for a new one, so this comes before any talk of versions.
    if hello.role == Role::Stop && policy.role == Role::Frontend {
        let (asked, reject) = match policy.check_token(&hello) {
            Ok(()) => {
                let message = "the router ends".to_owned();
                (true, policy.reject(RejectCode::ShuttingDown, message))
            }
            Err(reject) => (false, reject),
        };
        let refused = refuse(stream, reject).await;
        return if asked { Err(HandshakeError::AskedToEnd) } else { refused };
    }
    let admitted = policy.check(&hello).and_then(|version| Ok((version, admit(&hello)?)));
    let (version, Admission { number, challenge }) = match admitted {
        Ok(admitted) => admitted,
        Err(reject) => return refuse(stream, reject).await,
    };
    let welcome = Welcome {
        version,
        number,
        limits: policy.limits,
        keepalive_interval: policy.keepalive_interval,
        keepalive_timeout: policy.keepalive_timeout,
        nonce_path: challenge.as_ref().map(|challenge| challenge.path.clone()),
    };
    send(stream, &HandshakeFrame::Welcome(welcome)).await?;
    let ready = match receive(stream).await? {
        HandshakeFrame::Ready(ready) => ready,
        other => return Err(unexpected("ready", &other)),
    };
    let nonce = challenge.map(|challenge| challenge.nonce);
    let local = nonce.is_some() && nonce == ready.nonce;
    Ok((hello, version, local))
}

async fn greet_router<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    hello: Hello,
    read_nonce: impl FnOnce(&[u8]) -> Option<Nonce>,
) -> Result<Welcome, HandshakeError> {
    let offered = hello.versions;
    send(stream, &HandshakeFrame::Hello(hello)).await?;
    let welcome = match receive(stream).await? {
        HandshakeFrame::Welcome(welcome) => welcome,
        HandshakeFrame::Reject(reject) => return Err(HandshakeError::Rejected(reject)),
        other => return Err(unexpected("welcome", &other)),
    };
    let chosen = welcome.version;
    if chosen < offered.min || chosen > offered.max {
        return Err(HandshakeError::VersionNotOffered { chosen, offered });
    }
    welcome.limits.check()?;
    let nonce = welcome.nonce_path.as_deref().and_then(read_nonce);
    send(stream, &HandshakeFrame::Ready(Ready { nonce })).await?;
    Ok(welcome)
}

/// Tells the peer why it is not taken, as far as it still listens.
async fn refuse<S: AsyncWrite + Unpin, T>(
    stream: &mut S,
    reject: Reject,
) -> Result<T, HandshakeError> {
    tracing::debug!(code = %reject.code, "rejecting a peer: {}", reject.message);
    let frame = HandshakeFrame::Reject(reject.clone());
    if let Err(error) = send(stream, &frame).await {
        tracing::debug!("the reject did not arrive: {error}");
    }
    Err(HandshakeError::Refused(reject))
}

fn unexpected(expected: &'static str, found: &HandshakeFrame) -> HandshakeError {
    HandshakeError::Unexpected { expected, found: found.name() }
}

async fn send<S: AsyncWrite + Unpin>(
    stream: &mut S,
    frame: &HandshakeFrame,
) -> Result<(), HandshakeError> {
    let bytes = frame.encode().map_err(HandshakeError::Unsendable)?;
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    Ok(())
}

async fn receive<S: AsyncRead + Unpin>(stream: &mut S) -> Result<HandshakeFrame, HandshakeError> {
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header).await?;
    let header = Header::decode(header)?;
    let mut body = vec![0; header.body_bytes];
    stream.read_exact(&mut body).await?;
    Ok(HandshakeFrame::decode(header, &body)?)
}

impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset => HandshakeError::HungUp,
            _ => HandshakeError::Io(error),
        }
    }
}

impl From<HandshakeFrameError> for HandshakeError {
    fn from(error: HandshakeFrameError) -> Self {
        HandshakeError::Malformed(error)
    }
}
