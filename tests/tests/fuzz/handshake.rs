//! Frames of the handshake, which come from whoever connects.

use std::time::Duration;

use nova_protocol::Token;
use nova_protocol::handshake::{
    HEADER_BYTES, HandshakeFrame, HandshakeFrameError, Header, Hello, NONCE_BYTES, Nonce,
    ProtocolVersion, Ready, Reject, RejectCode, Role, Welcome,
};

use crate::mutation::mutate;
use crate::runner::{Memory, Target};
use crate::trace::Trace;

pub(crate) const TARGET: Target = Target {
    name: "handshake",
    seeds,
    mutate,
    run,
    memory: Memory { per_byte: 16, beside: 8 << 10 },
};

fn run(input: &[u8], trace: &mut Trace) {
    let Some(result) = decode(input) else { return };
    match result {
        Ok(frame) => {
            trace.note(frame.name());
            let encoded = frame.encode().expect("what is read can be written");
            assert_eq!(decode(&encoded), Some(Ok(frame.clone())), "it comes back as another");
            trace.note_count(encoded.len());
        }
        Err(error) => {
            trace.note_kind(&error);
            if let HandshakeFrameError::Truncated(field) | HandshakeFrameError::NotUtf8(field) =
                error
            {
                trace.note(field);
            }
        }
    }
}

/// A frame as a peer reads it, who waits for as many bytes as its header says; `None` if there are fewer.
fn decode(input: &[u8]) -> Option<Result<HandshakeFrame, HandshakeFrameError>> {
    let (header, rest) = input.split_first_chunk::<HEADER_BYTES>()?;
    let header = match Header::decode(*header) {
        Ok(header) => header,
        Err(error) => return Some(Err(error)),
    };
    Some(HandshakeFrame::decode(header, rest.get(..header.body_bytes)?))
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut worker = Hello::worker("w1", "0.1.0");
    worker.token = Token::new("key").ok();
    worker.shards = Some(vec![3, 256]);
    let welcome = Welcome {
        version: ProtocolVersion(1),
        number: 7,
        limits: Default::default(),
        keepalive_interval: Duration::from_secs(5),
        keepalive_timeout: Duration::from_secs(30),
        nonce_path: Some("/n".into()),
    };
    let frames = [
        ("hello-worker", HandshakeFrame::Hello(worker)),
        ("hello-frontend", HandshakeFrame::Hello(Hello::of(Role::Frontend, "f1", "0.1.0"))),
        ("hello-stop", HandshakeFrame::Hello(Hello::of(Role::Stop, "", "0.1.0"))),
        ("welcome", HandshakeFrame::Welcome(welcome)),
        ("reject", HandshakeFrame::Reject(Reject::new(RejectCode::BadToken, "0.1.0", "no"))),
        ("ready", HandshakeFrame::Ready(Ready { nonce: Some(Nonce([7; NONCE_BYTES])) })),
        ("ready-remote", HandshakeFrame::Ready(Ready { nonce: None })),
    ];
    let encoded = |frame: HandshakeFrame| frame.encode().expect("it is within the bounds");
    frames.into_iter().map(|(name, frame)| (name, encoded(frame))).collect()
}
