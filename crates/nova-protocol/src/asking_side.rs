//! The end of a connection that asks; each request of it is answered exactly once. A router asks its
//! workers; a frontend asks a router.
//!
//! ```text
//!           request()                 last answer frame
//!  (no id) ───────────▶ open ───────────────────────────▶ (no id)
//!                        │                                   ▲
//!                        │ cancel()                          │ last answer frame
//!                        ├──────────────▶ cancelled ─────────┘
//!                        │
//!                        └── cancel(), nothing sent yet ───▶ (no id)
//! ```
//!
//! A cancelled request stays in the table until its answer has come, so the peer's count of requests
//! in flight and this side's agree without further frames.

use std::collections::HashMap;

use bytes::Bytes;

use crate::{
    assembler::Assembler,
    error::{ProtocolError, SendError},
    frame::{Frame, Kind, RequestId},
    goodbye::Goodbye,
    limits::Limits,
    outbox::{Outbox, Withdrawn},
};

/// The state of the asking end. Frames go in by [`receive`](Self::receive) and come out by
/// [`next_frame`](Self::next_frame).
#[derive(Debug)]
pub struct AskingSide {
    /// Invariant: at most `peer.requests_in_flight_max`.
    exchanges: HashMap<RequestId, Exchange>,
    last_id: u64,
    assembler: Assembler,
    outbox: Outbox,
    peer: Limits,
}

/// What the peer sent.
#[derive(Debug, PartialEq, Eq)]
pub enum AskingEvent {
    /// A request's answer: its id is free now.
    Answer {
        /// The request.
        id: RequestId,
        /// What came of it.
        answer: Answer,
    },
    /// How far a request is.
    Progress {
        /// The request.
        id: RequestId,
        /// For [`body::decode_progress`].
        progress: Bytes,
    },
    /// The peer closes.
    Goodbye(Goodbye),
}

/// The answer to a request, not decoded yet.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// For [`body::decode_response`].
    Response(Bytes),
    /// For [`body::decode_error`].
    Error(Bytes),
}

/// What became of a cancelled request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It was not sent, and no answer will come: its id is free now.
    NeverSent,
    /// The peer was told; the answer is still to come.
    Told,
    /// Its answer had come before.
    NotOpen,
}

#[derive(Debug, Default)]
struct Exchange {
    cancelled: bool,
}

impl AskingSide {
    /// A side that takes what `own` allows and sends what `peer` announced.
    pub fn new(own: &Limits, peer: &Limits) -> Self {
        let peer = peer.capped();
        AskingSide {
            exchanges: HashMap::new(),
            last_id: 0,
            assembler: Assembler::new(own),
            outbox: Outbox::new(&peer),
            peer,
        }
    }

    /// How many requests the peer takes at a time.
    pub fn requests_in_flight_max(&self) -> usize {
        self.peer.requests_in_flight_max as usize
    }

    /// Queues a request made by [`body::encode_request`].
    pub fn request(&mut self, body: Bytes) -> Result<RequestId, SendError> {
        let (found, max) = (body.len() as u64, self.peer.message_bytes_max);
        if found > max {
            return Err(SendError::MessageTooLarge { found, max });
        }
        let max = self.requests_in_flight_max();
        if self.exchanges.len() >= max {
            return Err(SendError::TooManyRequests { max });
        }
        self.last_id += 1;
        let id = RequestId(self.last_id);
        self.exchanges.insert(id, Exchange::default());
        self.outbox.send(Kind::Request, id, body);
        Ok(id)
    }

    /// Stops a request, at whatever point it is.
    pub fn cancel(&mut self, id: RequestId) -> CancelOutcome {
        match self.exchanges.get_mut(&id) {
            None => return CancelOutcome::NotOpen,
            Some(exchange) if exchange.cancelled => return CancelOutcome::Told,
            Some(exchange) => exchange.cancelled = true,
        }
        match self.outbox.withdraw(id) {
            Withdrawn::Unsent => {
                self.exchanges.remove(&id);
                CancelOutcome::NeverSent
            }
            Withdrawn::PartlySent | Withdrawn::Sent => {
                self.outbox.cancel(id);
                CancelOutcome::Told
            }
        }
    }

    /// Asks the peer for a sign of life.
    pub fn ping(&mut self, id: u64) {
        self.outbox.ping(id);
    }

    /// Queues the last frame.
    pub fn goodbye(&mut self, goodbye: &Goodbye) {
        self.outbox.goodbye(goodbye.encode());
    }

    /// Gives up everything queued: the connection cannot go on.
    pub fn abandon(&mut self) {
        self.outbox.clear();
    }

    /// The next frame to write, if there is one.
    pub fn next_frame(&mut self) -> Option<Frame> {
        self.outbox.next_frame()
    }

    /// Takes a frame of the peer.
    pub fn receive(&mut self, frame: Frame) -> Result<Option<AskingEvent>, ProtocolError> {
        let id = RequestId(frame.id);
        let kind = frame.kind;
        match kind {
            Kind::Response | Kind::Error | Kind::Progress if !self.exchanges.contains_key(&id) => {
                Err(ProtocolError::UnknownRequest { kind, id })
            }
            Kind::Response => {
                let Some(body) = self.assembler.push(frame)? else {
                    return Ok(None);
                };
                Ok(Some(self.answered(id, Answer::Response(body))))
            }
            Kind::Error => {
                // A peer that fails midway may put an error in place of the rest of a response.
                self.assembler.forget(id);
                Ok(Some(self.answered(id, Answer::Error(frame.payload))))
            }
            Kind::Progress => Ok(Some(AskingEvent::Progress { id, progress: frame.payload })),
            Kind::Ping => {
                self.outbox.pong(frame.id);
                Ok(None)
            }
            Kind::Pong => Ok(None),
            Kind::Goodbye => Goodbye::decode(&frame.payload)
                .map(|goodbye| Some(AskingEvent::Goodbye(goodbye)))
                .ok_or_else(|| ProtocolError::malformed(&frame)),
            Kind::Request | Kind::Cancel => Err(ProtocolError::WrongDirection(kind)),
        }
    }

    fn answered(&mut self, id: RequestId, answer: Answer) -> AskingEvent {
        self.exchanges.remove(&id);
        AskingEvent::Answer { id, answer }
    }
}
