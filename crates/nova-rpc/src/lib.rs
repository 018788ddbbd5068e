//! Connections: carries `nova-protocol` over a stream of bytes.
//!
//! The only crate that touches a socket. It knows when to write, when to wait and when to give up; what
//! the bytes mean is the business of `nova-protocol`, and what a request does that of whoever answers it. A
//! router asks its workers, and a frontend asks a router, by the same means.
//!
//! ```text
//!  endpoint: unix:PATH, pipe:NAME, tcp+tls:HOST:PORT ─▶ a stream
//!                                               │      (or tokio::io::duplex: any stream)
//!            handshake: accept / connect ───────┤
//!                                               ▼
//!  asking: Caller ── call ──▶ ┌─────────────────────────────┐ ◀── next ── Incoming :answering
//!             ▲               │ connection: one task that   │                │
//!             └── answer ──── │ reads, writes and keeps the │ ◀─ respond ────┘
//!                             │ peer under watch            │
//!                             └─────────────────────────────┘
//! ```
//!
//! Everything runs on a current-thread runtime as well as on a multi-threaded one. The connection's
//! task never waits for whoever works on a request, so pings are answered while work goes on, as long
//! as the work does not block the runtime's thread.

mod endpoint;
mod listener;
pub mod private;
mod stream;
pub mod tls;

mod handshake;

mod closed;
mod connection;
mod pace;

mod caller;
mod incoming;

pub use caller::{CallError, Caller};
pub use closed::{Closed, Fault};
pub use connection::Connection;
pub use endpoint::{Address, Endpoint, EndpointError};
pub use handshake::{
    AcceptPolicy, Accepted, Admission, Challenge, HandshakeError, Joined, accept, join,
};
pub use incoming::{Incoming, IncomingRequest, Responder};
pub use listener::{Listener, Peer, ServerSecurity, Visitor};
pub use stream::{ClientSecurity, Duplex, Stream, connect, connect_securely};
