//! What can go wrong after the handshake, told apart by whose fault it is.
//!
//! [`ProtocolError`] is always the peer's fault and ends the connection. [`SendError`] is always
//! ours, concerns one message, and nothing of that message has been sent.

use crate::{
    frame::{Frame, Kind, RequestId},
    limits::LIST_ITEMS_MAX,
};

/// What the peer did that the protocol forbids. The connection cannot go on: after one broken rule
/// nothing that follows can be trusted to mean what it says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// A frame announces more than was agreed.
    #[error("the peer sent a frame of {found} bytes where at most {max} are agreed")]
    FrameTooLarge {
        /// The payload length announced.
        found: u32,
        /// The agreed bound.
        max: u32,
    },
    /// No kind of frame has this number.
    #[error("the peer sent a frame of the unknown kind {0}")]
    UnknownKind(u8),
    /// Flags or reserved bytes are set that mean nothing in this version.
    #[error(
        "the peer set unknown bits in a frame header (flags {flags:#04x}, reserved {reserved:#06x})"
    )]
    UnknownBits {
        /// The flags byte.
        flags: u8,
        /// The reserved field.
        reserved: u16,
    },
    /// A frame cannot be so, whatever went before: a ping with a payload, a progress report in parts.
    #[error("the peer sent a malformed {kind} frame ({bytes} bytes, end {end})")]
    MalformedFrame {
        /// The frame's kind.
        kind: Kind,
        /// The length of its payload.
        bytes: usize,
        /// Whether it was the last of its message.
        end: bool,
    },
    /// This kind of frame travels in the other direction only.
    #[error("the peer sent a {0} frame, which it may only receive")]
    WrongDirection(Kind),
    /// A message grew beyond the agreed bound.
    #[error("the peer sent a message of more than the {max} bytes agreed (request {id})")]
    MessageTooLarge {
        /// The request that it belongs to.
        id: RequestId,
        /// The agreed bound.
        max: u64,
    },
    /// The incomplete messages together grew beyond the agreed bound.
    #[error("the peer left more than the {max} bytes agreed in incomplete messages")]
    ReassemblyFull {
        /// The agreed bound.
        max: u64,
    },
    /// One request too many.
    #[error("the peer has more than the {max} requests agreed in flight")]
    TooManyRequests {
        /// The agreed bound.
        max: u32,
    },
    /// A request came under an id that is still in use.
    #[error("the peer used the id of request {0} a second time")]
    DuplicateRequest(RequestId),
    /// An answer or progress came for a request that is not open.
    #[error("the peer sent a {kind} for request {id}, which is not open")]
    UnknownRequest {
        /// The frame's kind.
        kind: Kind,
        /// The id that is not in use.
        id: RequestId,
    },
}

impl ProtocolError {
    /// This frame says nothing.
    pub fn malformed(frame: &Frame) -> Self {
        let Frame { kind, end, .. } = *frame;
        ProtocolError::MalformedFrame { kind, bytes: frame.payload.len(), end }
    }
}

/// Why a message of ours was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The peer takes no message of this size.
    #[error("the message has {found} bytes where the peer takes at most {max}")]
    MessageTooLarge {
        /// Its length.
        found: u64,
        /// The agreed bound.
        max: u64,
    },
    /// A list in it is over [`LIST_ITEMS_MAX`].
    #[error("a list in the message has more than {LIST_ITEMS_MAX} items")]
    ListTooLong,
    /// The peer takes no further request now. Whoever counts permits never sees this.
    #[error("{max} requests are in flight, as many as the peer takes")]
    TooManyRequests {
        /// The agreed bound.
        max: usize,
    },
}
