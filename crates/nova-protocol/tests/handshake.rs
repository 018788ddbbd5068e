//! Handshake frames: the frozen bytes, what survives a round trip, and what is refused.

use std::time::Duration;

use nova_protocol::{
    Token,
    handshake::*,
    limits::{HANDSHAKE_BYTES_MAX, SHARD_RESTRICTION_MAX, TEXT_BYTES_MAX, WORKER_NAME_BYTES_MAX},
};
use proptest::{collection::vec, prelude::*};

/// If this test fails, peers of other versions no longer understand this one. The bytes may not change.
#[test]
fn the_bytes_of_a_hello_are_frozen() {
    let mut hello = Hello::worker("w1", "0.1.0");
    hello.versions = VersionRange { min: ProtocolVersion(1), max: ProtocolVersion(2) };
    hello.capabilities = Capabilities(0x0102_0304_0506_0708);
    hello.token = Some(Token::new("key").unwrap());
    hello.shards = Some(vec![3, 256]);
    check(
        HandshakeFrame::Hello(hello),
        &[
            b"NOVA",
            &[1, 0, 0, 0],
            &[64, 0, 0, 0], // magic, kind, length
            &[1, 0],
            &[2, 0],                   // oldest and newest version
            &[8, 7, 6, 5, 4, 3, 2, 1], // capabilities
            &[0, 0, 1, 0],
            &[0, 1, 0, 0],             // 64 KiB a frame, 256 requests
            &[0, 0, 0, 4, 0, 0, 0, 0], // 64 MiB a message
            &[0, 0, 0, 8, 0, 0, 0, 0], // 128 MiB in reassembly
            &[1],
            &[1], // a worker, restricted to shards
            &[5, 0],
            b"0.1.0",
            &[2, 0],
            b"w1",
            &[3, 0],
            b"key",
            &[2, 0],
            &[3, 0, 0, 0],
            &[0, 1, 0, 0], // shards 3 and 256
        ],
    );
}

/// If this test fails, peers of other versions no longer understand this one. The bytes may not change.
#[test]
fn the_bytes_of_a_reject_are_frozen() {
    let reject = Reject::new(RejectCode::BadToken, "0.1.0", "no");
    check(
        HandshakeFrame::Reject(reject),
        &[
            b"NOVA",
            &[3, 0, 0, 0],
            &[17, 0, 0, 0], // magic, kind, length
            &[2, 0],        // code
            &[1, 0],
            &[1, 0], // oldest and newest version
            &[5, 0],
            b"0.1.0",
            &[2, 0],
            b"no",
        ],
    );
}

#[test]
fn the_bytes_of_a_welcome_are_those_of_version_1() {
    check(
        HandshakeFrame::Welcome(welcome()),
        &[
            b"NOVA",
            &[2, 0, 0, 0],
            &[42, 0, 0, 0], // magic, kind, length
            &[1, 0],
            &[7, 0, 0, 0], // version, worker number
            &[0, 0, 1, 0],
            &[0, 1, 0, 0],             // 64 KiB a frame, 256 requests
            &[0, 0, 0, 4, 0, 0, 0, 0], // 64 MiB a message
            &[0, 0, 0, 8, 0, 0, 0, 0], // 128 MiB in reassembly
            &[0x88, 0x13, 0, 0],
            &[0x30, 0x75, 0, 0], // 5 s, 30 s
            &[2, 0],
            b"/n",
        ],
    );
}

#[test]
fn the_bytes_of_a_ready_are_those_of_version_1() {
    let header: [&[u8]; 2] = [b"NOVA", &[4, 0, 0, 0]];
    let [magic, kind] = header;
    let nonce = Some(Nonce(*b"0123456789abcdef"));
    check(
        HandshakeFrame::Ready(Ready { nonce }),
        &[magic, kind, &[17, 0, 0, 0], &[1], b"0123456789abcdef"],
    );
    check(HandshakeFrame::Ready(Ready { nonce: None }), &[magic, kind, &[1, 0, 0, 0], &[0]]);
}

#[test]
fn each_reject_code_has_its_number() {
    use RejectCode::*;
    let codes = [VersionMismatch, BadToken, BadHello, NotWanted, ShuttingDown, Unknown(6)];
    for (number, code) in (1..).zip(codes) {
        let reject = HandshakeFrame::Reject(Reject::new(code, "", ""));
        let bytes = reject.encode().unwrap();
        assert_eq!(bytes[HEADER_BYTES], number, "{code}");
        assert_eq!(decode(&bytes), Ok(reject));
    }
}

#[test]
fn what_a_later_version_appends_is_ignored() {
    for frame in samples() {
        let mut bytes = frame.encode().unwrap();
        bytes.extend(b"of version 9");
        bytes[5..8].fill(0xff);
        bytes[8] += 12;
        assert_eq!(decode(&bytes), Ok(frame));
    }
}

#[test]
fn a_truncated_frame_is_an_error_at_every_length() {
    for frame in samples() {
        let bytes = frame.encode().unwrap();
        let header = Header::decode(*bytes.first_chunk().unwrap()).unwrap();
        for length in HEADER_BYTES..bytes.len() {
            let result = HandshakeFrame::decode(header, &bytes[HEADER_BYTES..length]);
            assert!(
                matches!(result, Err(HandshakeFrameError::Truncated(_))),
                "{} of {length} bytes: {result:?}",
                frame.name(),
            );
        }
    }
}

#[test]
fn fields_that_cannot_be_are_refused() {
    let check = |frame: HandshakeFrame, at: usize, byte, expected| {
        let mut bytes = frame.encode().unwrap();
        bytes[at] = byte;
        assert_eq!(decode(&bytes), Err(expected));
    };
    let hello = || HandshakeFrame::Hello(Hello::worker("w1", "0.1.0"));
    check(hello(), 0, b'G', HandshakeFrameError::NotNova(*b"GOVA"));
    check(hello(), 4, 5, HandshakeFrameError::UnknownKind(5));
    let found = HANDSHAKE_BYTES_MAX + 53;
    check(hello(), 10, 1, HandshakeFrameError::TooLong { found });
    let restriction = HandshakeFrameError::BadField { field: "shard restriction", found: 2 };
    check(hello(), 49, 2, restriction);
    let (field, max) = ("worker name", WORKER_NAME_BYTES_MAX);
    check(hello(), 58, 2, HandshakeFrameError::FieldTooLong { field, found: 514, max });
    check(hello(), 59, 0xff, HandshakeFrameError::NotUtf8("worker name"));
}

#[test]
fn a_field_beyond_its_bound_is_not_sent() {
    let mut hello = Hello::worker("w1", "0.1.0");
    hello.shards = Some((0..).take(SHARD_RESTRICTION_MAX).collect());
    assert!(HandshakeFrame::Hello(hello.clone()).encode().is_ok());
    hello.shards.as_mut().unwrap().push(0);
    let (found, max) = (SHARD_RESTRICTION_MAX + 1, SHARD_RESTRICTION_MAX);
    let expected = HandshakeFrameError::FieldTooLong { field: "shard list", found, max };
    assert_eq!(HandshakeFrame::Hello(hello).encode(), Err(expected));
}

#[test]
fn a_long_reject_is_cut_so_that_it_always_arrives() {
    let reject = Reject::new(RejectCode::BadHello, "0.1.0", "x".repeat(TEXT_BYTES_MAX + 1));
    let bytes = HandshakeFrame::Reject(reject).encode().unwrap();
    let Ok(HandshakeFrame::Reject(reject)) = decode(&bytes) else { panic!("not a reject") };
    assert_eq!(reject.message.len(), TEXT_BYTES_MAX);
}

#[test]
fn debug_shows_neither_token_nor_nonce() {
    let mut hello = Hello::worker("w1", "0.1.0");
    hello.token = Some(Token::new("swordfish").unwrap());
    assert!(!format!("{hello:?}").contains("swordfish"));
    let ready = Ready { nonce: Some(Nonce([77; NONCE_BYTES])) };
    assert!(!format!("{ready:?}").contains("77"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_a_frame_or_an_error(
        kind in 0..6_u8,
        body in vec(prop_oneof![3 => 0..4_u8, 1 => any::<u8>()], 0..200),
    ) {
        let mut bytes = b"NOVA\0\0\0\0\0\0\0\0".to_vec();
        bytes[4] = kind;
        bytes.extend(body);
        if let Ok(frame) = decode(&bytes) {
            prop_assert_eq!(decode(&frame.encode().unwrap()), Ok(frame));
        }
    }
}

/// The frame has these bytes, and these bytes are the frame.
#[track_caller]
fn check(frame: HandshakeFrame, expected: &[&[u8]]) {
    let expected = expected.concat();
    assert_eq!(frame.encode().expect("within bounds"), expected);
    assert_eq!(decode(&expected), Ok(frame));
}

fn decode(bytes: &[u8]) -> Result<HandshakeFrame, HandshakeFrameError> {
    let (header, body) = bytes.split_first_chunk().expect("at least a header");
    HandshakeFrame::decode(Header::decode(*header)?, body)
}

fn welcome() -> Welcome {
    Welcome {
        version: ProtocolVersion(1),
        worker: 7,
        limits: Default::default(),
        keepalive_interval: Duration::from_secs(5),
        keepalive_timeout: Duration::from_secs(30),
        nonce_path: Some("/n".into()),
    }
}

fn samples() -> [HandshakeFrame; 4] {
    let mut hello = Hello::worker("w1", "0.1.0");
    hello.shards = Some(vec![1]);
    [
        HandshakeFrame::Hello(hello),
        HandshakeFrame::Welcome(welcome()),
        HandshakeFrame::Reject(Reject::new(RejectCode::NotWanted, "0.1.0", "no")),
        HandshakeFrame::Ready(Ready { nonce: Some(Nonce([7; NONCE_BYTES])) }),
    ]
}
