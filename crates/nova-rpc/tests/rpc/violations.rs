//! What a peer that breaks the protocol gets: a goodbye that says how, and the end.

use nova_protocol::{
    Goodbye, GoodbyeCode, ProtocolError,
    frame::{Kind, RequestId},
    limits::{FRAME_PAYLOAD_BYTES_MAX, REQUESTS_IN_FLIGHT_MAX},
    message::{Progress, Request},
};
use nova_rpc::{AcceptPolicy, CallError, Closed, Fault};

use crate::support::{ScriptedPeer, numbered, policy};

#[tokio::test]
async fn an_oversize_frame_ends_the_connection() {
    let (mut router, incoming) = ScriptedPeer::router().await;
    router.send_bytes(&[0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]).await;
    let (found, max) = (1 << 24, FRAME_PAYLOAD_BYTES_MAX);
    let expected = ProtocolError::FrameTooLarge { found, max };
    assert_violation(incoming.connection().closed().await, &expected);
    assert_accused(&mut router, &expected).await;
}

#[tokio::test]
async fn a_flood_of_requests_ends_the_connection() {
    let (mut router, mut incoming) = ScriptedPeer::router().await;
    for id in 1..=REQUESTS_IN_FLIGHT_MAX {
        router.send_request(id.into(), &numbered(0)).await;
    }
    let first = incoming.next().await.unwrap().responder;
    assert!(!incoming.connection().is_closed());
    router.send_request((REQUESTS_IN_FLIGHT_MAX + 1).into(), &numbered(0)).await;
    let expected = ProtocolError::TooManyRequests { max: REQUESTS_IN_FLIGHT_MAX };
    assert_violation(incoming.connection().closed().await, &expected);
    assert!(first.cancelled().is_cancelled(), "nobody waits for the work any more");
    assert!(incoming.next().await.is_none(), "what was not begun is not begun");
    assert_accused(&mut router, &expected).await;
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_ends_the_connection_and_all_its_calls() {
    let (caller, mut worker) = ScriptedPeer::worker().await;
    let request = numbered(1);
    let (answer, ()) = tokio::join!(caller.call(&request, None), async {
        worker.send_progress(9, Progress { files: 1, bytes: 1 }).await;
    });
    let expected = ProtocolError::UnknownRequest { kind: Kind::Progress, id: RequestId(9) };
    let Err(CallError::Disconnected(closed)) = answer else { panic!("{answer:?}") };
    assert_violation(closed, &expected);
    let answer = caller.call(&Request::GetWorkerStats, None).await;
    assert!(matches!(answer, Err(CallError::Disconnected(Closed::Violated(_)))), "{answer:?}");
}

#[tokio::test]
async fn a_flood_of_reports_ends_the_connection_of_a_peer_that_is_held_to_a_pace() {
    let paced = AcceptPolicy { is_paced: true, ..policy() };
    for (policy, is_cut) in [(paced, true), (policy(), false)] {
        let (caller, mut worker) = ScriptedPeer::worker_under(&policy).await;
        let request = numbered(1);
        let flood = async {
            // The request is there.
            worker.receive().await;
            for files in 0..100_000 {
                worker.send_progress(1, Progress { files, bytes: 1 }).await;
            }
            worker.send(Kind::Goodbye, 0, "\0\0").await;
            std::future::pending::<()>().await;
        };
        let answer = tokio::select! {
            biased;
            answer = caller.call(&request, None) => answer,
            () = flood => unreachable!("it waits for ever"),
        };
        let Err(CallError::Disconnected(closed)) = answer else { panic!("{answer:?}") };
        assert_eq!(matches!(closed, Closed::Flooded { .. }), is_cut, "{closed}");
    }
}

#[tokio::test]
async fn whoever_is_accused_knows_that_the_fault_is_its_own() {
    let (caller, mut worker) = ScriptedPeer::worker().await;
    worker.send(Kind::Goodbye, 0, "\x01\0you did it").await;
    let closed = caller.connection().closed().await;
    assert_eq!(closed.fault(), Fault::Ours);
    assert_eq!(closed.to_string(), "closed by the peer: protocol error: you did it");
}

#[track_caller]
fn assert_violation(closed: Closed, expected: &ProtocolError) {
    assert_eq!(closed.fault(), Fault::Peer);
    let Closed::Violated(error) = closed else { panic!("{closed}") };
    assert_eq!(error, *expected);
}

/// The peer is told what it did, and then the stream ends.
async fn assert_accused(peer: &mut ScriptedPeer, expected: &ProtocolError) {
    let frame = peer.receive().await.expect("a goodbye");
    assert_eq!(frame.kind, Kind::Goodbye);
    let Goodbye { code, text } = goodbye(&frame.payload);
    assert_eq!((code, text), (GoodbyeCode::ProtocolError, expected.to_string()));
    assert!(peer.receive().await.is_none());
}

fn goodbye(payload: &[u8]) -> Goodbye {
    let [1, 0, text @ ..] = payload else { panic!("not an accusation") };
    let text = String::from_utf8_lossy(text).into_owned();
    Goodbye { code: GoodbyeCode::ProtocolError, text }
}
