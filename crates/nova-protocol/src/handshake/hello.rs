//! The first frame of a connection. Its bytes are frozen; `docs/protocol.md` draws them.

use std::fmt;

use super::{HandshakeFrameError, VersionRange, fields, version::ProtocolVersion};
use crate::{
    limits::{
        Limits, PEER_NAME_BYTES_MAX, PRODUCT_VERSION_BYTES_MAX, SHARD_RESTRICTION_MAX,
        TOKEN_BYTES_MAX,
    },
    token::Token,
};

/// What a connecting side says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The protocol versions that it speaks.
    pub versions: VersionRange,
    /// What it can do beside what its protocol version says.
    pub capabilities: Capabilities,
    /// What it takes.
    pub limits: Limits,
    /// What it wants to be.
    pub role: Role,
    /// The version of its program, for people.
    pub product_version: String,
    /// What to call it in logs.
    pub name: String,
    /// The secret that lets it in.
    pub token: Option<Token>,
    /// The only shards that it wants to work on.
    pub shards: Option<Vec<u32>>,
}

/// A set of optional abilities, by bit. None is defined yet; a reader ignores those it does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities(pub u64);

/// What a connecting side wants to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It answers a router's requests.
    Worker,
    /// It asks a router for symbols.
    Frontend,
    /// It asks a router to end. The answer is a reject, whatever versions the two speak.
    Stop,
    /// A role that this version does not know.
    Unknown(u8),
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Role::Worker => f.write_str("worker"),
            Role::Frontend => f.write_str("frontend"),
            Role::Stop => f.write_str("request to end"),
            Role::Unknown(role) => write!(f, "peer of role {role}"),
        }
    }
}

impl Hello {
    /// The hello of a worker of this build, without a token.
    pub fn worker(name: impl Into<String>, product_version: impl Into<String>) -> Self {
        Self::of(Role::Worker, name, product_version)
    }

    /// The hello of a peer of this build, without a token.
    pub fn of(role: Role, name: impl Into<String>, product_version: impl Into<String>) -> Self {
        Hello {
            versions: VersionRange::CURRENT,
            capabilities: Capabilities::default(),
            limits: Limits::default(),
            role,
            product_version: product_version.into(),
            name: name.into(),
            token: None,
            shards: None,
        }
    }

    pub(super) fn write(&self, body: &mut fields::Writer) -> Result<(), HandshakeFrameError> {
        body.u16(self.versions.min.0);
        body.u16(self.versions.max.0);
        body.u64(self.capabilities.0);
        write_limits(&self.limits, body);
        body.u8(match self.role {
            Role::Worker => 1,
            Role::Frontend => 2,
            Role::Stop => 3,
            Role::Unknown(role) => role,
        });
        body.u8(self.shards.is_some().into());
        let (version, name) = (self.product_version.as_bytes(), self.name.as_bytes());
        body.bytes("product version", version, PRODUCT_VERSION_BYTES_MAX)?;
        body.bytes("name", name, PEER_NAME_BYTES_MAX)?;
        body.bytes("token", self.token.as_ref().map_or(&[], Token::reveal), TOKEN_BYTES_MAX)?;
        body.u32s("shard list", self.shards.as_deref().unwrap_or(&[]), SHARD_RESTRICTION_MAX)
    }

    pub(super) fn read(body: &mut fields::Reader<'_>) -> Result<Self, HandshakeFrameError> {
        let versions = VersionRange {
            min: ProtocolVersion(body.u16("oldest version")?),
            max: ProtocolVersion(body.u16("newest version")?),
        };
        let capabilities = Capabilities(body.u64("capabilities")?);
        let limits = read_limits(body)?;
        let role = match body.u8("role")? {
            1 => Role::Worker,
            2 => Role::Frontend,
            3 => Role::Stop,
            role => Role::Unknown(role),
        };
        let restricted = match body.u8("shard restriction")? {
            0 => false,
            1 => true,
            found => {
                let field = "shard restriction";
                return Err(HandshakeFrameError::BadField { field, found: found.into() });
            }
        };
        let product_version = body.text("product version", PRODUCT_VERSION_BYTES_MAX)?;
        let name = body.text("name", PEER_NAME_BYTES_MAX)?;
        // An empty token is an absent one, and the bound was checked with the length.
        let token = Token::new(body.bytes("token", TOKEN_BYTES_MAX)?).ok();
        let shards = body.u32s("shard list", SHARD_RESTRICTION_MAX)?;
        let shards = restricted.then_some(shards);
        Ok(Hello { versions, capabilities, limits, role, product_version, name, token, shards })
    }
}

/// Limits as hello and welcome carry them; 24 bytes.
pub(super) fn write_limits(limits: &Limits, body: &mut fields::Writer) {
    body.u32(limits.frame_payload_bytes_max);
    body.u32(limits.requests_in_flight_max);
    body.u64(limits.message_bytes_max);
    body.u64(limits.reassembly_bytes_max);
}

/// See [`write_limits`].
pub(super) fn read_limits(body: &mut fields::Reader<'_>) -> Result<Limits, HandshakeFrameError> {
    Ok(Limits {
        frame_payload_bytes_max: body.u32("frame limit")?,
        requests_in_flight_max: body.u32("request limit")?,
        message_bytes_max: body.u64("message limit")?,
        reassembly_bytes_max: body.u64("reassembly limit")?,
    })
}
