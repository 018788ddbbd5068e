//! The answer to a hello that is not let in. Its bytes are frozen; `docs/protocol.md` draws them.

use std::fmt;

use super::{HandshakeFrameError, VersionRange, fields, version::ProtocolVersion};
use crate::{
    body::clipped,
    limits::{PRODUCT_VERSION_BYTES_MAX, TEXT_BYTES_MAX},
};

/// Why a router does not take a peer. It closes the connection afterwards.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Reject {
    /// The reason, for programs.
    pub code: RejectCode,
    /// The protocol versions that the router speaks.
    pub versions: VersionRange,
    /// The version of the router's program, for people.
    pub product_version: String,
    /// The reason, for people.
    pub message: String,
}

/// The reason of a reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectCode {
    /// No protocol version is common.
    VersionMismatch,
    /// The token is wrong or missing.
    BadToken,
    /// The hello cannot be read, or its limits allow no connection.
    BadHello,
    /// The router has no use for this peer: as many as it takes are there, or its role or shard is not
    /// wanted here.
    NotWanted,
    /// The router is about to end.
    ShuttingDown,
    /// A reason that this version does not know.
    Unknown(u16),
}

impl Reject {
    /// A reject by a router of this build.
    pub fn new(
        code: RejectCode,
        product_version: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Reject {
            code,
            versions: VersionRange::CURRENT,
            product_version: product_version.into(),
            message: message.into(),
        }
    }

    pub(super) fn write(&self, body: &mut fields::Writer) -> Result<(), HandshakeFrameError> {
        body.u16(self.code.to_number());
        body.u16(self.versions.min.0);
        body.u16(self.versions.max.0);
        let version = self.product_version.as_bytes();
        body.bytes("product version", version, PRODUCT_VERSION_BYTES_MAX)?;
        body.bytes("message", clipped(&self.message).as_bytes(), TEXT_BYTES_MAX)
    }

    pub(super) fn read(body: &mut fields::Reader<'_>) -> Result<Self, HandshakeFrameError> {
        Ok(Reject {
            code: RejectCode::from_number(body.u16("code")?),
            versions: VersionRange {
                min: ProtocolVersion(body.u16("oldest version")?),
                max: ProtocolVersion(body.u16("newest version")?),
            },
            product_version: body.text("product version", PRODUCT_VERSION_BYTES_MAX)?,
            message: body.text("message", TEXT_BYTES_MAX)?,
        })
    }
}

impl RejectCode {
    fn to_number(self) -> u16 {
        match self {
            RejectCode::VersionMismatch => 1,
            RejectCode::BadToken => 2,
            RejectCode::BadHello => 3,
            RejectCode::NotWanted => 4,
            RejectCode::ShuttingDown => 5,
            RejectCode::Unknown(number) => number,
        }
    }

    fn from_number(number: u16) -> Self {
        match number {
            1 => RejectCode::VersionMismatch,
            2 => RejectCode::BadToken,
            3 => RejectCode::BadHello,
            4 => RejectCode::NotWanted,
            5 => RejectCode::ShuttingDown,
            number => RejectCode::Unknown(number),
        }
    }
}

impl fmt::Display for RejectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RejectCode::VersionMismatch => f.write_str("version mismatch"),
            RejectCode::BadToken => f.write_str("bad token"),
            RejectCode::BadHello => f.write_str("bad hello"),
            RejectCode::NotWanted => f.write_str("not wanted"),
            RejectCode::ShuttingDown => f.write_str("shutting down"),
            RejectCode::Unknown(number) => write!(f, "code {number}"),
        }
    }
}
