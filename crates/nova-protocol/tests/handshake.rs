//! Handshake frames: the frozen bytes, what survives a round trip, and what is refused.

use std::time::Duration;

use nova_protocol::{
    Token,
    handshake::*,
    limits::{HANDSHAKE_BYTES_MAX, PEER_NAME_BYTES_MAX, SHARD_RESTRICTION_MAX, TEXT_BYTES_MAX},
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
    let expected = "
        'NOVA' 01 000000 40000000     ; magic, kind, reserved, length
        0100 0200                     ; oldest and newest version
        0807060504030201              ; capabilities
        00000100 00010000             ; 64 KiB a frame, 256 requests
        0000000400000000              ; 64 MiB a message
        0000000800000000              ; 128 MiB in reassembly
        01 01                         ; a worker, restricted to shards
        0500 '0.1.0' 0200 'w1' 0300 'key'
        0200 03000000 00010000        ; shards 3 and 256
    ";
    check(HandshakeFrame::Hello(hello), expected);
}

/// If this test fails, peers of other versions no longer understand this one. The bytes may not change.
#[test]
fn the_bytes_of_a_reject_are_frozen() {
    let reject = Reject::new(RejectCode::BadToken, "0.1.0", "no");
    let expected = "
        'NOVA' 03 000000 11000000     ; magic, kind, reserved, length
        0200                          ; code
        0100 0100                     ; oldest and newest version
        0500 '0.1.0' 0200 'no'
    ";
    check(HandshakeFrame::Reject(reject), expected);
}

#[test]
fn the_bytes_of_a_welcome_are_those_of_version_1() {
    let expected = "
        'NOVA' 02 000000 2a000000     ; magic, kind, reserved, length
        0100 07000000                 ; version, number
        00000100 00010000             ; 64 KiB a frame, 256 requests
        0000000400000000              ; 64 MiB a message
        0000000800000000              ; 128 MiB in reassembly
        88130000 30750000             ; 5 s, 30 s
        0200 '/n'
    ";
    check(HandshakeFrame::Welcome(welcome()), expected);
}

#[test]
fn the_bytes_of_a_ready_are_those_of_version_1() {
    let nonce = Some(Nonce(*b"0123456789abcdef"));
    let expected = "'NOVA' 04 000000 11000000 01 '0123456789abcdef'";
    check(HandshakeFrame::Ready(Ready { nonce }), expected);
    check(HandshakeFrame::Ready(Ready { nonce: None }), "'NOVA' 04 000000 01000000 00");
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
    let (field, max) = ("name", PEER_NAME_BYTES_MAX);
    check(hello(), 58, 2, HandshakeFrameError::FieldTooLong { field, found: 514, max });
    check(hello(), 59, 0xff, HandshakeFrameError::NotUtf8("name"));
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

/// The frame has these bytes, and these bytes are the frame. They are written in hexadecimal, text in
/// quotes, with comments from `;`.
#[track_caller]
fn check(frame: HandshakeFrame, bytes: &str) {
    let code = bytes.lines().map(|line| line.split(';').next().unwrap_or_default());
    let mut expected = Vec::new();
    for word in code.flat_map(str::split_whitespace) {
        match word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')) {
            Some(text) => expected.extend(text.bytes()),
            None => expected.extend((0..word.len()).step_by(2).map(|at| {
                u8::from_str_radix(&word[at..at + 2], 16).expect("two hexadecimal digits")
            })),
        }
    }
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
        number: 7,
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
