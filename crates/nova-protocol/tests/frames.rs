//! Frames: their very bytes, any pieces they may arrive in, and bytes that are none.

use bytes::{Bytes, BytesMut};
use nova_protocol::{
    ProtocolError,
    frame::{Frame, FrameDecoder, HEADER_BYTES, Kind},
    limits::FRAME_PAYLOAD_BYTES_MAX,
};
use proptest::{collection::vec, prelude::*};

#[test]
fn the_bytes_of_a_frame_are_those_of_version_1() {
    let frame = Frame { kind: Kind::Request, end: true, id: 0x0102, payload: "abc".into() };
    let bytes = [
        3, 0, 0, 0, // length
        1, 1, 0, 0, // kind, flags, reserved
        2, 1, 0, 0, 0, 0, 0, 0, // id
        b'a', b'b', b'c',
    ];
    assert_eq!(encoded(std::slice::from_ref(&frame)), bytes[..]);
    assert_eq!(decoded(&bytes), Ok(vec![frame]));
}

#[test]
fn each_kind_has_the_number_of_version_1() {
    use Kind::*;
    let kinds = [Request, Response, Error, Progress, Cancel, Ping, Pong, Goodbye];
    for (number, kind) in (1..).zip(kinds) {
        let id = if kind == Goodbye { 0 } else { 1 };
        let frame = Frame { kind, end: true, id, payload: Bytes::new() };
        assert_eq!(encoded(&[frame])[4], number, "{kind}");
    }
}

#[test]
fn a_frame_is_judged_by_its_header_alone() {
    let check = |header: [u8; HEADER_BYTES], expected| {
        assert_eq!(decoded(&header), Err(expected), "{header:?}");
    };
    let good = [9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(decoded(&good), Ok(vec![]), "its payload is awaited");
    let with = |at: usize, byte| {
        let mut header = good;
        header[at] = byte;
        header
    };
    let (found, max) = (0x0100_0009, FRAME_PAYLOAD_BYTES_MAX);
    check(with(3, 1), ProtocolError::FrameTooLarge { found, max });
    check(with(4, 0), ProtocolError::UnknownKind(0));
    check(with(4, 9), ProtocolError::UnknownKind(9));
    check(with(5, 2), ProtocolError::UnknownBits { flags: 2, reserved: 0 });
    check(with(7, 1), ProtocolError::UnknownBits { flags: 0, reserved: 0x0100 });
}

#[test]
fn a_frame_that_its_kind_does_not_allow_is_malformed() {
    let check = |kind, end, id, payload: &'static str| {
        let frame = Frame { kind, end, id, payload: payload.into() };
        let expected = ProtocolError::MalformedFrame { kind, bytes: payload.len(), end };
        assert_eq!(decoded(&encoded(&[frame])), Err(expected));
    };
    check(Kind::Request, true, 0, "a request without an id");
    check(Kind::Request, false, 1, "");
    check(Kind::Response, false, 1, "");
    check(Kind::Error, false, 1, "an error in parts");
    check(Kind::Progress, false, 1, "progress in parts");
    check(Kind::Cancel, true, 1, "a cancel with a payload");
    check(Kind::Cancel, true, 0, "");
    check(Kind::Ping, true, 1, "a ping with a payload");
    check(Kind::Pong, false, 1, "");
    check(Kind::Goodbye, true, 1, "a goodbye with an id");
}

proptest! {
    #[test]
    fn frames_come_out_as_they_went_in_whatever_pieces_they_arrive_in(
        frames in vec(any_frame(), 0..12),
        cuts in vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let bytes = encoded(&frames);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut decoder = FrameDecoder::new(FRAME_PAYLOAD_BYTES_MAX);
        let mut found = Vec::new();
        for piece in cuts.windows(2) {
            decoder.buffer().extend_from_slice(&bytes[piece[0]..piece[1]]);
            while let Some(frame) = decoder.next_frame().unwrap() {
                found.push(frame);
            }
        }
        prop_assert_eq!(found, frames);
        prop_assert!(decoder.buffer().is_empty());
    }

    #[test]
    fn arbitrary_bytes_are_frames_or_an_error_and_take_no_more_memory_than_a_frame(
        bytes in vec(prop_oneof![3 => 0..9_u8, 1 => any::<u8>()], 0..200),
    ) {
        let mut decoder = FrameDecoder::new(1024);
        for byte in bytes {
            decoder.buffer().extend_from_slice(&[byte]);
            while let Ok(Some(_)) = decoder.next_frame() {}
            prop_assert!(decoder.buffer().capacity() <= 2 * (HEADER_BYTES + 1024));
        }
    }
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let message =
        (any::<bool>(), 1..u64::MAX, vec(any::<u8>(), 1..300)).prop_map(|(end, id, payload)| {
            Frame { kind: Kind::Request, end, id, payload: payload.into() }
        });
    let signal = (prop::sample::select(vec![Kind::Cancel, Kind::Ping, Kind::Pong]), 1..u64::MAX)
        .prop_map(|(kind, id)| Frame { kind, end: true, id, payload: Bytes::new() });
    prop_oneof![message, signal]
}

fn encoded(frames: &[Frame]) -> BytesMut {
    let mut bytes = BytesMut::new();
    frames.iter().for_each(|frame| frame.encode(&mut bytes));
    bytes
}

fn decoded(bytes: &[u8]) -> Result<Vec<Frame>, ProtocolError> {
    let mut decoder = FrameDecoder::new(FRAME_PAYLOAD_BYTES_MAX);
    decoder.buffer().extend_from_slice(bytes);
    std::iter::from_fn(|| decoder.next_frame().transpose()).collect()
}
