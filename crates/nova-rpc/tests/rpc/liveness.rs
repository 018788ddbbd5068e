//! Silence, death and orderly ends.

use std::time::Duration;

use nova_protocol::{
    Goodbye,
    frame::Kind,
    limits::{CLOSE_TIMEOUT, KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT},
    message::{Progress, Request, Response},
};
use nova_rpc::{AcceptPolicy, CallError, Closed, Fault};
use tokio::time::{Instant, sleep};

use crate::support::{ScriptedPeer, connected, connected_with, hello, numbered, policy, sized};

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_pinged_and_given_up() {
    let (caller, mut worker) = ScriptedPeer::worker().await;
    let began = Instant::now();
    let request = numbered(1);
    let (answer, pings) = tokio::join!(caller.call(&request, None), async {
        assert_eq!(worker.receive().await.unwrap().kind, Kind::Request);
        let mut pings = Vec::new();
        while let Some(frame) = worker.receive().await {
            assert_eq!(frame.kind, Kind::Ping);
            pings.push(began.elapsed());
        }
        pings
    });
    let Err(CallError::Disconnected(closed)) = answer else { panic!("{answer:?}") };
    assert!(matches!(closed, Closed::Silent(KEEPALIVE_TIMEOUT)), "{closed}");
    assert_eq!(closed.fault(), Fault::Lost);
    let expected: Vec<_> = (1..=6).map(|n| n * KEEPALIVE_INTERVAL).collect();
    assert_eq!(pings, expected);
    assert_eq!(began.elapsed(), KEEPALIVE_TIMEOUT + KEEPALIVE_INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn a_worker_gives_up_a_silent_router_too() {
    let (_router, mut incoming) = ScriptedPeer::router().await;
    assert!(incoming.next().await.is_none());
    assert!(matches!(incoming.connection().closed().await, Closed::Silent(_)));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_pings_may_work_for_hours() {
    let policy = AcceptPolicy {
        keepalive_interval: Duration::from_secs(1),
        keepalive_timeout: Duration::from_secs(2),
        ..policy()
    };
    let (caller, mut incoming) = connected_with(&policy, hello()).await;
    let request = numbered(1);
    let (answer, ()) = tokio::join!(caller.call(&request, None), async {
        let responder = incoming.next().await.unwrap().responder;
        sleep(Duration::from_secs(3 * 60 * 60)).await;
        responder.respond(Ok(Response::UnloadFiles));
    });
    assert!(answer.is_ok(), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn whatever_a_peer_sends_is_a_sign_of_life() {
    let (caller, mut worker) = ScriptedPeer::worker().await;
    let request = numbered(1);
    let began = Instant::now();
    let (answer, ()) = tokio::join!(caller.call(&request, None), async {
        for files in 0..100 {
            sleep(KEEPALIVE_INTERVAL / 2).await;
            worker.send_progress(1, Progress { files, bytes: 0 }).await;
        }
        worker.send(Kind::Response, 1, "\x03").await;
    });
    assert_eq!(answer.unwrap(), Response::UnloadFiles);
    assert_eq!(began.elapsed(), 50 * KEEPALIVE_INTERVAL);
}

#[tokio::test]
async fn a_death_is_noticed_at_once_by_everyone_who_waits() {
    let (caller, mut worker) = ScriptedPeer::worker().await;
    let request = numbered(1);
    let (answer, ()) = tokio::join!(caller.call(&request, None), async {
        worker.receive().await.unwrap();
        drop(worker);
    });
    assert!(matches!(answer, Err(CallError::Disconnected(Closed::HungUp))), "{answer:?}");

    let (router, mut incoming) = ScriptedPeer::router().await;
    drop(router);
    assert!(incoming.next().await.is_none());
    let closed = incoming.connection().closed().await;
    assert!(matches!(closed, Closed::HungUp), "{closed}");
}

#[tokio::test]
async fn closing_says_goodbye_after_what_was_queued() {
    let (mut router, mut incoming) = ScriptedPeer::router().await;
    router.send_request(1, &numbered(1)).await;
    incoming.next().await.unwrap().responder.respond(Ok(Response::UnloadFiles));
    incoming.connection().close();
    let closed = incoming.connection().closed().await;
    assert!(matches!(closed, Closed::ByUs), "{closed}");
    assert_eq!(router.receive().await.unwrap().kind, Kind::Response);
    assert_eq!(router.receive().await.unwrap().kind, Kind::Goodbye);
    assert!(router.receive().await.is_none());
}

#[tokio::test]
async fn the_last_caller_to_go_closes_the_connection() {
    let (caller, mut incoming) = connected().await;
    let connection = incoming.connection().clone();
    let other = caller.clone();
    drop(caller);
    assert!(!other.connection().is_closed());
    drop(other);
    assert!(incoming.next().await.is_none());
    let closed = connection.closed().await;
    assert!(matches!(&closed, Closed::ByPeer(goodbye) if *goodbye == Goodbye::done()), "{closed}");
    assert_eq!(closed.fault(), Fault::None);
}

#[tokio::test]
async fn a_worker_that_goes_ends_the_calls_of_its_router() {
    let (caller, incoming) = connected().await;
    drop(incoming);
    let closed = caller.connection().closed().await;
    assert!(matches!(closed, Closed::ByPeer(_)), "{closed}");
    let answer = caller.call(&Request::GetWorkerStats, None).await;
    assert!(matches!(answer, Err(CallError::Disconnected(Closed::ByPeer(_)))), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_cannot_delay_the_end() {
    let (caller, _worker) = ScriptedPeer::worker().await;
    let began = Instant::now();
    let request = sized(1 << 20);
    let (answer, ()) = tokio::join!(caller.call(&request, None), async {
        tokio::task::yield_now().await;
        caller.connection().close();
    });
    assert!(matches!(answer, Err(CallError::Disconnected(Closed::ByUs))), "{answer:?}");
    assert_eq!(began.elapsed(), Duration::ZERO, "the call does not wait for the goodbye");
    caller.connection().closed().await;
    assert_eq!(began.elapsed(), CLOSE_TIMEOUT);
}

#[test]
fn a_call_ends_when_the_runtime_of_its_connection_does() {
    let own = runtime();
    let other = runtime();
    let (caller, worker) = other.block_on(ScriptedPeer::worker());
    let answer = own.block_on(async {
        let request = numbered(1);
        let (answer, ()) = tokio::join!(caller.call(&request, None), async {
            tokio::task::spawn_blocking(move || drop(other)).await.unwrap();
        });
        answer
    });
    assert!(matches!(answer, Err(CallError::Disconnected(Closed::HungUp))), "{answer:?}");
    drop(worker);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
