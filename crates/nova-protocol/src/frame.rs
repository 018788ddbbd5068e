//! Frames: the unit in which messages interleave on a connection.
//!
//! ```text
//!  0      4      5       6          8                16
//!  ├──────┼──────┼───────┼──────────┼────────────────┼───────────┄
//!  │length│ kind │ flags │ reserved │       id       │ payload
//!  │u32 LE│  u8  │  u8   │  u16 = 0 │     u64 LE     │ length bytes
//! ```
//!
//! This module knows the layout and nothing of what a frame means for the ones after it.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::error::ProtocolError;

/// Length of a frame's header.
pub const HEADER_BYTES: usize = 16;

/// The flag of a message's last frame.
const FLAG_END: u8 = 1;

/// Names a request, and all that belongs to it, on one connection. The asking side chooses it; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A part of a request; from the asking side.
    Request = 1,
    /// A part of a response; to the asking side.
    Response = 2,
    /// A request's failure, whole; to the asking side.
    Error = 3,
    /// Progress of a request, whole; to the asking side.
    Progress = 4,
    /// The asking side no longer wants an answer; it gets one all the same.
    Cancel = 5,
    /// Asks for a pong of the same id.
    Ping = 6,
    /// Answers a ping.
    Pong = 7,
    /// The last frame of a side, with its reason.
    Goodbye = 8,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Kind> {
        use Kind::*;
        [Request, Response, Error, Progress, Cancel, Ping, Pong, Goodbye]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Request => "request",
            Kind::Response => "response",
            Kind::Error => "error",
            Kind::Progress => "progress",
            Kind::Cancel => "cancel",
            Kind::Ping => "ping",
            Kind::Pong => "pong",
            Kind::Goodbye => "goodbye",
        })
    }
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// Whether it is the last of its message.
    pub end: bool,
    /// The request it belongs to; what a ping chose; zero in a goodbye.
    pub id: u64,
    /// Its part of the message.
    pub payload: Bytes,
}

impl Frame {
    /// A frame that is a whole message without a payload.
    pub(crate) fn signal(kind: Kind, id: u64) -> Frame {
        Frame { kind, end: true, id, payload: Bytes::new() }
    }

    /// Appends the frame's bytes to `out`.
    pub fn encode(&self, out: &mut BytesMut) {
        let length =
            u32::try_from(self.payload.len()).expect("a payload is cut to a frame's bound");
        out.reserve(HEADER_BYTES + self.payload.len());
        out.put_u32_le(length);
        out.put_u8(self.kind as u8);
        out.put_u8(if self.end { FLAG_END } else { 0 });
        out.put_u16_le(0);
        out.put_u64_le(self.id);
        out.put_slice(&self.payload);
    }

    /// Whether the frame is possible for its kind, apart from any other frame.
    fn check(&self) -> Result<(), ProtocolError> {
        let possible = match self.kind {
            Kind::Request | Kind::Response => {
                self.id != 0 && (self.end || !self.payload.is_empty())
            }
            Kind::Error | Kind::Progress => self.id != 0 && self.end,
            Kind::Cancel => self.id != 0 && self.end && self.payload.is_empty(),
            Kind::Ping | Kind::Pong => self.end && self.payload.is_empty(),
            Kind::Goodbye => self.id == 0 && self.end,
        };
        if possible { Ok(()) } else { Err(ProtocolError::malformed(self)) }
    }
}

/// Cuts a stream of bytes, which may arrive in any pieces, into frames.
///
/// After an error it must not be asked again: where the next frame begins is no longer known.
#[derive(Debug)]
pub struct FrameDecoder {
    buffer: BytesMut,
    payload_bytes_max: u32,
}

impl FrameDecoder {
    /// A decoder that takes frames of at most `payload_bytes_max`.
    pub fn new(payload_bytes_max: u32) -> Self {
        FrameDecoder { buffer: BytesMut::new(), payload_bytes_max }
    }

    /// Where to append what arrived. It holds less than one frame whenever [`Self::next_frame`] has
    /// said that there is none.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next frame, if all of it is here.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, ProtocolError> {
        let Some(mut header) = self.buffer.get(..HEADER_BYTES) else {
            return Ok(None);
        };
        let length = header.get_u32_le();
        let kind = header.get_u8();
        let flags = header.get_u8();
        let reserved = header.get_u16_le();
        let id = header.get_u64_le();

        // The header is judged before its payload is awaited, and before memory is taken for it.
        let max = self.payload_bytes_max;
        if length > max {
            return Err(ProtocolError::FrameTooLarge { found: length, max });
        }
        let kind = Kind::from_byte(kind).ok_or(ProtocolError::UnknownKind(kind))?;
        if flags & !FLAG_END != 0 || reserved != 0 {
            return Err(ProtocolError::UnknownBits { flags, reserved });
        }
        let frame_bytes = HEADER_BYTES + length as usize;
        if self.buffer.len() < frame_bytes {
            self.buffer.reserve(frame_bytes - self.buffer.len());
            return Ok(None);
        }
        let mut frame = self.buffer.split_to(frame_bytes);
        frame.advance(HEADER_BYTES);
        let frame = Frame { kind, end: flags & FLAG_END != 0, id, payload: frame.freeze() };
        frame.check()?;
        Ok(Some(frame))
    }
}
