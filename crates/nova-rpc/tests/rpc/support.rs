//! Both ends of a connection in memory, and a peer that follows a script.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use nova_protocol::{
    body,
    frame::{Frame, FrameDecoder, Kind},
    handshake::Hello,
    limits::FRAME_PAYLOAD_BYTES_MAX,
    message::{Progress, Request, Response, UnloadFiles, WorkerStats},
};
use nova_rpc::{
    AcceptPolicy, Accepted, Admission, Caller, HandshakeError, Incoming, Joined, accept, join,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// What the stream between two ends holds.
const PIPE_BYTES: usize = 64 * 1024;

pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) fn policy() -> AcceptPolicy {
    let handshake_timeout = HANDSHAKE_TIMEOUT;
    AcceptPolicy { handshake_timeout, ..AcceptPolicy::new("0.1.0-router", None) }
}

pub(crate) fn hello() -> Hello {
    Hello::worker("w1", "0.1.0-worker")
}

pub(crate) fn admit(_: &Hello) -> Result<Admission, nova_protocol::handshake::Reject> {
    Ok(Admission { number: 7, challenge: None })
}

type Handshaken =
    (Result<Accepted<DuplexStream>, HandshakeError>, Result<Joined<DuplexStream>, HandshakeError>);

pub(crate) async fn shake_hands(policy: &AcceptPolicy, hello: Hello) -> Handshaken {
    let (router, worker) = duplex(PIPE_BYTES);
    tokio::join!(accept(router, policy, admit), join(worker, hello, HANDSHAKE_TIMEOUT, |_| None),)
}

pub(crate) async fn connected() -> (Caller, Incoming) {
    connected_with(&policy(), hello()).await
}

pub(crate) async fn connected_with(policy: &AcceptPolicy, hello: Hello) -> (Caller, Incoming) {
    let (accepted, joined) = shake_hands(policy, hello).await;
    let accepted = accepted.expect("the policy admits everybody");
    (accepted.into_caller(), joined.expect("the policy admits everybody").into_incoming())
}

/// A request that can be told from others.
pub(crate) fn numbered(number: usize) -> Request {
    sized(number + 1)
}

/// The number of a request that [`numbered`] made.
pub(crate) fn number(request: &Request) -> usize {
    let Request::UnloadFiles(unload) = request else { panic!("not a numbered request") };
    unload.paths[0].len() - 1
}

/// A request of this many bytes and a few more.
pub(crate) fn sized(bytes: usize) -> Request {
    Request::UnloadFiles(UnloadFiles { session: 0, paths: vec![vec![b'x'; bytes].into()] })
}

pub(crate) fn stats(pid: u32) -> Response {
    Response::GetWorkerStats(WorkerStats { pid, ..WorkerStats::default() })
}

/// The other end of a connection, after the handshake, which sends and shows single frames.
pub(crate) struct ScriptedPeer {
    stream: DuplexStream,
    decoder: FrameDecoder,
}

impl ScriptedPeer {
    /// A scripted worker, and the caller that it serves.
    pub(crate) async fn worker() -> (Caller, ScriptedPeer) {
        Self::worker_under(&policy()).await
    }

    /// One that was taken by this policy.
    pub(crate) async fn worker_under(policy: &AcceptPolicy) -> (Caller, ScriptedPeer) {
        let (router, mut worker) = duplex(PIPE_BYTES);
        // Joining leaves the stream exactly after the handshake.
        let (accepted, joined) = tokio::join!(
            accept(router, policy, admit),
            join(&mut worker, hello(), HANDSHAKE_TIMEOUT, |_| None),
        );
        joined.expect("the policy admits everybody");
        (accepted.expect("the policy admits everybody").into_caller(), Self::new(worker))
    }

    /// A scripted router, and what it asks.
    pub(crate) async fn router() -> (ScriptedPeer, Incoming) {
        let (mut router, worker) = duplex(PIPE_BYTES);
        let policy = policy();
        let (accepted, joined) = tokio::join!(
            accept(&mut router, &policy, admit),
            join(worker, hello(), HANDSHAKE_TIMEOUT, |_| None),
        );
        accepted.expect("the policy admits everybody");
        (Self::new(router), joined.expect("the policy admits everybody").into_incoming())
    }

    fn new(stream: DuplexStream) -> Self {
        ScriptedPeer { stream, decoder: FrameDecoder::new(FRAME_PAYLOAD_BYTES_MAX) }
    }

    pub(crate) async fn send(&mut self, kind: Kind, id: u64, payload: impl Into<Bytes>) {
        let frame = Frame { kind, end: true, id, payload: payload.into() };
        let mut bytes = BytesMut::new();
        frame.encode(&mut bytes);
        self.send_bytes(&bytes).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the other end reads");
    }

    pub(crate) async fn send_request(&mut self, id: u64, request: &Request) {
        let body = body::encode_request(request, None).expect("within bounds");
        self.send(Kind::Request, id, body).await;
    }

    pub(crate) async fn send_progress(&mut self, id: u64, progress: Progress) {
        self.send(Kind::Progress, id, body::encode_progress(&progress)).await;
    }

    /// The next frame; none at the end of the stream.
    pub(crate) async fn receive(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.decoder.next_frame().expect("well-formed frames") {
                return Some(frame);
            }
            let read = self.stream.read_buf(self.decoder.buffer()).await;
            if read.expect("an open stream") == 0 {
                return None;
            }
        }
    }
}
