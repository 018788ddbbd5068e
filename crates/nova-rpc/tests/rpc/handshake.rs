//! Who is taken, who is not, and how both ends hear of it.

use std::time::Duration;

use nova_protocol::{
    Token, frontend,
    handshake::{
        HandshakeFrame, HandshakeFrameError, Hello, Nonce, ProtocolVersion, Ready, Reject,
        RejectCode, Role, VersionRange,
    },
    limits::Limits,
};
use nova_rpc::{AcceptPolicy, Admission, Challenge, HandshakeError, accept, join};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time::{Instant, sleep},
};

use crate::support::{HANDSHAKE_TIMEOUT, admit, hello, policy, shake_hands};

#[tokio::test]
async fn a_worker_is_taken_and_each_end_hears_of_the_other() {
    let (accepted, joined) = shake_hands(&policy(), hello()).await;
    let (accepted, joined) = (accepted.unwrap(), joined.unwrap());
    assert_eq!(accepted.hello, hello());
    assert_eq!(accepted.version, VersionRange::CURRENT.max);
    assert_eq!(joined.welcome.number, 7);
    assert_eq!(joined.welcome.limits, Limits::default());
}

#[tokio::test]
async fn only_a_worker_that_reads_back_the_nonce_is_local() {
    let nonce = Nonce([7; 16]);
    let challenge = || Some(Challenge { path: "/cache/nonce".into(), nonce });
    check(challenge(), Some(nonce), true).await;
    check(challenge(), Some(Nonce([8; 16])), false).await;
    check(challenge(), None, false).await;
    check(None, Some(nonce), false).await;

    async fn check(challenge: Option<Challenge>, found: Option<Nonce>, local: bool) {
        let (router, worker) = duplex(1024);
        let policy = policy();
        let (accepted, joined) = tokio::join!(
            accept(router, &policy, |_| Ok(Admission { number: 0, challenge })),
            join(worker, hello(), HANDSHAKE_TIMEOUT, |path| {
                assert_eq!(path, b"/cache/nonce");
                found
            }),
        );
        joined.unwrap();
        assert_eq!(accepted.unwrap().local, local, "{found:?}");
    }
}

#[tokio::test]
async fn a_worker_with_the_right_token_is_taken() {
    let token = Token::new("secret").unwrap();
    let policy = AcceptPolicy { token: Some(token.clone()), ..policy() };
    let (accepted, joined) = shake_hands(&policy, Hello { token: Some(token), ..hello() }).await;
    assert!(accepted.is_ok() && joined.is_ok());
}

#[tokio::test]
async fn a_wrong_or_missing_token_is_rejected() {
    let policy = AcceptPolicy { token: Token::new("secret").ok(), ..policy() };
    let wrong = Hello { token: Token::new("Secret").ok(), ..hello() };
    let reject = rejected(&policy, wrong).await;
    assert_eq!((reject.code, &*reject.message), (RejectCode::BadToken, "the token is wrong"));
    let reject = rejected(&policy, hello()).await;
    assert_eq!((reject.code, &*reject.message), (RejectCode::BadToken, "the token is missing"));
}

#[tokio::test]
async fn a_version_mismatch_is_rejected_by_a_text_that_names_both() {
    let range = |min, max| VersionRange { min: ProtocolVersion(min), max: ProtocolVersion(max) };
    let policy = AcceptPolicy { versions: range(3, 4), ..policy() };
    let reject = rejected(&policy, Hello { versions: range(1, 2), ..hello() }).await;
    assert_eq!(reject.code, RejectCode::VersionMismatch);
    assert_eq!(reject.versions, range(3, 4));
    assert_eq!(
        reject.message,
        "the worker (0.1.0-worker) speaks protocol version 1 to 2, \
         the router (0.1.0-router) version 3 to 4; start both from the same build",
    );
}

#[tokio::test]
async fn limits_that_allow_no_connection_are_rejected() {
    let limits = Limits { requests_in_flight_max: 0, ..Limits::default() };
    let reject = rejected(&policy(), Hello { limits, ..hello() }).await;
    assert_eq!(reject.code, RejectCode::BadHello);
    assert_eq!(reject.message, "no request may be in flight");
}

#[tokio::test]
async fn the_routers_own_reason_reaches_the_worker() {
    let (router, worker) = duplex(1024);
    let reject = Reject::new(RejectCode::NotWanted, "0.1.0", "shard 9 is not in the layout");
    let policy = policy();
    let (accepted, joined) = tokio::join!(
        accept(router, &policy, |hello| match &hello.shards {
            Some(_) => Err(reject.clone()),
            None => admit(hello),
        }),
        join(worker, Hello { shards: Some(vec![9]), ..hello() }, HANDSHAKE_TIMEOUT, |_| None),
    );
    assert_eq!(joined.unwrap_err().to_string(), format!("rejected by the router: {reject}"));
    assert_eq!(accepted.unwrap_err().to_string(), format!("rejected the peer: {reject}"));
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up_after_the_timeout() {
    let (router, worker) = duplex(1024);
    let began = Instant::now();
    let result = accept(router, &policy(), admit).await;
    assert!(matches!(result, Err(HandshakeError::TimedOut(HANDSHAKE_TIMEOUT))));
    assert_eq!(began.elapsed(), HANDSHAKE_TIMEOUT);
    drop(worker);

    let (_router, worker) = duplex(1024);
    let result = join(worker, hello(), HANDSHAKE_TIMEOUT, |_| None).await;
    assert!(matches!(result, Err(HandshakeError::TimedOut(HANDSHAKE_TIMEOUT))));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_trickles_bytes_does_not_gain_time() {
    let (router, mut worker) = duplex(1024);
    let hello = HandshakeFrame::Hello(hello()).encode().unwrap();
    let trickle = async {
        for byte in hello {
            worker.write_all(&[byte]).await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
    };
    let policy = policy();
    tokio::select! {
        result = accept(router, &policy, admit) => {
            assert!(matches!(result, Err(HandshakeError::TimedOut(_))));
        }
        () = trickle => panic!("the router waited for all of it"),
    }
}

#[tokio::test]
async fn garbage_is_told_from_a_handshake_by_its_first_bytes_and_gets_no_answer() {
    let (router, mut worker) = duplex(1024);
    worker.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let error = accept(router, &policy(), admit).await.unwrap_err();
    let HandshakeError::Malformed(HandshakeFrameError::NotNova(found)) = error else {
        panic!("{error}")
    };
    assert_eq!(&found, b"GET ");
    let mut answer = Vec::new();
    worker.read_to_end(&mut answer).await.unwrap();
    assert!(answer.is_empty());
}

#[tokio::test]
async fn an_oversize_hello_is_rejected_unread() {
    let (router, mut worker) = duplex(1024);
    worker.write_all(b"NOVA\x01\0\0\0\xff\xff\xff\xff").await.unwrap();
    let error = accept(router, &policy(), admit).await.unwrap_err();
    let HandshakeError::Refused(reject) = error else { panic!("{error}") };
    assert_eq!(reject.code, RejectCode::BadHello);
    let mut answer = Vec::new();
    worker.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, HandshakeFrame::Reject(reject).encode().unwrap());
}

#[tokio::test]
async fn a_peer_that_hangs_up_is_not_waited_for() {
    let (router, worker) = duplex(1024);
    drop(worker);
    let result = accept(router, &policy(), admit).await;
    assert!(matches!(result, Err(HandshakeError::HungUp)));
    let (router, worker) = duplex(1024);
    drop(router);
    let result = join(worker, hello(), HANDSHAKE_TIMEOUT, |_| None).await;
    assert!(matches!(result, Err(HandshakeError::HungUp)));
}

#[tokio::test]
async fn a_frame_out_of_place_is_named() {
    let ready = HandshakeFrame::Ready(Ready { nonce: None }).encode().unwrap();
    let (router, mut worker) = duplex(1024);
    worker.write_all(&ready).await.unwrap();
    let error = accept(router, &policy(), admit).await.unwrap_err();
    assert_eq!(error.to_string(), "the peer sent a ready where a hello was expected");
    let (mut router, worker) = duplex(1024);
    router.write_all(&ready).await.unwrap();
    let error = join(worker, hello(), HANDSHAKE_TIMEOUT, |_| None).await.unwrap_err();
    assert_eq!(error.to_string(), "the peer sent a ready where a welcome was expected");
}

#[tokio::test]
async fn a_router_that_chooses_a_version_of_its_own_is_refused() {
    let (mut router, worker) = duplex(1024);
    let mut welcome = b"NOVA\x02\0\0\0\x28\0\0\0\x09\0".to_vec();
    welcome.extend([1; 36]);
    welcome.extend([0, 0]);
    router.write_all(&welcome).await.unwrap();
    let error = join(worker, hello(), HANDSHAKE_TIMEOUT, |_| None).await.unwrap_err();
    assert_eq!(error.to_string(), "the router chose protocol version 9, this side speaks 1");
}

/// The reject that both ends hear of.
async fn rejected(policy: &AcceptPolicy, hello: Hello) -> Reject {
    let (accepted, joined) = shake_hands(policy, hello).await;
    let Err(HandshakeError::Rejected(heard)) = joined else { panic!("{joined:?}") };
    let Err(HandshakeError::Refused(said)) = accepted else { panic!("{accepted:?}") };
    assert_eq!(heard, said);
    heard
}

#[tokio::test]
async fn a_frontend_asks_and_the_router_answers() {
    let policy = AcceptPolicy { role: Role::Frontend, ..policy() };
    let hello = Hello::of(Role::Frontend, "f1", "0.1.0-frontend");
    let (accepted, joined) = shake_hands(&policy, hello).await;
    let (mut incoming, caller) = (accepted.unwrap().into_incoming(), joined.unwrap().into_caller());
    let answered = async {
        let asked = incoming.next().await.unwrap();
        assert_eq!(asked.request, frontend::Request::Status);
        let status = frontend::RouterStatus { pid: 7, ..frontend::RouterStatus::default() };
        asked.responder.respond(Ok(frontend::Response::Status(status)));
    };
    let (answer, ()) = tokio::join!(caller.call(&frontend::Request::Status, None), answered);
    let frontend::Response::Status(status) = answer.unwrap() else { panic!("another answer") };
    assert_eq!(status.pid, 7);
}

#[tokio::test]
async fn each_role_has_its_own_door() {
    let frontend = || Hello::of(Role::Frontend, "f1", "0.1.0");
    let reject = rejected(&policy(), frontend()).await;
    assert_eq!(reject.code, RejectCode::NotWanted);
    assert_eq!(reject.message, "no use for a frontend here, only for a worker");
    let reject = rejected(&policy(), Hello { role: Role::Stop, ..frontend() }).await;
    assert_eq!(reject.code, RejectCode::NotWanted);
    let frontends = AcceptPolicy { role: Role::Frontend, ..policy() };
    let reject = rejected(&frontends, hello()).await;
    assert_eq!(reject.message, "no use for a worker here, only for a frontend");
}

#[tokio::test]
async fn a_router_is_asked_to_end_across_versions_and_only_by_who_has_the_token() {
    let range = |min, max| VersionRange { min: ProtocolVersion(min), max: ProtocolVersion(max) };
    let token = || Token::new("secret").ok();
    let policy =
        AcceptPolicy { role: Role::Frontend, token: token(), versions: range(3, 4), ..policy() };
    let stop = Hello { versions: range(1, 2), ..Hello::of(Role::Stop, "f1", "0.0.9") };
    let reject = rejected(&policy, stop.clone()).await;
    assert_eq!(reject.code, RejectCode::BadToken);
    let (accepted, joined) = shake_hands(&policy, Hello { token: token(), ..stop }).await;
    assert!(matches!(accepted, Err(HandshakeError::AskedToEnd)));
    let Err(HandshakeError::Rejected(reject)) = joined else { panic!("not rejected") };
    assert_eq!(reject.code, RejectCode::ShuttingDown);
}
