//! Why a connection ended, and whose fault that is.

use std::{io, sync::Arc, time::Duration};

use nova_protocol::{Goodbye, GoodbyeCode, ProtocolError};

/// Why a connection ended.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Closed {
    /// This side closed it.
    #[error("closed by this side")]
    ByUs,
    /// The peer closed it and said why.
    #[error("closed by the peer: {0}")]
    ByPeer(Goodbye),
    /// The peer is gone without a goodbye: its process ended, most likely.
    #[error("the peer hung up")]
    HungUp,
    /// The peer gave no sign of life.
    #[error("the peer was silent for {0:?}")]
    Silent(Duration),
    /// The peer broke the protocol.
    #[error(transparent)]
    Violated(#[from] ProtocolError),
    /// The peer sent more than anybody needs of what costs it nothing.
    #[error("the peer sent more than {per_second} reports and pings a second")]
    Flooded {
        /// The bound.
        per_second: u32,
    },
    /// The stream failed.
    #[error("the stream failed: {0}")]
    Io(Arc<io::Error>),
}

/// Whose fault the end of a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nobody's: it was closed in order.
    None,
    /// This side broke the protocol, says the peer.
    Ours,
    /// The peer broke the protocol.
    Peer,
    /// The peer or what lies between is gone or stuck.
    Lost,
}

impl Closed {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Closed::ByUs => Fault::None,
            Closed::ByPeer(Goodbye { code: GoodbyeCode::ProtocolError, .. }) => Fault::Ours,
            Closed::ByPeer(_) => Fault::None,
            Closed::Violated(_) | Closed::Flooded { .. } => Fault::Peer,
            Closed::HungUp | Closed::Silent(_) | Closed::Io(_) => Fault::Lost,
        }
    }

    /// What to tell the peer, if it can still be told.
    pub(crate) fn goodbye(&self) -> Option<Goodbye> {
        match self {
            Closed::ByUs => Some(Goodbye::done()),
            Closed::Violated(error) => {
                Some(Goodbye { code: GoodbyeCode::ProtocolError, text: error.to_string() })
            }
            Closed::Flooded { .. } => {
                Some(Goodbye { code: GoodbyeCode::ProtocolError, text: self.to_string() })
            }
            Closed::ByPeer(_) | Closed::HungUp | Closed::Silent(_) | Closed::Io(_) => None,
        }
    }
}

impl From<io::Error> for Closed {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset => Closed::HungUp,
            _ => Closed::Io(Arc::new(error)),
        }
    }
}
