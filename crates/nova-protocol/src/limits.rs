//! Every bound of the protocol, in one place, and the four of them that a handshake agrees on.
//!
//! A bound here protects the side that *receives*. What a side announces in its hello or welcome is
//! what it is willing to take; the other side keeps to that or to its own bound, whichever is lower.

use std::time::Duration;

/// Payload of one frame. Small, so that a large message never holds up a small one for longer than
/// it takes to write this much.
pub const FRAME_PAYLOAD_BYTES_MAX: u32 = 64 * 1024;

/// The least frame payload that a peer may announce: an error, a progress report and a goodbye must
/// each fit into one frame.
pub const FRAME_PAYLOAD_BYTES_MIN: u32 = 16 * 1024;

/// A message after reassembly. A shard's list of files is the largest: a million paths of 60 bytes.
pub const MESSAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// All messages of one connection that have begun to arrive and are not complete. At least one
/// message of the largest size must fit.
pub const REASSEMBLY_BYTES_MAX: u64 = 2 * MESSAGE_BYTES_MAX;

/// Requests of one connection that are not answered yet.
pub const REQUESTS_IN_FLIGHT_MAX: u32 = 256;

/// A handshake frame's body. It is read before the peer has shown its token.
pub const HANDSHAKE_BYTES_MAX: u32 = 64 * 1024;

/// A token.
pub const TOKEN_BYTES_MAX: usize = 1024;

/// A product version (`0.1.0`) in a handshake.
pub const PRODUCT_VERSION_BYTES_MAX: usize = 64;

/// A peer's name in a handshake.
pub const PEER_NAME_BYTES_MAX: usize = 256;

/// The shards that a worker may restrict itself to.
pub const SHARD_RESTRICTION_MAX: usize = 8 * 1024;

/// The path of a nonce file in a handshake.
pub const NONCE_PATH_BYTES_MAX: usize = 16 * 1024;

/// The text of a reject, a goodbye or a request error. Longer text is cut by its sender.
pub const TEXT_BYTES_MAX: usize = 8 * 1024;

/// The items of any one list in a message. With the bound on the message it keeps what a hostile
/// message can make its reader allocate to a few times the message's size.
pub const LIST_ITEMS_MAX: usize = 2 * 1024 * 1024;

/// How long a handshake may take from the first byte awaited to the last.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may be silent before a side pings the other.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// How long a connection may be silent before the peer counts as dead.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a side tries to deliver what it has queued, and its goodbye, when it closes.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// What one side is willing to receive; travels in hello and welcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// See [`FRAME_PAYLOAD_BYTES_MAX`].
    pub frame_payload_bytes_max: u32,
    /// See [`REQUESTS_IN_FLIGHT_MAX`].
    pub requests_in_flight_max: u32,
    /// See [`MESSAGE_BYTES_MAX`].
    pub message_bytes_max: u64,
    /// See [`REASSEMBLY_BYTES_MAX`].
    pub reassembly_bytes_max: u64,
}

/// Limits that no connection can work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableLimits {
    /// Errors would not fit into a frame.
    #[error("frames of {found} bytes are too small, at least {FRAME_PAYLOAD_BYTES_MIN} are needed")]
    FramePayload {
        /// The value announced.
        found: u32,
    },
    /// Nothing could ever be asked.
    #[error("no request may be in flight")]
    RequestsInFlight,
    /// A message must be at least a frame.
    #[error("messages of {message} bytes are smaller than frames of {frame} bytes")]
    Message {
        /// The message bound announced.
        message: u64,
        /// The frame bound announced.
        frame: u32,
    },
    /// The largest message could never be assembled.
    #[error("{reassembly} bytes for reassembly do not hold a message of {message} bytes")]
    Reassembly {
        /// The reassembly bound announced.
        reassembly: u64,
        /// The message bound announced.
        message: u64,
    },
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            frame_payload_bytes_max: FRAME_PAYLOAD_BYTES_MAX,
            requests_in_flight_max: REQUESTS_IN_FLIGHT_MAX,
            message_bytes_max: MESSAGE_BYTES_MAX,
            reassembly_bytes_max: REASSEMBLY_BYTES_MAX,
        }
    }
}

impl Limits {
    /// Whether a connection can work with these limits at all.
    pub fn check(&self) -> Result<(), UnusableLimits> {
        let frame = self.frame_payload_bytes_max;
        let (message, reassembly) = (self.message_bytes_max, self.reassembly_bytes_max);
        if frame < FRAME_PAYLOAD_BYTES_MIN {
            return Err(UnusableLimits::FramePayload { found: frame });
        }
        if self.requests_in_flight_max == 0 {
            return Err(UnusableLimits::RequestsInFlight);
        }
        if message < u64::from(frame) {
            return Err(UnusableLimits::Message { message, frame });
        }
        if reassembly < message {
            return Err(UnusableLimits::Reassembly { reassembly, message });
        }
        Ok(())
    }

    /// What a sender keeps to that was told `self`: no more than the bounds of this build.
    pub(crate) fn capped(&self) -> Limits {
        let own = Limits::default();
        Limits {
            frame_payload_bytes_max: self.frame_payload_bytes_max.min(own.frame_payload_bytes_max),
            requests_in_flight_max: self.requests_in_flight_max.min(own.requests_in_flight_max),
            message_bytes_max: self.message_bytes_max.min(own.message_bytes_max),
            reassembly_bytes_max: self.reassembly_bytes_max.min(own.reassembly_bytes_max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limits_are_usable() {
        assert_eq!(Limits::default().check(), Ok(()));
        assert_eq!(Limits::default().capped(), Limits::default());
    }

    #[test]
    fn limits_that_no_connection_can_work_with_are_named() {
        let good = Limits::default();
        let check = |limits: Limits, expected| assert_eq!(limits.check(), Err(expected));
        check(
            Limits { frame_payload_bytes_max: 1, ..good },
            UnusableLimits::FramePayload { found: 1 },
        );
        check(Limits { requests_in_flight_max: 0, ..good }, UnusableLimits::RequestsInFlight);
        check(
            Limits { message_bytes_max: 7, ..good },
            UnusableLimits::Message { message: 7, frame: FRAME_PAYLOAD_BYTES_MAX },
        );
        check(
            Limits { reassembly_bytes_max: 7, ..good },
            UnusableLimits::Reassembly { reassembly: 7, message: MESSAGE_BYTES_MAX },
        );
    }
}
