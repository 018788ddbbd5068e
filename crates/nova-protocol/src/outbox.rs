//! What a side has still to send, and in which order its frames go out.
//!
//! Signals (pings, pongs, cancels) go first. Messages take turns of one frame each, so a small message
//! waits for at most one frame of each large one. A message of several frames begins only when the
//! peer has room to assemble it. A goodbye goes last.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::{
    frame::{Frame, Kind, RequestId},
    limits::Limits,
};

/// The queues of one side. Each is bounded by the requests in flight: a request has at most one
/// message, one progress report and one cancel queued; pings and pongs have one place each.
#[derive(Debug)]
pub(crate) struct Outbox {
    ping: Option<u64>,
    pong: Option<u64>,
    cancels: VecDeque<RequestId>,
    /// Messages that take turns.
    sending: VecDeque<Outgoing>,
    /// Messages of several frames for which the peer has no room yet.
    waiting: VecDeque<Outgoing>,
    goodbye: Option<Bytes>,
    /// Invariant: the sum of the lengths of the messages of several frames in `sending`.
    reassembly_bytes: u64,
    frame_payload_bytes_max: usize,
    reassembly_bytes_max: u64,
}

/// A message on its way out.
#[derive(Debug)]
struct Outgoing {
    kind: Kind,
    id: RequestId,
    /// What is still to be sent.
    rest: Bytes,
    /// What the peer must hold until the message is complete; nothing for a message of one frame.
    reassembly_bytes: u64,
    begun: bool,
}

/// How much of a request was sent when it was withdrawn.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Withdrawn {
    /// Nothing: the peer never hears of it.
    Unsent,
    /// A part; the rest will not follow.
    PartlySent,
    /// All of it.
    Sent,
}

impl Outbox {
    /// An outbox that keeps to what the peer takes.
    pub(crate) fn new(peer: &Limits) -> Self {
        Outbox {
            ping: None,
            pong: None,
            cancels: VecDeque::new(),
            sending: VecDeque::new(),
            waiting: VecDeque::new(),
            goodbye: None,
            reassembly_bytes: 0,
            frame_payload_bytes_max: peer.frame_payload_bytes_max as usize,
            reassembly_bytes_max: peer.reassembly_bytes_max,
        }
    }

    pub(crate) fn ping(&mut self, id: u64) {
        self.ping = Some(id);
    }

    /// Only the latest ping is answered: a peer that floods pings gets no queue for it.
    pub(crate) fn pong(&mut self, id: u64) {
        self.pong = Some(id);
    }

    pub(crate) fn cancel(&mut self, id: RequestId) {
        self.cancels.push_back(id);
    }

    pub(crate) fn goodbye(&mut self, body: Bytes) {
        self.goodbye = Some(body);
    }

    /// Drops everything that has not begun: what is left is the connection's end.
    pub(crate) fn clear(&mut self) {
        self.ping = None;
        self.pong = None;
        self.cancels.clear();
        self.sending.clear();
        self.waiting.clear();
        self.reassembly_bytes = 0;
    }

    /// Queues a message.
    pub(crate) fn send(&mut self, kind: Kind, id: RequestId, body: Bytes) {
        let several = body.len() > self.frame_payload_bytes_max;
        let reassembly_bytes = if several { body.len() as u64 } else { 0 };
        let message = Outgoing { kind, id, rest: body, reassembly_bytes, begun: false };
        if several {
            self.waiting.push_back(message);
            self.admit_waiting();
        } else {
            self.sending.push_back(message);
        }
    }

    /// Queues a progress report in place of one for the same request that was not sent yet.
    pub(crate) fn send_progress(&mut self, id: RequestId, body: Bytes) {
        let queued = self.sending.iter_mut().find(|m| m.kind == Kind::Progress && m.id == id);
        match queued {
            Some(message) => message.rest = body,
            None => self.send(Kind::Progress, id, body),
        }
    }

    /// Takes back what has not been sent of a request.
    pub(crate) fn withdraw(&mut self, id: RequestId) -> Withdrawn {
        let is_it = |m: &Outgoing| m.kind == Kind::Request && m.id == id;
        if let Some(at) = self.waiting.iter().position(is_it) {
            self.waiting.remove(at);
            return Withdrawn::Unsent;
        }
        let Some(at) = self.sending.iter().position(is_it) else {
            return Withdrawn::Sent;
        };
        let Some(message) = self.sending.remove(at) else {
            return Withdrawn::Sent;
        };
        self.release(&message);
        if message.begun { Withdrawn::PartlySent } else { Withdrawn::Unsent }
    }

    /// The next frame to write.
    pub(crate) fn next_frame(&mut self) -> Option<Frame> {
        if let Some(id) = self.pong.take() {
            return Some(Frame::signal(Kind::Pong, id));
        }
        if let Some(id) = self.ping.take() {
            return Some(Frame::signal(Kind::Ping, id));
        }
        if let Some(id) = self.cancels.pop_front() {
            return Some(Frame::signal(Kind::Cancel, id.0));
        }
        if let Some(mut message) = self.sending.pop_front() {
            let length = message.rest.len().min(self.frame_payload_bytes_max);
            let payload = message.rest.split_to(length);
            let (kind, id, end) = (message.kind, message.id.0, message.rest.is_empty());
            if end {
                self.release(&message);
            } else {
                message.begun = true;
                self.sending.push_back(message);
            }
            return Some(Frame { kind, end, id, payload });
        }
        let payload = self.goodbye.take()?;
        Some(Frame { kind: Kind::Goodbye, end: true, id: 0, payload })
    }

    /// The peer no longer holds anything of this message.
    fn release(&mut self, message: &Outgoing) {
        self.reassembly_bytes -= message.reassembly_bytes;
        self.admit_waiting();
    }

    fn admit_waiting(&mut self) {
        while let Some(first) = self.waiting.front() {
            if self.reassembly_bytes + first.reassembly_bytes > self.reassembly_bytes_max {
                return;
            }
            self.reassembly_bytes += first.reassembly_bytes;
            self.sending.extend(self.waiting.pop_front());
        }
    }
}
