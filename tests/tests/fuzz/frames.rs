//! Frames, and both sides of a connection that they come to, from a peer that sends what it likes.

use std::collections::{BTreeSet, HashSet};
use std::mem::discriminant;

use bytes::{Bytes, BytesMut};
use nova_protocol::frame::{Frame, FrameDecoder, Kind, RequestId};
use nova_protocol::limits::{FRAME_PAYLOAD_BYTES_MIN, Limits};
use nova_protocol::message::RequestError;
use nova_protocol::{
    Answer, AnsweringEvent, AnsweringSide, AskingEvent, AskingSide, Goodbye, ProtocolError, body,
};

use crate::corpus::name_of;
use crate::mutation::mutate;
use crate::random::Random;
use crate::runner::{Memory, Target};
use crate::trace::Trace;

pub(crate) const TARGET: Target = Target {
    name: "frames",
    seeds,
    mutate,
    run,
    // The input is held by three decoders and two sides; sixteen bytes are a frame of forty.
    memory: Memory { per_byte: 24, beside: 64 << 10 },
};

/// What the sides take: so little that an input can be too much.
const OWN: Limits = Limits {
    frame_payload_bytes_max: 1024,
    requests_in_flight_max: 4,
    message_bytes_max: 2048,
    reassembly_bytes_max: 3072,
};

/// What their peer takes: errors in one frame, and no long answers.
const PEER: Limits = Limits { frame_payload_bytes_max: FRAME_PAYLOAD_BYTES_MIN, ..OWN };

fn run(input: &[u8], trace: &mut Trace) {
    let (frames, end) = decoded([input]);
    // How the bytes are cut follows from them, so that an input always does the same.
    let seed = u64::from_str_radix(&name_of(input), 16).expect("it is a number");
    let in_chunks = chunks(&mut Random::new(seed), input);
    assert!(decoded(in_chunks) == (frames.clone(), end.clone()), "it depends on the chunks");
    let mut encoded = BytesMut::new();
    frames.iter().for_each(|frame| frame.encode(&mut encoded));
    assert!(input.starts_with(&encoded), "frames are not encoded as they came");
    trace.note(end.err().as_ref().map(discriminant));
    trace.note_count(frames.len());
    answer(&frames, trace);
    ask(frames, trace);
}

/// The frames of a stream that arrives in these pieces, and what is left or why there are no more.
fn decoded<'i>(
    chunks: impl IntoIterator<Item = &'i [u8]>,
) -> (Vec<Frame>, Result<(), ProtocolError>) {
    let mut decoder = FrameDecoder::new(OWN.frame_payload_bytes_max);
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.buffer().extend_from_slice(chunk);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
    }
    (frames, Ok(()))
}

fn chunks<'i>(random: &mut Random, mut input: &'i [u8]) -> Vec<&'i [u8]> {
    let mut chunks = Vec::new();
    while !input.is_empty() {
        let bytes = 1 + random.small(input.len() - 1);
        let (chunk, rest) = input.split_at(bytes);
        chunks.push(chunk);
        input = rest;
    }
    chunks
}

/// The side that answers: each request that began is answered once, and no more are open than it takes.
fn answer(frames: &[Frame], trace: &mut Trace) {
    let mut side = AnsweringSide::new(&OWN, &PEER);
    let mut unanswered = BTreeSet::new();
    // Of which frames came, and no answer went; and those of them of which more is to come.
    let (mut open, mut incomplete) = (HashSet::new(), HashSet::new());
    for (number, frame) in frames.iter().enumerate() {
        let event = match side.receive(frame.clone()) {
            Ok(event) => event,
            Err(error) => {
                trace.note_kind(&error);
                side.abandon();
                side.goodbye(&Goodbye::done());
                let last = side.next_frame().expect("a goodbye is sent in any state");
                assert_eq!((last.kind, side.next_frame()), (Kind::Goodbye, None));
                return;
            }
        };
        if frame.kind == Kind::Request {
            open.insert(frame.id);
            assert!(open.len() <= OWN.requests_in_flight_max as usize, "too many are open");
            if frame.end {
                incomplete.remove(&frame.id)
            } else {
                incomplete.insert(frame.id)
            };
        }
        trace.note(event.as_ref().map(discriminant));
        match event {
            Some(AnsweringEvent::Request { id, body }) => {
                assert!(body.len() as u64 <= OWN.message_bytes_max, "a message is too long");
                assert!(unanswered.insert(id), "{id} is asked twice");
            }
            Some(AnsweringEvent::Cancel { id }) => {
                assert!(unanswered.contains(&id), "{id} is cancelled and not open");
            }
            Some(AnsweringEvent::Goodbye(_)) => break,
            None => {}
        }
        // Answers are slower than requests, so that these pile up.
        if number % 3 == 2
            && let Some(id) = unanswered.pop_first()
        {
            side.progress(id, Bytes::from_static(b"half"));
            side.answer(id, Answer::Response(Bytes::from_static(b"answer")));
        }
        if number % 2 == 1 {
            side.next_frame().into_iter().for_each(|frame| answered(&frame, &mut open));
        }
    }
    for id in unanswered {
        side.answer(id, Answer::Error(body::encode_error(&RequestError::Cancelled)));
    }
    while let Some(frame) = side.next_frame() {
        answered(&frame, &mut open);
    }
    assert!(open.is_subset(&incomplete), "a request is not answered");
}

/// A frame that goes out: if it ends an answer, its request was open.
fn answered(frame: &Frame, open: &mut HashSet<u64>) {
    if frame.end && matches!(frame.kind, Kind::Response | Kind::Error) {
        assert!(open.remove(&frame.id), "an answer to {}, which is not open", frame.id);
    }
}

/// The side that asks: an answer is to a request that is open, and none stays open that was answered.
fn ask(frames: Vec<Frame>, trace: &mut Trace) {
    let mut side = AskingSide::new(&OWN, &PEER);
    let mut open = HashSet::new();
    for _ in 0..OWN.requests_in_flight_max {
        open.insert(side.request(Bytes::from_static(b"ask")).expect("it is within the bound"));
        // The last one is not sent.
        if open.len() > 1 {
            side.next_frame();
        }
    }
    side.cancel(RequestId(2));
    for frame in frames {
        match side.receive(frame) {
            Ok(None) => {}
            Ok(Some(event)) => {
                trace.note_kind(&event);
                match event {
                    AskingEvent::Answer { id, answer } => {
                        trace.note_kind(&answer);
                        assert!(open.remove(&id), "{id} is answered twice");
                    }
                    AskingEvent::Progress { id, .. } => {
                        assert!(open.contains(&id), "progress of {id}, which is not open");
                    }
                    AskingEvent::Goodbye(_) => break,
                }
            }
            Err(error) => {
                trace.note_kind(&error);
                break;
            }
        }
    }
    trace.note(open.len());
    for _ in open.len()..OWN.requests_in_flight_max as usize {
        side.request(Bytes::new()).expect("what was answered is not in flight");
    }
    side.request(Bytes::new()).expect_err("there are as many as the peer takes");
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let limits = Limits { frame_payload_bytes_max: 512, ..OWN };
    let mut router = AskingSide::new(&limits, &limits);
    let mut worker = AnsweringSide::new(&limits, &limits);
    let (mut asked, mut answers) = (BytesMut::new(), BytesMut::new());
    for bytes in [1000, 3, 1500, 0] {
        router.request(vec![b'q'; bytes].into()).expect("it is within the bounds");
    }
    router.ping(7);
    // The first is cancelled before all of it was sent.
    let mut cancelled = false;
    while let Some(frame) = router.next_frame() {
        frame.encode(&mut asked);
        let is_part = frame.kind == Kind::Request && !frame.end;
        if let Ok(Some(AnsweringEvent::Request { id, .. })) = worker.receive(frame) {
            worker.progress(id, Bytes::from_static(b"half"));
            worker.answer(id, Answer::Response(vec![b'a'; 700 * id.0 as usize % 2000].into()));
        }
        if is_part && !std::mem::replace(&mut cancelled, true) {
            router.cancel(RequestId(1));
        }
        worker.next_frame().into_iter().for_each(|frame| frame.encode(&mut answers));
    }
    worker.goodbye(&Goodbye::done());
    while let Some(frame) = worker.next_frame() {
        frame.encode(&mut answers);
    }
    vec![("asked", asked.to_vec()), ("answers", answers.to_vec())]
}
