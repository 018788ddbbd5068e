//! The answer to a hello that is let in, and the peer's word on whether it shares the router's disk.

use std::{fmt, time::Duration};

use bytes::Bytes;
use subtle::ConstantTimeEq;

use super::{HandshakeFrameError, ProtocolVersion, fields, hello};
use crate::limits::{Limits, NONCE_PATH_BYTES_MAX};

/// Length of a nonce.
pub const NONCE_BYTES: usize = 16;

/// Random bytes that only a process that reads the router's disk can know.
#[derive(Clone, Copy)]
pub struct Nonce(pub [u8; NONCE_BYTES]);

/// What a router tells a peer that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The version that both speak from here on.
    pub version: ProtocolVersion,
    /// The peer's number, by which the router's logs name it.
    pub number: u32,
    /// What the router takes.
    pub limits: Limits,
    /// After how much silence each side pings.
    pub keepalive_interval: Duration,
    /// After how much silence each side gives the other up.
    pub keepalive_timeout: Duration,
    /// The file that holds the nonce, absolute; without one a worker counts as remote.
    pub nonce_path: Option<Bytes>,
}

/// The last frame of the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// What the peer read from the nonce file, if it could.
    pub nonce: Option<Nonce>,
}

impl Welcome {
    pub(super) fn write(&self, body: &mut fields::Writer) -> Result<(), HandshakeFrameError> {
        body.u16(self.version.0);
        body.u32(self.number);
        hello::write_limits(&self.limits, body);
        body.u32(milliseconds(self.keepalive_interval));
        body.u32(milliseconds(self.keepalive_timeout));
        let path = self.nonce_path.as_deref().unwrap_or_default();
        body.bytes("nonce path", path, NONCE_PATH_BYTES_MAX)
    }

    pub(super) fn read(body: &mut fields::Reader<'_>) -> Result<Self, HandshakeFrameError> {
        let version = ProtocolVersion(body.u16("version")?);
        let number = body.u32("number")?;
        let limits = hello::read_limits(body)?;
        let keepalive_interval = read_duration("keepalive interval", body)?;
        let keepalive_timeout = read_duration("keepalive timeout", body)?;
        let path = body.bytes("nonce path", NONCE_PATH_BYTES_MAX)?;
        let nonce_path = (!path.is_empty()).then(|| Bytes::copy_from_slice(path));
        Ok(Welcome { version, number, limits, keepalive_interval, keepalive_timeout, nonce_path })
    }
}

impl Ready {
    pub(super) fn write(&self, body: &mut fields::Writer) {
        body.u8(self.nonce.is_some().into());
        if let Some(nonce) = &self.nonce {
            body.raw(&nonce.0);
        }
    }

    pub(super) fn read(body: &mut fields::Reader<'_>) -> Result<Self, HandshakeFrameError> {
        let nonce = match body.u8("nonce flag")? {
            0 => None,
            1 => Some(Nonce(body.array("nonce")?)),
            found => {
                let found = found.into();
                return Err(HandshakeFrameError::BadField { field: "nonce flag", found });
            }
        };
        Ok(Ready { nonce })
    }
}

impl PartialEq for Nonce {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Nonce {}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// Zero would be a ping in every instant.
fn read_duration(
    field: &'static str,
    body: &mut fields::Reader<'_>,
) -> Result<Duration, HandshakeFrameError> {
    match body.u32(field)? {
        0 => Err(HandshakeFrameError::BadField { field, found: 0 }),
        ms => Ok(Duration::from_millis(ms.into())),
    }
}
