//! Where frames end in a stream of bytes that is Nova's and in the clear.

use nova_protocol::frame::HEADER_BYTES;
use nova_protocol::handshake;

/// The frames of one direction of a connection, those of its handshake first.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// What is here of a header that is not complete.
    header: Vec<u8>,
    /// What is to come of the body.
    body_left: usize,
    /// Something that is no Nova, or encrypted: nobody knows its frames.
    is_foreign: bool,
    has_begun: bool,
}

impl Frames {
    /// Lets bytes pass until so many frames have ended; answers how many bytes, and how many frames.
    pub(super) fn pass(&mut self, bytes: &[u8], frames_max: u64) -> (usize, u64) {
        let (mut at, mut ended) = (0, 0);
        while at < bytes.len() && ended < frames_max {
            if self.is_foreign {
                return (bytes.len(), ended);
            }
            if self.body_left > 0 {
                let part = self.body_left.min(bytes.len() - at);
                at += part;
                self.body_left -= part;
            } else {
                self.header.push(bytes[at]);
                at += 1;
                let Some(body_bytes) = self.body_bytes() else { continue };
                self.header.clear();
                self.has_begun = true;
                self.body_left = body_bytes;
            }
            ended += u64::from(self.body_left == 0);
        }
        (at, ended)
    }

    /// The length that the header announces, if all of it is here.
    fn body_bytes(&mut self) -> Option<usize> {
        const MAGIC: &[u8] = b"NOVA";
        let is_handshake = self.header.starts_with(MAGIC);
        if is_handshake {
            let header: [u8; handshake::HEADER_BYTES] = self.header[..].try_into().ok()?;
            let header = handshake::Header::decode(header);
            self.is_foreign = header.is_err();
            return Some(header.ok()?.body_bytes);
        }
        // What begins otherwise is no Nova.
        self.is_foreign = !self.has_begun && !MAGIC.starts_with(&self.header);
        let header: &[u8; HEADER_BYTES] = self.header[..].try_into().ok()?;
        let [l0, l1, l2, l3, ..] = *header;
        Some(u32::from_le_bytes([l0, l1, l2, l3]) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = b"NOVA\x01\0\0\0\x02\0\0\0xy";
    const PING: &[u8] = b"\0\0\0\0\x06\x01\0\0\x07\0\0\0\0\0\0\0";
    const REQUEST: &[u8] = b"\x01\0\0\0\x01\x01\0\0\x07\0\0\0\0\0\0\0z";

    #[test]
    fn frames_end_where_they_end_whatever_pieces_they_come_in() {
        let stream = [HELLO, PING, REQUEST, PING].concat();
        let ends = [14, 30, 47, 63];
        for piece in 1..=stream.len() {
            let mut frames = Frames::default();
            let (mut at, mut found) = (0, Vec::new());
            while at < stream.len() {
                let end = stream.len().min(at + piece);
                let (passed, ended) = frames.pass(&stream[at..end], 1);
                at += passed;
                found.extend((ended == 1).then_some(at));
            }
            assert_eq!(found, ends, "in pieces of {piece}");
        }
    }

    #[test]
    fn what_is_no_nova_has_no_frames() {
        let mut frames = Frames::default();
        let hello_of_tls = [0x16, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(frames.pass(&hello_of_tls, 1), (20, 0));
        assert_eq!(frames.pass(HELLO, 1), (14, 0));
    }
}
