//! The handshake: who is there, which version and limits hold, and whether both share a disk.
//!
//! ```text
//!  worker or frontend            router
//!    │ hello ───────────────────▶ │   versions, limits, role, name, token
//!    │ ◀───────────────── welcome │   version, limits, number, path of a nonce file
//!    │ ready ───────────────────▶ │   what the file held
//!    │                            │
//!    │ ◀────────────────── reject │   in place of the welcome: a code, both versions, a text
//! ```
//!
//! Every handshake frame starts with the same twelve bytes:
//!
//! ```text
//!  0        4      5            8         12
//!  ├────────┼──────┼────────────┼─────────┼───────────┄
//!  │ "NOVA" │ kind │ reserved   │ length  │ body
//!  │        │  u8  │ 3 bytes, 0 │ u32 LE  │ length bytes
//! ```
//!
//! These bytes and the bodies of hello and reject are **frozen**: no version may change them, so that
//! any two versions can tell each other why they do not fit. A later version may append to a body;
//! a reader ignores what follows the part that it knows. Welcome and ready belong to the version
//! that the welcome names.

mod fields;
mod hello;
mod reject;
mod version;
mod welcome;

pub use hello::{Capabilities, Hello, Role};
pub use reject::{Reject, RejectCode};
pub use version::{ProtocolVersion, VersionRange};
pub use welcome::{NONCE_BYTES, Nonce, Ready, Welcome};

use crate::limits::HANDSHAKE_BYTES_MAX;

/// Length of what every handshake frame starts with.
pub const HEADER_BYTES: usize = 12;

const MAGIC: [u8; 4] = *b"NOVA";

/// One frame of the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandshakeFrame {
    /// Kind 1.
    Hello(Hello),
    /// Kind 2.
    Welcome(Welcome),
    /// Kind 3.
    Reject(Reject),
    /// Kind 4.
    Ready(Ready),
}

/// What every handshake frame starts with, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    kind: u8,
    /// How many bytes of body follow; at most [`HANDSHAKE_BYTES_MAX`].
    pub body_bytes: usize,
}

/// Bytes that are no handshake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeFrameError {
    /// Whatever this is, it is not a Nova.
    #[error("expected a nova handshake and found the bytes {0:02x?}")]
    NotNova([u8; 4]),
    /// The length is over the bound.
    #[error("the handshake frame has {found} bytes, more than {HANDSHAKE_BYTES_MAX}")]
    TooLong {
        /// The length announced.
        found: u32,
    },
    /// No frame has this kind.
    #[error("unknown kind {0} of handshake frame")]
    UnknownKind(u8),
    /// The body ends within a field.
    #[error("the handshake frame ends within its {0}")]
    Truncated(&'static str),
    /// A field is over its bound.
    #[error("the {field} has {found} bytes or items, more than {max}")]
    FieldTooLong {
        /// The field.
        field: &'static str,
        /// Its length.
        found: usize,
        /// Its bound.
        max: usize,
    },
    /// A field's value means nothing.
    #[error("the {field} cannot be {found}")]
    BadField {
        /// The field.
        field: &'static str,
        /// Its value.
        found: u64,
    },
    /// A text is not UTF-8.
    #[error("the {0} is not UTF-8")]
    NotUtf8(&'static str),
}

impl HandshakeFrame {
    /// What this frame is called.
    pub fn name(&self) -> &'static str {
        match self {
            HandshakeFrame::Hello(_) => "hello",
            HandshakeFrame::Welcome(_) => "welcome",
            HandshakeFrame::Reject(_) => "reject",
            HandshakeFrame::Ready(_) => "ready",
        }
    }

    /// The frame's bytes. A field over its bound is an error here, too: the peer would refuse it.
    pub fn encode(&self) -> Result<Vec<u8>, HandshakeFrameError> {
        let mut body = fields::Writer::default();
        let kind = match self {
            HandshakeFrame::Hello(hello) => {
                hello.write(&mut body)?;
                1
            }
            HandshakeFrame::Welcome(welcome) => {
                welcome.write(&mut body)?;
                2
            }
            HandshakeFrame::Reject(reject) => {
                reject.write(&mut body)?;
                3
            }
            HandshakeFrame::Ready(ready) => {
                ready.write(&mut body);
                4
            }
        };
        let body = body.into_bytes();
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        if length > HANDSHAKE_BYTES_MAX {
            return Err(HandshakeFrameError::TooLong { found: length });
        }
        let mut frame = Vec::with_capacity(HEADER_BYTES + body.len());
        frame.extend(MAGIC);
        frame.extend([kind, 0, 0, 0]);
        frame.extend(length.to_le_bytes());
        frame.extend(body);
        Ok(frame)
    }

    /// Reads the body that `header` announced.
    pub fn decode(header: Header, body: &[u8]) -> Result<Self, HandshakeFrameError> {
        let mut body = fields::Reader::new(body);
        Ok(match header.kind {
            1 => HandshakeFrame::Hello(Hello::read(&mut body)?),
            2 => HandshakeFrame::Welcome(Welcome::read(&mut body)?),
            3 => HandshakeFrame::Reject(Reject::read(&mut body)?),
            4 => HandshakeFrame::Ready(Ready::read(&mut body)?),
            kind => return Err(HandshakeFrameError::UnknownKind(kind)),
        })
    }
}

impl Header {
    /// Reads the first bytes of a handshake frame. The reserved bytes may hold anything.
    pub fn decode(bytes: [u8; HEADER_BYTES]) -> Result<Self, HandshakeFrameError> {
        let [m0, m1, m2, m3, kind, _, _, _, l0, l1, l2, l3] = bytes;
        let magic = [m0, m1, m2, m3];
        if magic != MAGIC {
            return Err(HandshakeFrameError::NotNova(magic));
        }
        let found = u32::from_le_bytes([l0, l1, l2, l3]);
        if found > HANDSHAKE_BYTES_MAX {
            return Err(HandshakeFrameError::TooLong { found });
        }
        Ok(Header { kind, body_bytes: found as usize })
    }
}
