//! Requests and their answers.

use std::{sync::Arc, time::Duration};

use nova_protocol::{
    SendError,
    frame::Kind,
    handshake::Hello,
    limits::{FRAME_PAYLOAD_BYTES_MAX, Limits, REQUESTS_IN_FLIGHT_MAX},
    message::{Progress, Request, RequestError, Response},
};
use nova_rpc::{CallError, Caller, IncomingRequest};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::support::{
    ScriptedPeer, connected, connected_with, hello, number, numbered, policy, sized, stats,
};

#[tokio::test]
async fn answers_may_come_in_any_order() {
    let (caller, mut incoming) = connected().await;
    let mut calls = JoinSet::new();
    for _ in 0..3 {
        let caller = caller.clone();
        calls.spawn(async move { caller.call(&Request::GetWorkerStats, None).await });
    }
    let mut responders = Vec::new();
    for _ in 0..3 {
        responders.push(incoming.next().await.unwrap().responder);
    }
    let ids: Vec<_> = responders.iter().map(|responder| responder.id().0).collect();
    assert_eq!(ids, [1, 2, 3]);
    // The last one first, and each is heard before the next is given.
    while let Some(responder) = responders.pop() {
        let pid = responder.id().0 as u32;
        responder.respond(Ok(stats(pid)));
        assert_eq!(calls.join_next().await.unwrap().unwrap().unwrap(), stats(pid));
    }
}

#[tokio::test]
async fn more_calls_than_the_worker_takes_at_a_time_wait_for_their_turn() {
    let limits = Limits { requests_in_flight_max: 3, ..Limits::default() };
    let (caller, mut incoming) = connected_with(&policy(), Hello { limits, ..hello() }).await;
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let caller = caller.clone();
        calls.spawn(async move { caller.call(&numbered(0), None).await });
    }
    for _ in 0..33 {
        let mut together = Vec::new();
        for _ in 0..3 {
            together.push(incoming.next().await.unwrap().responder);
        }
        for responder in together {
            responder.respond(Ok(Response::UnloadFiles));
        }
    }
    incoming.next().await.unwrap().responder.respond(Ok(Response::UnloadFiles));
    assert!(calls.join_all().await.into_iter().all(|answer| answer.is_ok()));
}

#[tokio::test]
async fn a_small_message_gets_through_before_a_large_one_that_began_earlier() {
    let (caller, mut incoming) = connected().await;
    let large = sized(10 << 20);
    let mut large_call = Box::pin(caller.call(&large, None));
    let small = numbered(1);
    let mut small_call = Box::pin(caller.call(&small, None));
    // The large one is queued first, and its first frames fill the pipe.
    assert!(one_turn(&mut large_call).await.is_none());
    tokio::task::yield_now().await;
    assert!(one_turn(&mut small_call).await.is_none());
    for expected in [1, (10 << 20) - 1] {
        let IncomingRequest { request, responder } = incoming.next().await.unwrap();
        assert_eq!(number(&request), expected);
        responder.respond(Ok(Response::UnloadFiles));
    }
    assert!(small_call.await.is_ok());
    assert!(large_call.await.is_ok());
}

#[tokio::test]
async fn dropping_a_call_cancels_the_request() {
    let (caller, mut incoming) = connected().await;
    let request = numbered(1);
    let mut call = Box::pin(caller.call(&request, None));
    assert!(one_turn(&mut call).await.is_none());
    let responder = incoming.next().await.unwrap().responder;
    assert!(!responder.cancelled().is_cancelled());
    drop(call);
    responder.cancelled().cancelled().await;
    drop(responder);
    assert_the_connection_works(&caller, incoming).await;
}

#[tokio::test]
async fn a_request_that_is_cancelled_before_it_is_taken_up_is_answered_without_work() {
    let (mut router, mut incoming) = ScriptedPeer::router().await;
    router.send_request(1, &numbered(1)).await;
    router.send(Kind::Cancel, 1, "").await;
    router.send_request(2, &numbered(2)).await;
    // All three frames are there before the first request is asked for.
    router.send(Kind::Ping, 3, "").await;
    assert_eq!(router.receive().await.unwrap().kind, Kind::Pong);
    assert_eq!(number(&incoming.next().await.unwrap().request), 2);
    let answer = router.receive().await.unwrap();
    assert_eq!((answer.kind, answer.id), (Kind::Error, 1));
    let error = nova_protocol::body::decode_error(&answer.payload);
    assert_eq!(error, Ok(RequestError::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_call_and_the_work() {
    let (caller, mut incoming) = connected().await;
    let deadline = Duration::from_millis(250);
    let began = Instant::now();
    let work = async {
        let responder = incoming.next().await.unwrap().responder;
        assert_eq!(responder.deadline(), Some(began + deadline));
        responder.cancelled().cancelled().await;
    };
    let request = numbered(1);
    let (answer, ()) = tokio::join!(caller.call(&request, Some(deadline)), work);
    assert!(matches!(answer, Err(CallError::DeadlineExceeded(d)) if d == deadline), "{answer:?}");
    assert_eq!(began.elapsed(), deadline);
    assert_the_connection_works(&caller, incoming).await;
}

#[tokio::test(start_paused = true)]
async fn a_deadline_counts_the_wait_for_a_turn() {
    let limits = Limits { requests_in_flight_max: 1, ..Limits::default() };
    let (caller, mut incoming) = connected_with(&policy(), Hello { limits, ..hello() }).await;
    let second = Duration::from_secs(1);
    let requests = [1, 2, 3].map(numbered);
    let (first_call, second_call, third_call, ()) = tokio::join!(
        caller.call(&requests[0], None),
        caller.call(&requests[1], Some(second)),
        caller.call(&requests[2], Some(4 * second)),
        async {
            let responder = incoming.next().await.unwrap().responder;
            sleep(2 * second).await;
            responder.respond(Ok(Response::UnloadFiles));
            // The second never came; of the third's four seconds two have passed.
            let IncomingRequest { request, responder } = incoming.next().await.unwrap();
            assert_eq!(number(&request), 3);
            assert_eq!(responder.deadline(), Some(Instant::now() + 2 * second));
            responder.respond(Ok(Response::UnloadFiles));
        }
    );
    assert!(first_call.is_ok() && third_call.is_ok());
    assert!(matches!(second_call, Err(CallError::DeadlineExceeded(_))));
}

#[tokio::test]
async fn a_request_that_is_dropped_is_answered_all_the_same() {
    let (caller, mut incoming) = connected().await;
    let request = numbered(1);
    let (answer, ()) = tokio::join!(caller.call(&request, None), async {
        drop(incoming.next().await.unwrap());
    });
    assert_eq!(answer.unwrap_err().to_string(), "the request was dropped");
}

#[tokio::test]
async fn the_workers_error_is_the_calls_error() {
    let (caller, mut incoming) = connected().await;
    let request = numbered(1);
    let (answer, ()) = tokio::join!(caller.call(&request, None), async {
        let responder = incoming.next().await.unwrap().responder;
        let token = responder.cancelled().clone();
        responder.respond(Err(RequestError::Failed("disk full: /cache".into())));
        assert!(token.is_cancelled(), "what is left of the work may stop");
    });
    let Err(CallError::Request(error)) = answer else { panic!("{answer:?}") };
    assert_eq!(error, RequestError::Failed("disk full: /cache".into()));
}

#[tokio::test]
async fn progress_is_heard_before_the_answer() {
    let (caller, mut incoming) = connected().await;
    let heard = Arc::new(Notify::new());
    let request = numbered(1);
    let mut reports = Vec::new();
    let call = caller.call_with_progress(&request, None, |progress| {
        reports.push(progress.files);
        heard.notify_one();
    });
    let (answer, ()) = tokio::join!(call, async {
        let responder = incoming.next().await.unwrap().responder;
        for files in 1..=3 {
            responder.progress(Progress { files, bytes: 0 });
            heard.notified().await;
        }
        // Of what is not sent yet, only the latest counts.
        responder.progress(Progress { files: 4, bytes: 0 });
        responder.progress(Progress { files: 5, bytes: 0 });
        responder.respond(Ok(Response::UnloadFiles));
    });
    assert!(answer.is_ok());
    assert_eq!(reports, [1, 2, 3, 5]);
}

#[tokio::test]
async fn a_request_over_a_bound_fails_alone() {
    let limits = Limits { message_bytes_max: FRAME_PAYLOAD_BYTES_MAX.into(), ..Limits::default() };
    let (caller, incoming) = connected_with(&policy(), Hello { limits, ..hello() }).await;
    for _ in 0..=REQUESTS_IN_FLIGHT_MAX {
        let answer = caller.call(&sized(FRAME_PAYLOAD_BYTES_MAX as usize), None).await;
        let Err(CallError::Unsendable(error)) = answer else { panic!("{answer:?}") };
        assert_eq!(error, SendError::MessageTooLarge { found: 65543, max: 65536 });
    }
    assert_the_connection_works(&caller, incoming).await;
}

#[tokio::test]
async fn an_unreadable_request_is_answered_and_the_next_one_served() {
    let (mut router, mut incoming) = ScriptedPeer::router().await;
    router.send(Kind::Request, 1, "\0\u{7f}").await;
    router.send_request(2, &numbered(2)).await;
    assert_eq!(number(&incoming.next().await.unwrap().request), 2);
    let answer = router.receive().await.unwrap();
    assert_eq!((answer.kind, answer.id), (Kind::Error, 1));
    let error = nova_protocol::body::decode_error(&answer.payload).unwrap();
    assert!(matches!(error, RequestError::Invalid(_)), "{error}");
}

#[tokio::test]
async fn an_unreadable_or_unfitting_answer_fails_its_call_alone() {
    let (caller, mut worker) = ScriptedPeer::worker().await;
    let unfitting = nova_protocol::body::encode_response(&stats(1)).unwrap();
    for (payload, expected) in [
        ("\u{7f}".into(), "cannot read the answer: an unknown alternative"),
        (unfitting, "the answer does not fit the request"),
    ] {
        let request = numbered(1);
        let (answer, ()) = tokio::join!(caller.call(&request, None), async {
            let request = worker.receive().await.unwrap();
            worker.send(Kind::Response, request.id, payload).await;
        });
        let error = answer.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(!caller.connection().is_closed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_on_other_threads_answers_without_a_runtime() {
    let (caller, mut incoming) = connected().await;
    let serve = tokio::spawn(async move {
        while let Some(IncomingRequest { responder, .. }) = incoming.next().await {
            std::thread::spawn(move || {
                responder.progress(Progress { files: 1, bytes: 1 });
                responder.respond(Ok(Response::UnloadFiles));
            });
        }
    });
    let mut calls = JoinSet::new();
    for number in 0..2 * REQUESTS_IN_FLIGHT_MAX as usize {
        let caller = caller.clone();
        calls.spawn(async move { caller.call(&numbered(number * 300), None).await });
    }
    assert!(calls.join_all().await.into_iter().all(|answer| answer.is_ok()));
    drop(caller);
    serve.await.unwrap();
}

/// As many calls at a time as the worker takes are answered: no turn was lost.
async fn assert_the_connection_works(caller: &Caller, mut incoming: nova_rpc::Incoming) {
    let mut calls = JoinSet::new();
    for _ in 0..REQUESTS_IN_FLIGHT_MAX {
        let caller = caller.clone();
        calls.spawn(async move { caller.call(&numbered(0), None).await });
    }
    let mut taken = Vec::new();
    for _ in 0..REQUESTS_IN_FLIGHT_MAX {
        taken.push(incoming.next().await.expect("a request").responder);
    }
    taken.into_iter().for_each(|responder| responder.respond(Ok(Response::UnloadFiles)));
    assert!(calls.join_all().await.into_iter().all(|answer| answer.is_ok()));
}

/// Gives a future one turn.
async fn one_turn<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}
