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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::FRAME_PAYLOAD_BYTES_MIN;

    const FRAME: usize = FRAME_PAYLOAD_BYTES_MIN as usize;

    /// An outbox to a peer that takes small frames, and two large messages of three frames at a time.
    fn outbox() -> Outbox {
        Outbox::new(&Limits {
            frame_payload_bytes_max: FRAME_PAYLOAD_BYTES_MIN,
            reassembly_bytes_max: 6 * u64::from(FRAME_PAYLOAD_BYTES_MIN),
            ..Limits::default()
        })
    }

    fn body(frames: usize) -> Bytes {
        vec![0; frames * FRAME].into()
    }

    /// The kinds and ids of the next frames; `.` marks the end of a message.
    fn order(outbox: &mut Outbox) -> String {
        let frames = std::iter::from_fn(|| outbox.next_frame());
        let names = frames.map(|f| format!("{}{}{}", f.kind, f.id, if f.end { "." } else { "" }));
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_small_message_waits_for_one_frame_of_each_large_one() {
        let mut outbox = outbox();
        outbox.send(Kind::Request, RequestId(1), body(3));
        outbox.send(Kind::Request, RequestId(2), body(3));
        outbox.send(Kind::Request, RequestId(3), body(1));
        let expected = "request1 request2 request3. request1 request2 request1. request2.";
        assert_eq!(order(&mut outbox), expected);
    }

    #[test]
    fn signals_overtake_messages_and_a_goodbye_goes_last() {
        let mut outbox = outbox();
        outbox.goodbye(Bytes::from_static(b"\0\0"));
        outbox.send(Kind::Request, RequestId(1), body(0));
        outbox.cancel(RequestId(9));
        outbox.ping(5);
        outbox.pong(6);
        outbox.pong(7);
        assert_eq!(order(&mut outbox), "pong7. ping5. cancel9. request1. goodbye0.");
    }

    #[test]
    fn a_large_message_waits_until_the_peer_has_room_and_small_ones_do_not() {
        let mut outbox = outbox();
        outbox.send(Kind::Request, RequestId(1), body(2));
        outbox.send(Kind::Request, RequestId(2), body(6));
        outbox.send(Kind::Request, RequestId(3), body(1));
        let expected = "request1 request3. request1. \
                        request2 request2 request2 request2 request2 request2.";
        assert_eq!(order(&mut outbox), expected);
        assert_eq!(outbox.reassembly_bytes, 0);
    }

    #[test]
    fn only_the_latest_progress_is_sent() {
        let mut outbox = outbox();
        outbox.send_progress(RequestId(1), Bytes::from_static(b"old"));
        outbox.send_progress(RequestId(2), Bytes::from_static(b"other"));
        outbox.send_progress(RequestId(1), Bytes::from_static(b"new"));
        assert_eq!(outbox.next_frame().unwrap().payload, "new");
        assert_eq!(order(&mut outbox), "progress2.");
    }

    #[test]
    fn a_withdrawn_message_is_not_sent_on_and_leaves_its_room() {
        let mut outbox = outbox();
        for id in 1..=3 {
            outbox.send(Kind::Request, RequestId(id), body(3));
        }
        outbox.next_frame();
        assert_eq!(outbox.withdraw(RequestId(1)), Withdrawn::PartlySent);
        assert_eq!(outbox.withdraw(RequestId(2)), Withdrawn::Unsent);
        assert_eq!(order(&mut outbox), "request3 request3 request3.");
        assert_eq!(outbox.withdraw(RequestId(3)), Withdrawn::Sent);
        assert_eq!(outbox.reassembly_bytes, 0);
    }
}
