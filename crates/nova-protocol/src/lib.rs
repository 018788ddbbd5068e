//! The protocol between a router, its workers and its frontends: what the bytes on a connection mean.
//!
//! This crate is sans-IO. Bytes go in, messages come out, and the other way round; sockets, clocks,
//! tasks and files belong to `nova-rpc` and above. It cannot read a shard index: one travels as the
//! very bytes of its file.
//!
//! A connection begins with a [`handshake`], whose first and last words are frozen so that any two
//! versions can tell each other why they do not fit. After it, a message goes down this stack on one
//! side and up it on the other:
//!
//! ```text
//!  Request, Response, …      message      what is asked and answered
//!        │  ▲
//!  body: Bytes               body         postcard, with bounds on every list
//!        ▼  │
//!  AskingSide, AnsweringSide asking_side, answering_side
//!        │  ▲                             which requests are open, and who owes an answer
//!  Outbox │ Assembler        outbox, assembler
//!        ▼  │                             messages ⇄ interleaved frames
//!  Frame, FrameDecoder       frame        frames ⇄ bytes
//! ```
//!
//! Every bound is in [`limits`]; `docs/protocol.md` is the normative text.

pub mod limits;

mod token;

pub mod handshake;

mod error;
pub mod frame;

mod goodbye;

mod assembler;
mod outbox;

mod answering_side;
mod asking_side;

pub mod body;
mod bounded;
mod dialogue;
pub mod frontend;
pub mod inspection;
pub mod message;
pub mod path;
pub mod place;
pub mod shipping;

pub use answering_side::{AnsweringEvent, AnsweringSide};
pub use asking_side::{Answer, AskingEvent, AskingSide, CancelOutcome};
pub use dialogue::Dialogue;
pub use error::{ProtocolError, SendError};
pub use goodbye::{Goodbye, GoodbyeCode};
pub use token::{Token, TokenError};
