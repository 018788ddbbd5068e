//! The last frame of a side: why it closes.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::{body::clipped, limits::TEXT_BYTES_MAX};

/// Why a side closes the connection. On the wire: the code as u16 LE, then the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goodbye {
    /// The reason, for programs.
    pub code: GoodbyeCode,
    /// The reason, for people; may be empty.
    pub text: String,
}

/// The reason of a goodbye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoodbyeCode {
    /// Nothing more to do.
    Done,
    /// The receiver of this goodbye broke the protocol; the text says how.
    ProtocolError,
    /// A reason that this version does not know.
    Unknown(u16),
}

impl Goodbye {
    /// The orderly end.
    pub fn done() -> Self {
        Goodbye { code: GoodbyeCode::Done, text: String::new() }
    }

    /// The payload of the frame.
    pub(crate) fn encode(&self) -> Bytes {
        let text = clipped(&self.text);
        let mut payload = BytesMut::with_capacity(2 + text.len());
        payload.put_u16_le(match self.code {
            GoodbyeCode::Done => 0,
            GoodbyeCode::ProtocolError => 1,
            GoodbyeCode::Unknown(code) => code,
        });
        payload.put_slice(text.as_bytes());
        payload.freeze()
    }

    /// Reads a payload; none if it is too short to hold a code.
    pub(crate) fn decode(mut payload: &[u8]) -> Option<Self> {
        let code = match payload.try_get_u16_le().ok()? {
            0 => GoodbyeCode::Done,
            1 => GoodbyeCode::ProtocolError,
            code => GoodbyeCode::Unknown(code),
        };
        let text = &payload[..payload.len().min(TEXT_BYTES_MAX)];
        Some(Goodbye { code, text: String::from_utf8_lossy(text).into_owned() })
    }
}

impl fmt::Display for Goodbye {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            GoodbyeCode::Done => f.write_str("done")?,
            GoodbyeCode::ProtocolError => f.write_str("protocol error")?,
            GoodbyeCode::Unknown(code) => write!(f, "reason {code}")?,
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, ": {}", self.text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goodbye_comes_back_as_it_was() {
        for code in [GoodbyeCode::Done, GoodbyeCode::ProtocolError, GoodbyeCode::Unknown(7)] {
            let goodbye = Goodbye { code, text: "é".into() };
            assert_eq!(Goodbye::decode(&goodbye.encode()), Some(goodbye));
        }
        assert_eq!(Goodbye::decode(&[0]), None);
    }

    #[test]
    fn text_beyond_its_bound_is_cut() {
        let goodbye = Goodbye { text: "x".repeat(TEXT_BYTES_MAX + 1), ..Goodbye::done() };
        assert_eq!(goodbye.encode().len(), 2 + TEXT_BYTES_MAX);
        let long = vec![0; 2 + TEXT_BYTES_MAX + 1];
        assert_eq!(Goodbye::decode(&long).unwrap().text.len(), TEXT_BYTES_MAX);
    }
}
