//! Puts messages together from frames that arrive interleaved, within bounds.
//!
//! Whether a frame may come at all is decided before it gets here.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};

use crate::{
    error::ProtocolError,
    frame::{Frame, RequestId},
    limits::Limits,
};

/// The messages of one connection that are not complete.
///
/// At most one message per request id is incomplete at a time, so ids are all it needs; their number
/// is bounded by whoever admits requests.
#[derive(Debug)]
pub(crate) struct Assembler {
    /// Invariant: `bytes` is the sum of the lengths of these, and at most `reassembly_bytes_max`.
    partial: HashMap<RequestId, BytesMut>,
    bytes: u64,
    message_bytes_max: u64,
    reassembly_bytes_max: u64,
}

impl Assembler {
    pub(crate) fn new(limits: &Limits) -> Self {
        Assembler {
            partial: HashMap::new(),
            bytes: 0,
            message_bytes_max: limits.message_bytes_max,
            reassembly_bytes_max: limits.reassembly_bytes_max,
        }
    }

    /// Takes a frame of a message; returns the message if that was its last.
    pub(crate) fn push(&mut self, frame: Frame) -> Result<Option<Bytes>, ProtocolError> {
        let id = RequestId(frame.id);
        let arrived = frame.payload.len() as u64;
        let before = self.partial.get(&id).map_or(0, |part| part.len() as u64);
        if before + arrived > self.message_bytes_max {
            return Err(ProtocolError::MessageTooLarge { id, max: self.message_bytes_max });
        }
        // A message of one frame is passed on as it is.
        if before == 0 && frame.end {
            return Ok(Some(frame.payload));
        }
        if self.bytes + arrived > self.reassembly_bytes_max {
            return Err(ProtocolError::ReassemblyFull { max: self.reassembly_bytes_max });
        }
        self.bytes += arrived;
        let part = self.partial.entry(id).or_default();
        part.extend_from_slice(&frame.payload);
        Ok(if frame.end { self.take(id) } else { None })
    }

    /// Forgets what arrived of a message; says whether anything had.
    pub(crate) fn forget(&mut self, id: RequestId) -> bool {
        self.take(id).is_some()
    }

    fn take(&mut self, id: RequestId) -> Option<Bytes> {
        let part = self.partial.remove(&id)?;
        self.bytes -= part.len() as u64;
        Some(part.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Kind;

    fn assembler() -> Assembler {
        let limits = Limits { message_bytes_max: 8, reassembly_bytes_max: 10, ..Limits::default() };
        Assembler::new(&limits)
    }

    fn frame(id: u64, payload: &'static str, end: bool) -> Frame {
        Frame { kind: Kind::Request, end, id, payload: Bytes::from_static(payload.as_bytes()) }
    }

    #[test]
    fn interleaved_messages_come_out_whole() {
        let mut assembler = assembler();
        assert_eq!(assembler.push(frame(1, "one-", false)), Ok(None));
        assert_eq!(assembler.push(frame(2, "two-", false)), Ok(None));
        assert_eq!(assembler.push(frame(3, "short", true)), Ok(Some("short".into())));
        assert_eq!(assembler.push(frame(1, "end", true)), Err(full()));
        assert!(assembler.forget(RequestId(2)));
        assert_eq!(assembler.push(frame(1, "end", true)), Ok(Some("one-end".into())));
        assert_eq!(assembler.bytes, 0);
        assert!(!assembler.forget(RequestId(1)));
    }

    #[test]
    fn a_message_is_refused_at_the_first_byte_beyond_its_bound() {
        let too_large = ProtocolError::MessageTooLarge { id: RequestId(1), max: 8 };
        assert_eq!(assembler().push(frame(1, "123456789", true)), Err(too_large.clone()));
        let mut assembler = assembler();
        assert_eq!(assembler.push(frame(1, "12345678", false)), Ok(None));
        assert_eq!(assembler.push(frame(1, "9", false)), Err(too_large));
    }

    fn full() -> ProtocolError {
        ProtocolError::ReassemblyFull { max: 10 }
    }
}
