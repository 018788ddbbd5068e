//! A router's and a worker's side against each other, in any order of events: every request is answered
//! exactly once, whatever is cancelled, however its frames are delayed.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use nova_protocol::{
    Answer, AnsweringEvent, AnsweringSide, AskingEvent, AskingSide, CancelOutcome, Goodbye,
    ProtocolError, SendError, body,
    frame::{Frame, Kind, RequestId},
    limits::{FRAME_PAYLOAD_BYTES_MIN, Limits},
    message::RequestError,
};
use proptest::{collection::vec, prelude::*};

const FRAME: usize = FRAME_PAYLOAD_BYTES_MIN as usize;

#[test]
fn a_request_is_answered_under_its_id() {
    let mut pair = Pair::new();
    let id = pair.router.request("question".into()).unwrap();
    pair.deliver_all();
    assert_eq!(pair.working, [(id, Bytes::from("question"))]);
    pair.worker.progress(id, "half".into());
    pair.worker.answer(id, Answer::Response("answer".into()));
    pair.deliver_all();
    assert_eq!(pair.progress[&id], "half");
    assert_eq!(pair.answers[&id], Answer::Response("answer".into()));
}

#[test]
fn what_is_cancelled_before_it_is_sent_never_reaches_the_worker() {
    let mut pair = Pair::new();
    let id = pair.router.request("question".into()).unwrap();
    assert_eq!(pair.router.cancel(id), CancelOutcome::NeverSent);
    assert_eq!(pair.router.cancel(id), CancelOutcome::NotOpen);
    pair.deliver_all();
    assert_eq!(pair.working, []);
}

#[test]
fn what_is_cancelled_while_it_is_sent_is_answered_without_reaching_the_worker() {
    let mut pair = Pair::new();
    let id = pair.router.request(vec![0; 3 * FRAME].into()).unwrap();
    pair.send_to_worker();
    assert_eq!(pair.router.cancel(id), CancelOutcome::Told);
    pair.deliver_all();
    assert_eq!(pair.working, []);
    assert_eq!(pair.answers[&id], Answer::Error(body::encode_error(&RequestError::Cancelled)));
}

#[test]
fn what_is_cancelled_later_is_left_to_the_worker_to_answer() {
    let mut pair = Pair::new();
    let id = pair.router.request("question".into()).unwrap();
    pair.deliver_all();
    assert_eq!(pair.router.cancel(id), CancelOutcome::Told);
    assert_eq!(pair.router.cancel(id), CancelOutcome::Told);
    pair.deliver_all();
    assert_eq!(pair.cancelled, [id]);
    pair.worker.answer(id, Answer::Response("all the same".into()));
    pair.deliver_all();
    assert_eq!(pair.answers[&id], Answer::Response("all the same".into()));
}

#[test]
fn a_cancel_that_crosses_the_answer_means_nothing() {
    let mut pair = Pair::new();
    let id = pair.router.request("question".into()).unwrap();
    pair.deliver_all();
    pair.worker.answer(id, Answer::Response("answer".into()));
    assert_eq!(pair.router.cancel(id), CancelOutcome::Told);
    pair.deliver_all();
    assert_eq!(pair.answers[&id], Answer::Response("answer".into()));
    assert_eq!(pair.cancelled, []);
}

#[test]
fn an_answer_over_the_routers_bound_becomes_an_error() {
    let limits = Limits { message_bytes_max: FRAME as u64, ..limits() };
    let mut pair = Pair::with(&limits);
    let id = pair.router.request("question".into()).unwrap();
    pair.deliver_all();
    pair.worker.answer(id, Answer::Response(vec![0; FRAME + 1].into()));
    pair.deliver_all();
    let Answer::Error(error) = &pair.answers[&id] else { panic!("no error") };
    let error = body::decode_error(error).unwrap();
    assert_eq!(error.to_string(), "the answer has 16385 bytes where the peer takes 16384");
}

#[test]
fn what_is_over_a_bound_is_not_sent() {
    let mut pair = Pair::with(&Limits { message_bytes_max: FRAME as u64, ..limits() });
    let (found, max) = (FRAME as u64 + 1, FRAME as u64);
    let too_large = pair.router.request(vec![0; FRAME + 1].into());
    assert_eq!(too_large, Err(SendError::MessageTooLarge { found, max }));
    for _ in 0..4 {
        pair.router.request("question".into()).unwrap();
    }
    let one_more = pair.router.request("question".into());
    assert_eq!(one_more, Err(SendError::TooManyRequests { max: 4 }));
}

#[test]
fn a_request_is_in_flight_until_its_answer_is_written() {
    let mut worker = AnsweringSide::new(&limits(), &limits());
    for id in 1..=4 {
        worker.receive(request(id)).unwrap();
        worker.answer(RequestId(id), Answer::Response(Bytes::new()));
    }
    assert_eq!(worker.receive(request(5)), Err(ProtocolError::TooManyRequests { max: 4 }));
    worker.next_frame().unwrap();
    assert!(worker.receive(request(5)).is_ok());
}

#[test]
fn a_side_says_what_its_peer_did_wrong() {
    let frame = |kind, end, id, payload: Bytes| Frame { kind, end, id, payload };
    let id = RequestId(7);

    let check_router = |kind, expected| {
        let mut router = AskingSide::new(&limits(), &limits());
        assert_eq!(router.receive(frame(kind, true, 7, Bytes::new())), Err(expected));
    };
    for kind in [Kind::Request, Kind::Cancel] {
        check_router(kind, ProtocolError::WrongDirection(kind));
    }
    for kind in [Kind::Response, Kind::Error, Kind::Progress] {
        check_router(kind, ProtocolError::UnknownRequest { kind, id });
    }

    let check_worker = |frames: &[Frame], expected| {
        let mut worker = AnsweringSide::new(&limits(), &limits());
        let results: Vec<_> = frames.iter().map(|frame| worker.receive(frame.clone())).collect();
        assert_eq!(results.last(), Some(&Err(expected)));
    };
    for kind in [Kind::Response, Kind::Error, Kind::Progress] {
        check_worker(&[frame(kind, true, 7, Bytes::new())], ProtocolError::WrongDirection(kind));
    }
    check_worker(&[request(7), request(7)], ProtocolError::DuplicateRequest(id));
    let part = |id| frame(Kind::Request, false, id, vec![0; 4 * FRAME].into());
    check_worker(&[part(1), part(2), part(3)], ProtocolError::ReassemblyFull { max: 8 * 16384 });
    let too_large = ProtocolError::MessageTooLarge { id: RequestId(1), max: 6 * 16384 };
    check_worker(&[part(1), part(1)], too_large);
}

#[test]
fn pings_are_answered_and_a_goodbye_is_heard() {
    let mut pair = Pair::new();
    pair.router.ping(7);
    pair.send_to_worker();
    pair.deliver_to_worker();
    let pong = pair.worker.next_frame().unwrap();
    assert_eq!((pong.kind, pong.id), (Kind::Pong, 7));
    assert_eq!(pair.router.receive(pong), Ok(None));
    pair.worker.goodbye(&Goodbye::done());
    let goodbye = pair.worker.next_frame().unwrap();
    assert_eq!(pair.router.receive(goodbye), Ok(Some(AskingEvent::Goodbye(Goodbye::done()))));
}

/// Something that one of the sides or the wire between them does.
#[derive(Debug, Clone)]
enum Step {
    Request { bytes: usize },
    Cancel { nth: prop::sample::Index },
    Answer { nth: prop::sample::Index, bytes: usize, error: bool },
    Progress { nth: prop::sample::Index },
    SendToWorker,
    SendToRouter,
    DeliverToWorker,
    DeliverToRouter,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_request_that_was_sent_is_answered_exactly_once(steps in vec(any_step(), 0..120)) {
        let mut pair = Pair::new();
        let mut unanswered = Vec::new();
        for step in steps {
            match step {
                Step::Request { bytes } => match pair.router.request(vec![0; bytes].into()) {
                    Ok(id) => unanswered.push(id),
                    Err(error) => prop_assert_eq!(error, SendError::TooManyRequests { max: 4 }),
                },
                Step::Cancel { nth } if !unanswered.is_empty() => {
                    let id = unanswered[nth.index(unanswered.len())];
                    if pair.router.cancel(id) == CancelOutcome::NeverSent {
                        unanswered.retain(|other| *other != id);
                    }
                }
                Step::Answer { nth, bytes, error } if !pair.working.is_empty() => {
                    let (id, _) = pair.working.remove(nth.index(pair.working.len()));
                    pair.worker.answer(id, answer(bytes, error));
                }
                Step::Progress { nth } if !pair.working.is_empty() => {
                    let (id, _) = pair.working[nth.index(pair.working.len())];
                    pair.worker.progress(id, "part".into());
                }
                Step::SendToWorker => pair.send_to_worker(),
                Step::SendToRouter => pair.send_to_router(),
                Step::DeliverToWorker => pair.deliver_to_worker(),
                Step::DeliverToRouter => pair.deliver_to_router(),
                Step::Cancel { .. } | Step::Answer { .. } | Step::Progress { .. } => {}
            }
        }
        pair.deliver_all();
        for (id, _) in std::mem::take(&mut pair.working) {
            pair.worker.answer(id, answer(1, false));
        }
        pair.deliver_all();
        let mut answered: Vec<_> = pair.answers.keys().copied().collect();
        answered.sort_unstable();
        prop_assert_eq!(answered, unanswered);
        // Nothing is left behind: the whole bound is free again.
        for _ in 0..4 {
            prop_assert!(pair.router.request(Bytes::new()).is_ok());
        }
        pair.deliver_all();
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let bytes = || prop_oneof![0..100_usize, 0..6 * FRAME];
    prop_oneof![
        2 => bytes().prop_map(|bytes| Step::Request { bytes }),
        1 => any::<prop::sample::Index>().prop_map(|nth| Step::Cancel { nth }),
        2 => (any::<prop::sample::Index>(), bytes(), any::<bool>())
            .prop_map(|(nth, bytes, error)| Step::Answer { nth, bytes, error }),
        1 => any::<prop::sample::Index>().prop_map(|nth| Step::Progress { nth }),
        4 => Just(Step::SendToWorker),
        4 => Just(Step::SendToRouter),
        4 => Just(Step::DeliverToWorker),
        4 => Just(Step::DeliverToRouter),
    ]
}

fn answer(bytes: usize, error: bool) -> Answer {
    if error {
        Answer::Error(body::encode_error(&RequestError::Failed("disk full".into())))
    } else {
        Answer::Response(vec![0; bytes].into())
    }
}

/// Small bounds, so that few steps reach them: 4 requests, messages of 6 frames, 8 in reassembly.
fn limits() -> Limits {
    Limits {
        frame_payload_bytes_max: FRAME_PAYLOAD_BYTES_MIN,
        requests_in_flight_max: 4,
        message_bytes_max: 6 * FRAME as u64,
        reassembly_bytes_max: 8 * FRAME as u64,
    }
}

fn request(id: u64) -> Frame {
    Frame { kind: Kind::Request, end: true, id, payload: Bytes::new() }
}

/// Both sides, the frames on the wire between them, and what each has heard.
struct Pair {
    router: AskingSide,
    worker: AnsweringSide,
    to_worker: VecDeque<Frame>,
    to_router: VecDeque<Frame>,
    working: Vec<(RequestId, Bytes)>,
    cancelled: Vec<RequestId>,
    answers: HashMap<RequestId, Answer>,
    progress: HashMap<RequestId, Bytes>,
}

impl Pair {
    fn new() -> Self {
        Self::with(&limits())
    }

    fn with(limits: &Limits) -> Self {
        Pair {
            router: AskingSide::new(limits, limits),
            worker: AnsweringSide::new(limits, limits),
            to_worker: VecDeque::new(),
            to_router: VecDeque::new(),
            working: Vec::new(),
            cancelled: Vec::new(),
            answers: HashMap::new(),
            progress: HashMap::new(),
        }
    }

    fn send_to_worker(&mut self) {
        self.to_worker.extend(self.router.next_frame());
    }

    fn send_to_router(&mut self) {
        self.to_router.extend(self.worker.next_frame());
    }

    fn deliver_to_worker(&mut self) {
        let Some(frame) = self.to_worker.pop_front() else { return };
        match self.worker.receive(frame).expect("both sides keep the protocol") {
            Some(AnsweringEvent::Request { id, body }) => self.working.push((id, body)),
            Some(AnsweringEvent::Cancel { id }) => self.cancelled.push(id),
            Some(AnsweringEvent::Goodbye(_)) | None => {}
        }
    }

    fn deliver_to_router(&mut self) {
        let Some(frame) = self.to_router.pop_front() else { return };
        match self.router.receive(frame).expect("both sides keep the protocol") {
            Some(AskingEvent::Answer { id, answer }) => {
                assert_eq!(self.answers.insert(id, answer), None, "answered twice");
            }
            Some(AskingEvent::Progress { id, progress }) => {
                assert!(!self.answers.contains_key(&id), "progress after the answer");
                self.progress.insert(id, progress);
            }
            Some(AskingEvent::Goodbye(_)) | None => {}
        }
    }

    /// Until the wire is empty and nobody has anything to send.
    fn deliver_all(&mut self) {
        loop {
            self.send_to_worker();
            self.send_to_router();
            if self.to_worker.is_empty() && self.to_router.is_empty() {
                return;
            }
            self.deliver_to_worker();
            self.deliver_to_router();
        }
    }
}
