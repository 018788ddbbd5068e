//! Connections against each other and against a peer that is told what to send, frame by frame.

mod calls;
mod handshake;
mod liveness;
mod sockets;
mod support;
mod violations;
