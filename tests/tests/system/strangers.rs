//! Who knocks at a router's port, or listens at a worker's, without being what it should: how each is told, and
//! what the audit says of it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::{Bytes, BytesMut};
use nova_protocol::body;
use nova_protocol::frame::{Frame, FrameDecoder, Kind};
use nova_protocol::handshake::Hello;
use nova_protocol::limits::FRAME_PAYLOAD_BYTES_MAX;
use nova_protocol::message::Progress;
use nova_rpc::tls::{CertificateFiles, ClientTls, TlsVersion};
use nova_rpc::{ClientSecurity, Endpoint, connect_securely, join};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use nova_tests::wire::Wire;

use crate::network::{Authority, free_port, tls};
use crate::processes::SOON;
use crate::remote::{BIG, Network, what_it_says};
use crate::run::{Run, Running, wait_for};
use crate::sandbox::large_class;

/// A router that goes on, for all the strangers of a test.
struct Case {
    network: Network,
    _router: Running,
}

impl Case {
    fn new(options: &[&str]) -> Self {
        Self::with(Network::new(), options)
    }

    fn with(network: Network, options: &[&str]) -> Self {
        let router = network.router(&["serve", "--workers", "0"], options).start();
        wait_for("the router", SOON, || TcpStream::connect(("127.0.0.1", network.port)).ok());
        Self { network, _router: router }
    }

    /// A worker that knows the router, with these options to say who it is.
    fn worker(&self, options: &[&str]) -> Run {
        let endpoint = tls(self.network.port);
        let connect = ["--connect", &endpoint, "--tls-ca-cert", "ca.pem", "--cache-dir", "store2"];
        self.network.sandbox.nova_worker(connect.iter().chain(options))
    }

    /// Waits until the audit has a refusal for this reason.
    #[track_caller]
    fn refused(&self, reason: &str) -> Value {
        let has_reason = |line: &Value| {
            let text = line["reason"].as_str().unwrap_or_default();
            line["event"] == "rejected" && text.contains(reason)
        };
        wait_for(reason, SOON, || self.network.audit().into_iter().find(has_reason))
    }

    fn stop(self) {
        self.network.sandbox.nova(["serve", "--stop", "tree"]).ok();
    }
}

/// The options by which a worker shows a certificate.
fn shows(name: &str) -> [String; 4] {
    let (certificate, key) = (format!("{name}.pem"), format!("{name}-key.pem"));
    ["--tls-client-cert".into(), certificate, "--tls-client-key".into(), key]
}

#[track_caller]
fn is_sent_away(case: &Case, options: &[&str], reason: &str) -> String {
    let said = what_it_says(case.worker(options));
    case.refused(reason);
    said
}

#[test]
fn certificates_that_are_not_good_are_refused_and_written_down() {
    let network = Network::new();
    let own = Authority::of(&network.sandbox, "ca");
    own.certify_expired("late", "big.example.org");
    own.certify("unknown", "nobody.example.org");
    let other = Authority::new(&network.sandbox, "other");
    other.certify("foreign", "big.example.org");
    let case = Case::with(network, &[]);
    for (name, reason, told) in [
        ("foreign", "not signed by the authority", "does not take this worker"),
        ("late", "has expired", "the certificate of this side has expired"),
        ("unknown", "no worker has this certificate", "does not take this worker"),
    ] {
        let options = shows(name);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let said = is_sent_away(&case, &options, reason);
        assert!(said.contains(told), "{name}: {said}");
    }
    is_sent_away(&case, &[], "neither a certificate nor a token");
    let refused = case.refused("not signed by the authority");
    assert!(refused["address"].as_str().unwrap().starts_with("127.0.0.1:"), "{refused}");
    case.stop();
}

#[test]
fn a_router_whose_certificate_has_expired_is_not_worked_for() {
    let network = Network::new();
    Authority::of(&network.sandbox, "ca").certify_expired("router", "localhost");
    let case = Case::with(network, &[]);
    let said = what_it_says(case.network.worker(case.network.port, &[]));
    assert!(said.contains("the peer's certificate has expired"), "{said}");
    case.refused("the certificate of this side has expired");
    assert!(!case.network.audit().iter().any(|line| line["event"] == "accepted"));
    case.stop();
}

#[test]
fn tokens_that_are_not_good_are_refused_and_written_down() {
    let network = Network::new();
    let sandbox = &network.sandbox;
    let cert = |arguments: &[&str]| {
        sandbox.nova_at_home(["cert", "--trust-dir", "trust"].iter().chain(arguments)).ok().text()
    };
    let token = |name: &str, validity: &str| {
        let secret = cert(&["token", name, "--stdout", "--expires", validity]);
        fs::write(sandbox.path(name), &secret).unwrap();
        secret.trim_end().to_owned()
    };
    let secrets = [token("late", "0s"), token("gone", "1h"), token("good", "1h")];
    cert(&["revoke", "gone"]);
    fs::write(sandbox.path("wrong"), secrets[2].replace(|_: char| true, "0")).unwrap();
    let case = Case::with(network, &[]);
    for (file, reason) in [
        ("late", "has expired"),
        ("gone", "the worker was revoked"),
        ("wrong", "no worker has this token"),
    ] {
        let said = is_sent_away(&case, &["--auth-token-file", file], reason);
        assert!(said.contains("not a worker of this router"), "{file}: {said}");
    }
    let options = shows("big");
    let big = options.iter().map(String::as_str).chain(["--auth-token-file", "good"]);
    is_sent_away(&case, &big.collect::<Vec<_>>(), "the token is good's, the certificate is not");
    let _good = case.worker(&["--auth-token-file", "good"]).start();
    let accepted = |line: &Value| line["event"] == "accepted" && line["worker"] == "good";
    wait_for("the good one", SOON, || case.network.audit().iter().any(accepted).then_some(()));
    let audit = case.network.sandbox.path("trust/audit.log");
    let audit = fs::read_to_string(audit).unwrap();
    assert!(!secrets.iter().any(|secret| audit.contains(secret)), "{audit}");
    case.stop();
}

#[test]
fn what_is_no_tls_is_refused_at_a_port_for_it_and_the_other_way_round() {
    let case = Case::new(&[]);
    let _says_nothing = TcpStream::connect(("127.0.0.1", case.network.port)).unwrap();
    let mut plain = TcpStream::connect(("127.0.0.1", case.network.port)).unwrap();
    plain.write_all(b"NOVA\x01\0\0\0\x10\0\0\0 open sesame").unwrap();
    case.refused("does not speak TLS");
    // An alert at most.
    let mut told = Vec::new();
    drop(plain.read_to_end(&mut told));
    assert!(told.len() <= 7 && !told.starts_with(b"NOVA"), "{told:?}");
    let audit = fs::read_to_string(case.network.sandbox.path("trust/audit.log")).unwrap();
    assert!(!audit.contains("sesame"), "{audit}");

    let network = &case.network;
    let port = free_port();
    fs::write(network.sandbox.path("token"), "open sesame").unwrap();
    let endpoint = format!("tcp:127.0.0.1:{port}");
    let listen = ["index", "tree", "--workers", "0", "--listen", &endpoint];
    let listen = listen.iter().chain(&["--auth-token-file", "token", "--cache-dir", "other-cache"]);
    let _plain_router = network.sandbox.nova_at_home(listen).start();
    wait_for("the other router", SOON, || TcpStream::connect(("127.0.0.1", port)).ok());
    let said = what_it_says(network.worker(port, &[]));
    assert!(said.contains("does it speak TLS?") || said.contains("does not speak TLS"), "{said}");
    case.refused("took too long");
    case.stop();
}

#[test]
fn what_was_recorded_is_of_no_use() {
    let case = Case::new(&[]);
    let wire = Wire::new(case.network.port).unwrap();
    wire.record();
    let worker = case.network.worker(wire.port, &[]).start();
    let accepted = || case.network.audit().iter().filter(|it| it["event"] == "accepted").count();
    wait_for("the worker", SOON, || (accepted() == 1).then_some(()));
    drop(worker);
    let recorded = wire.recorded();
    assert!(recorded.len() > 500, "{}", recorded.len());
    let mut again = TcpStream::connect(("127.0.0.1", case.network.port)).unwrap();
    again.write_all(&recorded).unwrap();
    case.refused("does not fit what went before");
    let mut told = Vec::new();
    drop(again.read_to_end(&mut told));
    assert_eq!(accepted(), 1);
    case.stop();
}

#[test]
fn a_flood_of_strangers_is_a_few_lines() {
    let case = Case::new(&[]);
    for _ in 0..500 {
        let mut stranger = TcpStream::connect(("127.0.0.1", case.network.port)).unwrap();
        drop(stranger.write_all(b"GET / HTTP/1.1\r\n\r\n"));
        // Whoever is sent away has been written down, or counted.
        drop(stranger.read_to_end(&mut Vec::new()));
    }
    case.refused("does not speak TLS");
    assert!(case.network.audit().len() < 100, "{}", case.network.audit().len());
    case.stop();
}

#[test]
fn who_speaks_an_older_tls_comes_in_only_where_that_is_asked_for() {
    // `openssl s_client` that speaks 1.2 alone; whether the two came to terms.
    let comes_in = |case: &Case| {
        let port = format!("localhost:{}", case.network.port);
        let asks = ["s_client", "-tls1_2", "-CAfile", "ca.pem", "-connect", &port];
        let own = ["-cert", "big.pem", "-key", "big-key.pem", "-verify_return_error"];
        case.network.sandbox.program("openssl", asks.iter().chain(&own)).run().code == Some(0)
    };
    let case = Case::new(&[]);
    assert!(!comes_in(&case));
    case.refused("no version of TLS");
    case.stop();
    let case = Case::new(&["--tls-min-version", "1.2"]);
    assert!(comes_in(&case));
    // It is no more than the oldest.
    let _worker = case.network.worker(case.network.port, &[]).start();
    case.network.wait_until("accepted");
    let index = case.network.sandbox.nova(["index", "tree", "--tls-min-version", "1.1"]);
    index.run().code(2).says(&["1.2 or 1.3"]);
    case.stop();

    let network = Network::new();
    let port = network.port.to_string();
    // It waits for the end of a line when the two have come to terms.
    let listens = ["s_server", "-tls1_2", "-www", "-accept", &port, "-cert", "router.pem"];
    let key = ["-key", "router-key.pem"];
    let _router = network.sandbox.program("openssl", listens.iter().chain(&key)).start();
    wait_for("the router", SOON, || TcpStream::connect(("127.0.0.1", network.port)).ok());
    let said = what_it_says(network.worker(network.port, &[]));
    assert!(said.contains("no version of TLS"), "{said}");
    let said = what_it_says(network.worker(network.port, &["--tls-min-version", "1.2"]));
    assert!(said.contains("the handshake took longer"), "{said}");
}

/// Lets itself in as the worker that is known, and sends these frames once it was asked something.
fn misbehave(network: &Network, frames: impl Fn(u64) -> Vec<Frame>) {
    let path = |name: &str| network.sandbox.path(name);
    let own = CertificateFiles { certificate: path("big.pem"), key: path("big-key.pem") };
    let tls_config = ClientTls::load(&path("ca.pem"), Some(&own), None, TlsVersion::default());
    let security = ClientSecurity { tls: Some(tls_config.unwrap()), allow_insecure: false };
    let endpoint: Endpoint = tls(network.port).parse().unwrap();
    let work = async {
        let mut stream = loop {
            let mut stream = connect_securely(&endpoint, &security).await.unwrap();
            let hello = Hello::worker("big", "0.1.0");
            // The place of who came before is free in a moment.
            if join(&mut stream, hello, SOON, |_| None).await.is_ok() {
                break stream;
            }
        };
        let mut decoder = FrameDecoder::new(FRAME_PAYLOAD_BYTES_MAX);
        let request = loop {
            if let Some(frame) = decoder.next_frame().unwrap() {
                break frame;
            }
            assert_ne!(stream.read_buf(decoder.buffer()).await.unwrap(), 0);
        };
        let mut bytes = BytesMut::new();
        frames(request.id).iter().for_each(|frame| frame.encode(&mut bytes));
        // It is cut off in the midst of it.
        drop(stream.write_all(&bytes).await);
        drop(stream.read_to_end(&mut Vec::new()).await);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work);
}

#[test]
fn who_floods_or_answers_what_nobody_asked_is_cut_off() {
    let case = Case::new(&[]);
    let frame = |kind, id, payload| Frame { kind, end: true, id, payload };
    let cut = |reason: &str| {
        let is_it = |line: &Value| {
            line["event"] == "cut" && line["reason"].as_str().unwrap_or_default().contains(reason)
        };
        wait_for(reason, SOON, || case.network.audit().iter().any(is_it).then_some(()));
    };
    misbehave(&case.network, |id| vec![frame(Kind::Response, id + 7, Bytes::from_static(b"x"))]);
    cut("which is not open");
    let report = body::encode_progress(&Progress { files: 1, bytes: 1 });
    misbehave(&case.network, |id| vec![frame(Kind::Progress, id, report.clone()); 100_000]);
    cut("reports and pings a second");
    case.stop();
}

#[test]
fn a_worker_that_fails_again_and_again_is_left_alone() {
    let network = Network::new();
    let worker = network.worker(network.port, &[]);
    let (router, _worker) = network.serve(&["--workers", "1"], worker);
    // There is no place for texts any more.
    fs::remove_dir_all(network.sandbox.path("store/texts")).unwrap();
    fs::write(network.sandbox.path("store/texts"), "").unwrap();
    let mut round = 0;
    let said = wait_for("it to be left alone", SOON, || {
        round += 1;
        network.unignored(&format!("more{round}"), || {
            for package in 0..20 {
                let text = large_class(&format!("p{package}"), "A", 20);
                let path = format!("src/more{round}/p{package}/A.java");
                network.sandbox.write(path, text);
            }
        });
        let status = network.sandbox.nova(["status", "--json", "tree"]).ok().json();
        let big = status["workers"].as_array().unwrap().iter().find(|it| it["name"] == "big");
        let error = big.and_then(|big| big["last_error"].as_str()).unwrap_or_default().to_owned();
        error.contains("left alone").then_some(error)
    });
    assert!(said.contains("cannot keep texts") && said.contains("failures in a row"), "{said}");
    let report = network.sandbox.nova(["index", "--json", "--max-shard-size", "1K", "tree"]).ok();
    network.assert_like_clean(&report.json());
    network.end(router);
}

#[test]
fn each_of_several_roots_can_be_named() {
    let network = Network::new();
    let sandbox = &network.sandbox;
    fs::create_dir_all(sandbox.path("lib/x")).unwrap();
    fs::write(sandbox.path("lib/x/Lib.java"), large_class("x", "Lib", 20)).unwrap();
    let trust = |patterns: &[String]| sandbox.trust(&format!("{BIG}shards = {patterns:?}\n"));
    let index = || {
        let index = ["index", "--json", "--rebuild", "--workers", "0"];
        network.router(&index, &["lib"]).ok().json()
    };
    let _worker = network.worker(network.port, &[]).start();
    // By where they are, whichever the workspace is known by.
    trust(&["tree", "lib"].map(|root| sandbox.path(root).display().to_string()));
    assert_eq!(index()["files"], 4);
    // And by what is printed.
    let status = sandbox.nova(["status", "--json", "tree", "lib"]).ok().json();
    let printed = status["roots"].as_array().unwrap().iter().map(|root| &root["root"]);
    let printed: Vec<_> = printed.map(|root| root.as_str().unwrap().to_owned()).collect();
    assert!(printed.iter().any(|root| root.starts_with('/')), "{printed:?}");
    trust(&printed);
    assert_eq!(index()["files"], 4);
}

#[test]
fn a_worker_that_may_see_nothing_is_given_nothing() {
    let network = Network::new();
    network.sandbox.trust(&format!("{BIG}shards = [\"elsewhere\"]\n"));
    let worker = network.worker(network.port, &[]).start();
    let case = Case::with(network, &[]);
    case.network.wait_until("accepted");
    let search = ["search", "--json", "--max-shard-size", "1K", "A", "tree"];
    case.network.sandbox.nova(search).run().code(1).says(&["no worker that may have these shards"]);
    assert!(!case.network.was_decided("assigned"), "{:?}", case.network.audit());
    drop(worker);
    case.stop();
}
