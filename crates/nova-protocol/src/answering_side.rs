//! The end of a connection that answers each request exactly once: a worker's towards its router, a
//! router's towards a frontend.
//!
//! ```text
//!          first frame              last frame                answer()              last answer
//!  (no id) ───────────▶ receiving ─────────────▶ working ───────────────▶ answering ───────────▶ (no id)
//!                           │                                                ▲       frame sent
//!                           └── cancel: the answer is "cancelled" ───────────┘
//! ```
//!
//! A request counts as in flight until the last frame of its answer is written, so a peer that asks
//! without reading runs into the bound instead of filling this side's memory.

use std::collections::HashMap;

use bytes::Bytes;

use crate::{
    asking_side::Answer,
    assembler::Assembler,
    body,
    error::ProtocolError,
    frame::{Frame, Kind, RequestId},
    goodbye::Goodbye,
    limits::Limits,
    message::RequestError,
    outbox::Outbox,
};

/// The state of the answering end. Frames go in by [`receive`](Self::receive) and come out by
/// [`next_frame`](Self::next_frame).
#[derive(Debug)]
pub struct AnsweringSide {
    /// Invariant: at most `requests_in_flight_max`.
    exchanges: HashMap<RequestId, Exchange>,
    requests_in_flight_max: u32,
    assembler: Assembler,
    outbox: Outbox,
    peer: Limits,
}

/// What the peer sent.
#[derive(Debug, PartialEq, Eq)]
pub enum AnsweringEvent {
    /// A request, which must be answered.
    Request {
        /// Its id.
        id: RequestId,
        /// For [`body::decode_request`].
        body: Bytes,
    },
    /// The peer no longer wants this request, which must be answered all the same.
    Cancel {
        /// Its id.
        id: RequestId,
    },
    /// The peer closes.
    Goodbye(Goodbye),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exchange {
    Receiving,
    Working,
    Answering,
}

impl AnsweringSide {
    /// A side that takes what `own` allows and sends what `peer` announced.
    pub fn new(own: &Limits, peer: &Limits) -> Self {
        let peer = peer.capped();
        AnsweringSide {
            exchanges: HashMap::new(),
            requests_in_flight_max: own.requests_in_flight_max,
            assembler: Assembler::new(own),
            outbox: Outbox::new(&peer),
            peer,
        }
    }

    /// Queues a request's answer. A response that is over what the peer takes becomes an error that
    /// says so: the request is answered either way.
    ///
    /// A request that is not being worked on is left alone: its answer is on the way already.
    pub fn answer(&mut self, id: RequestId, answer: Answer) {
        let Some(exchange @ Exchange::Working) = self.exchanges.get_mut(&id) else {
            return;
        };
        *exchange = Exchange::Answering;
        let max = self.peer.message_bytes_max;
        match answer {
            Answer::Response(body) if body.len() as u64 <= max => {
                self.outbox.send(Kind::Response, id, body);
            }
            Answer::Response(body) => {
                let found = body.len();
                let text = format!("the answer has {found} bytes where the peer takes {max}");
                self.send_error(id, &RequestError::Failed(text));
            }
            Answer::Error(body) => self.outbox.send(Kind::Error, id, body),
        }
    }

    /// Queues a progress report made by [`body::encode_progress`], in place of an earlier one that is not sent yet. After the answer it
    /// says nothing.
    pub fn progress(&mut self, id: RequestId, progress: Bytes) {
        if self.exchanges.get(&id) == Some(&Exchange::Working) {
            self.outbox.send_progress(id, progress);
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
        let frame = self.outbox.next_frame()?;
        if frame.end && matches!(frame.kind, Kind::Response | Kind::Error) {
            self.exchanges.remove(&RequestId(frame.id));
        }
        Some(frame)
    }

    /// Takes a frame of the peer.
    pub fn receive(&mut self, frame: Frame) -> Result<Option<AnsweringEvent>, ProtocolError> {
        match frame.kind {
            Kind::Request => self.receive_request(frame),
            Kind::Cancel => Ok(self.receive_cancel(RequestId(frame.id))),
            Kind::Ping => {
                self.outbox.pong(frame.id);
                Ok(None)
            }
            Kind::Pong => Ok(None),
            Kind::Goodbye => Goodbye::decode(&frame.payload)
                .map(|goodbye| Some(AnsweringEvent::Goodbye(goodbye)))
                .ok_or_else(|| ProtocolError::malformed(&frame)),
            kind @ (Kind::Response | Kind::Error | Kind::Progress) => {
                Err(ProtocolError::WrongDirection(kind))
            }
        }
    }

    fn receive_request(&mut self, frame: Frame) -> Result<Option<AnsweringEvent>, ProtocolError> {
        let id = RequestId(frame.id);
        match self.exchanges.get(&id) {
            Some(Exchange::Receiving) => {}
            Some(Exchange::Working | Exchange::Answering) => {
                return Err(ProtocolError::DuplicateRequest(id));
            }
            None => {
                let max = self.requests_in_flight_max;
                if self.exchanges.len() >= max as usize {
                    return Err(ProtocolError::TooManyRequests { max });
                }
                self.exchanges.insert(id, Exchange::Receiving);
            }
        }
        let Some(body) = self.assembler.push(frame)? else {
            return Ok(None);
        };
        self.exchanges.insert(id, Exchange::Working);
        Ok(Some(AnsweringEvent::Request { id, body }))
    }

    /// An id that is not in use is no offence: the answer and the cancel have crossed.
    fn receive_cancel(&mut self, id: RequestId) -> Option<AnsweringEvent> {
        match self.exchanges.get_mut(&id)? {
            Exchange::Working => Some(AnsweringEvent::Cancel { id }),
            Exchange::Answering => None,
            exchange @ Exchange::Receiving => {
                *exchange = Exchange::Answering;
                self.assembler.forget(id);
                self.send_error(id, &RequestError::Cancelled);
                None
            }
        }
    }

    fn send_error(&mut self, id: RequestId, error: &RequestError) {
        self.outbox.send(Kind::Error, id, body::encode_error(error));
    }
}
