//! Workers that do not see the router's disk, over TLS on real sockets.

mod slow;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use nova_tests::wire::Wire;
use serde_json::Value;

use crate::network::{A_MOMENT, Authority, free_port, tls};
use crate::processes::{SOON, signal};
use crate::run::{Run, Running, wait_for};
use crate::sandbox::{Sandbox, large_class};

/// A tree in several shards, a router's port, and certificates of one authority.
pub(crate) struct Network {
    pub(crate) sandbox: Sandbox,
    pub(crate) port: u16,
}

impl Network {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new(&[]);
        for package in ["p", "q", "r"] {
            sandbox.write(format!("src/{package}/A.java"), large_class(package, "A", 20));
        }
        let authority = Authority::new(&sandbox, "ca");
        authority.certify("router", "localhost");
        authority.certify("big", "big.example.org");
        fs::create_dir(sandbox.path("trust")).unwrap();
        sandbox.trust(BIG);
        Self { sandbox, port: free_port() }
    }

    /// `nova COMMAND tree --listen …` with the router's certificate.
    pub(crate) fn router(&self, command: &[&str], options: &[&str]) -> Run {
        let listen = tls(self.port);
        let listen =
            ["--listen", &listen, "--tls-cert", "router.pem", "--tls-key", "router-key.pem"];
        let trust = ["--tls-client-ca", "ca.pem", "--trust-dir", "trust"];
        let tree = ["--max-shard-size", "1K", "tree"];
        self.sandbox.nova(command.iter().chain(&listen).chain(&trust).chain(&tree).chain(options))
    }

    fn index(&self, options: &[&str]) -> Run {
        self.router(&["index", "--json", "--workers", "0"], options)
    }

    /// A worker with a store of its own that connects to this port.
    pub(crate) fn worker(&self, port: u16, options: &[&str]) -> Run {
        let endpoint = tls(port);
        let connect = ["--connect", &endpoint, "--tls-ca-cert", "ca.pem", "--cache-dir", "store"];
        let own = ["--tls-client-cert", "big.pem", "--tls-client-key", "big-key.pem"];
        self.sandbox.nova_worker(connect.iter().chain(&own).chain(options))
    }

    /// What was decided about workers, a JSON object each.
    pub(crate) fn audit(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.sandbox.path("trust/audit.log")).unwrap_or_default();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn assert_like_clean(&self, report: &Value) {
        let clean = self.sandbox.in_clean_cache(|nova| {
            let index = ["index", "--json", "--max-shard-size", "1K"];
            nova(&index).ok().json()["digest"].clone()
        });
        assert_eq!(report["digest"], clean, "{report}");
    }
}

#[test]
fn a_worker_without_the_disk_builds_the_same_index() {
    let network = Network::new();
    let sandbox = &network.sandbox;
    sandbox.write("src/p/Latin.java", b"package p; class Latin { int gr\xfc\xdfe; }");
    sandbox.write("src/p/Empty.java", "");
    sandbox.write("src/q/Large.java", large_class("q", "Large", 10_000));
    sandbox.write("src/q/TooLarge.java", large_class("q", "TooLarge", 60_000));
    let _worker = network.worker(network.port, &[]).start();
    let options = ["--max-file-size", "2M"];
    let report = network.index(&options).ok().json();
    assert_eq!((&report["files"], &report["workers"]), (&6.into(), &1.into()), "{report}");
    assert_eq!(report["worker_stats"][0]["name"], "big");
    assert_eq!(report["skipped"].as_array().unwrap().len(), 1, "{report}");
    let clean = sandbox.in_clean_cache(|nova| {
        let index = ["index", "--json", "--max-shard-size", "1K", "--max-file-size", "2M"];
        nova(&index).ok().json()["digest"].clone()
    });
    assert_eq!(report["digest"], clean);
    // What changed is put together with what did not.
    sandbox.write("src/p/A.java", "package p; class A { int changed; }");
    fs::remove_file(sandbox.file("src/p/Empty.java")).unwrap();
    let report = network.index(&options).ok().json();
    assert_eq!(report["rescanned_files"], 1, "{report}");
    assert_eq!(sandbox.found("changed"), ["changed"]);
}

#[test]
fn a_text_is_sent_once() {
    let network = Network::new();
    let sandbox = &network.sandbox;
    let text = |number: u32| {
        let names: Vec<String> = (0..2000u32)
            .map(|at| {
                format!(
                    "int n{:x};",
                    u64::from(at + number * 9999).wrapping_mul(0x9e37_79b9_7f4a_7c15)
                )
            })
            .collect();
        format!("package big; class Big{number} {{ {} }}", names.join(" "))
    };
    for number in 0..8 {
        sandbox.write(format!("src/big/Big{number}.java"), text(number));
    }
    let wire = Wire::new(network.port).unwrap();
    let _worker = network.worker(wire.port, &[]).start();
    let sent = |options: &[&str]| {
        let before = wire.bytes()[1];
        let report = network.index(options).ok().json();
        network.assert_like_clean(&report);
        wire.bytes()[1] - before
    };
    let cold = sent(&[]);
    assert!(cold > 100 << 10, "{cold}");
    let unchanged = sent(&[]);
    assert!(unchanged < 4 << 10, "{unchanged}");
    sandbox.write("src/big/Big0.java", "package big; class Big0 { int small; }");
    let changed = sent(&[]);
    assert!(changed < 8 << 10, "{changed}");
    let anew = sent(&["--rebuild"]);
    assert!(anew < cold / 8, "{anew} of {cold}");
}

#[test]
fn a_worker_whose_texts_were_removed_begins_anew() {
    let network = Network::new();
    let _worker = network.worker(network.port, &[]).start();
    network.index(&[]).ok();
    for _ in 0..2 {
        fs::remove_dir_all(network.sandbox.path("store")).unwrap();
        let report = network.index(&["--rebuild"]).ok().json();
        assert!(report["failed"].as_array().unwrap().is_empty(), "{report}");
        network.assert_like_clean(&report);
        assert!(network.sandbox.path("store/texts/texts_0.pack").exists());
    }
}

#[test]
fn wherever_the_wire_is_cut_the_end_is_the_same() {
    let network = Network::new();
    let wire = Wire::new(network.port).unwrap();
    let worker = network.worker(wire.port, &[]).start();
    let report = network.index(&[]).ok().json();
    network.assert_like_clean(&report);
    let whole: u64 = wire.bytes().iter().sum();
    drop(worker);
    for part in 1..=16 {
        // Everything is sent again.
        fs::remove_dir_all(network.sandbox.path("store")).unwrap();
        let _worker = network.worker(wire.port, &[]).start();
        wire.cut_after(part * whole / 17);
        let report = network.index(&["--rebuild"]).ok().json();
        assert!(wire.was_cut(), "{part}");
        network.assert_like_clean(&report);
    }
}

#[test]
fn who_is_killed_is_replaced_by_the_next_one_or_by_the_routers_own() {
    let network = Network::new();
    for _ in 0..3 {
        let worker = network.worker(network.port, &[]).start();
        let router = network.index(&["--rebuild"]).start();
        wait_for("the worker to connect", SOON, || {
            crate::processes::has_connected(worker.id()).then_some(())
        });
        signal(worker.id(), "KILL");
        worker.end();
        let _next = network.worker(network.port, &[]).start();
        network.assert_like_clean(&router.end().code(0).json());
    }
    let wire = Wire::new(network.port).unwrap();
    let _worker = network.worker(wire.port, &[]).start();
    wire.cut_after(20_000);
    let report =
        network.router(&["index", "--json", "--workers", "1", "--rebuild"], &[]).ok().json();
    network.assert_like_clean(&report);
}

#[test]
fn a_worker_outlives_its_routers() {
    let network = Network::new();
    let mut worker = network.worker(network.port, &[]).start();
    for _ in 0..3 {
        network.assert_like_clean(&network.index(&["--rebuild"]).ok().json());
    }
    assert!(worker.is_running());
}

#[test]
fn what_is_edited_is_scanned_far_away() {
    let network = Network::new();
    let sandbox = &network.sandbox;
    let _worker = network.worker(network.port, &[]).start();
    let router = network.router(&["serve", "--workers", "0"], &[]).start();
    for number in 0..5 {
        let name = format!("Edited{number}");
        sandbox.write("src/p/A.java", format!("package p; class {name} {{}}"));
        wait_for("the edit", SOON, || (sandbox.found(&name) == [name.clone()]).then_some(()));
    }
    sandbox.nova(["serve", "--stop", "tree"]).ok();
    router.end().code(0);
}

/// Starts a worker, waits until it has said something, and answers what.
pub(crate) fn what_it_says(worker: Run) -> String {
    let log = tempfile::NamedTempFile::new().unwrap();
    let worker: Running = worker.stderr_to(log.reopen().unwrap()).start();
    let said = wait_for("the worker to say what is wrong", SOON, || {
        let text = fs::read_to_string(log.path()).unwrap();
        text.contains("trying again").then_some(text)
    });
    drop(worker);
    said
}

#[test]
fn whom_a_worker_does_not_trust_it_does_not_work_for() {
    let network = Network::new();
    let other = Authority::new(&network.sandbox, "other");
    other.certify("stranger", "localhost");
    let router = network.index(&[]).start();
    wait_for("the router", SOON, || TcpStream::connect(("127.0.0.1", network.port)).ok());

    let said = what_it_says(network.worker(network.port, &["--tls-domain", "example.org"]));
    assert!(said.contains("another name") && said.contains("--tls-domain"), "{said}");
    let endpoint = tls(network.port);
    let connect = ["--connect", &endpoint, "--cache-dir", "store"];
    let distrusts =
        network.sandbox.nova_worker(connect.iter().chain(&["--tls-ca-cert", "other.pem"]));
    let said = what_it_says(distrusts);
    assert!(said.contains("not signed by the authority"), "{said}");
    let said = what_it_says(network.sandbox.nova_worker(connect));
    assert!(said.contains("--tls-ca-cert"), "{said}");
    let plain = endpoint.replace("tcp+tls:", "tcp:");
    let said =
        what_it_says(network.sandbox.nova_worker(["--connect", &plain, "--cache-dir", "store"]));
    assert!(said.contains("does not take this worker"), "{said}");

    let stranger = ["--tls-client-cert", "stranger.pem", "--tls-client-key", "stranger-key.pem"];
    let authority = ["--tls-ca-cert", "ca.pem"];
    let said = what_it_says(
        network.sandbox.nova_worker(connect.iter().chain(&authority).chain(&stranger)),
    );
    assert!(said.contains("does not take this worker"), "{said}");

    // None of this has disturbed the router.
    let _worker = network.worker(network.port, &[]).start();
    network.assert_like_clean(&router.end().code(0).json());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let network = Network::new();
    let key = network.sandbox.path("router-key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    network
        .index(&[])
        .run()
        .code(1)
        .says(&["others can read router-key.pem", "run `chmod 600 router-key.pem`"]);
}

#[test]
fn noise_at_the_port_disturbs_nobody() {
    let network = Network::new();
    let router = network.index(&[]).start();
    let connected = || TcpStream::connect(("127.0.0.1", network.port)).ok();
    let mut idle = vec![wait_for("the router", SOON, connected)];
    // Some say nothing, some talk of other things, some hang up in the middle of a word.
    for _ in 0..20 {
        idle.push(connected().unwrap());
        drop(connected().unwrap().write_all(b"GET / HTTP/1.1\r\n\r\n"));
        drop(connected().unwrap().write_all(&[0x16, 3, 1, 0xff, 0xff]));
    }
    std::thread::sleep(A_MOMENT);
    let _worker = network.worker(network.port, &[]).start();
    network.assert_like_clean(&router.end().code(0).json());
    // Whoever waited is told nothing.
    let mut told = Vec::new();
    idle[0].set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    drop(idle[0].read_to_end(&mut told));
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn in_the_clear_is_for_this_machine_alone() {
    let network = Network::new();
    let sandbox = &network.sandbox;
    fs::write(sandbox.path("token"), "open sesame").unwrap();
    let token = ["--auth-token-file", "token"];
    let listen = |endpoint: &str| {
        let index = [
            "index",
            "--json",
            "--workers",
            "0",
            "--max-shard-size",
            "1K",
            "tree",
            "--listen",
            endpoint,
        ];
        sandbox.nova(index.iter().chain(&token))
    };
    listen("tcp:0.0.0.0:0").run().code(1).says(&["in the clear", "--allow-insecure"]);
    let endpoint = format!("tcp:127.0.0.1:{}", network.port);
    let connect = ["--connect", &endpoint, "--cache-dir", "store"];
    let _worker = sandbox.nova_worker(connect.iter().chain(&token)).start();
    network.assert_like_clean(&listen(&endpoint).ok().json());
}

/// The one worker that is known.
pub(crate) const BIG: &str = "[[worker]]\nname = \"big\"\nsan = \"big.example.org\"\n";

impl Network {
    /// Whether something was decided about the worker "big".
    pub(crate) fn was_decided(&self, event: &str) -> bool {
        self.audit().iter().any(|it| it["event"] == event && it["worker"] == "big")
    }

    #[track_caller]
    pub(crate) fn wait_until(&self, event: &str) {
        wait_for(event, SOON, || self.was_decided(event).then_some(()));
    }

    /// A router that goes on, with a worker elsewhere that has come in.
    pub(crate) fn serve(&self, options: &[&str], worker: Run) -> (Running, Running) {
        let router = self.router(&["serve", "-v"], options).start();
        let worker = worker.start();
        self.wait_until("accepted");
        (router, worker)
    }

    /// Has a router that goes on find what was ignored, so that it plans, and has its workers build shards.
    pub(crate) fn unignored(&self, pattern: &str, make: impl FnOnce()) {
        self.sandbox.write(".gitignore", pattern);
        let look = || self.sandbox.nova(["index", "--max-shard-size", "1K", "tree"]).ok();
        look();
        make();
        fs::remove_file(self.sandbox.file(".gitignore")).unwrap();
        look();
    }

    /// Ends a router that goes on; answers what it said.
    pub(crate) fn end(&self, router: Running) -> String {
        self.sandbox.nova(["serve", "--stop", "tree"]).ok();
        router.end().code(0).stderr
    }
}

#[test]
fn who_is_revoked_is_cut_off_at_once_and_comes_back_when_trusted_again() {
    let network = Network::new();
    let (router, mut worker) =
        network.serve(&["--workers", "0"], network.worker(network.port, &[]));
    network.sandbox.trust(&format!("{BIG}revoked = true\n"));
    network.wait_until("cut");
    network.wait_until("rejected");
    assert!(network.was_decided("revoked"));
    network.sandbox.trust(BIG);
    let accepted = || network.audit().iter().filter(|it| it["event"] == "accepted").count() == 2;
    wait_for("the worker to come back", 2 * SOON, || accepted().then_some(()));
    network.sandbox.write("src/p/New.java", "package p; class New {}");
    assert_eq!(network.sandbox.found("New"), ["New"]);
    assert!(worker.is_running());
    network.end(router);
    let secrets = fs::read_to_string(network.sandbox.path("trust/audit.log")).unwrap();
    assert!(!secrets.contains("PRIVATE"), "{secrets}");
}

#[test]
fn a_worker_sees_no_more_than_it_may() {
    let network = Network::new();
    let sandbox = &network.sandbox;
    // Each mark stands in a text once, so that packing leaves it as it is.
    let text = |package: &str| {
        let mark = if package == "secret" { "zeppelin" } else { "xylophone" };
        format!("package {package}; class Marked {{ int {mark}; }}")
    };
    sandbox.write("src/src/Marked.java", text("src"));
    // A root of this size shares its shards with no other.
    sandbox.write("src/src/Large.java", large_class("src", "Large", 30_000));
    sandbox.write("secret/secret/Marked.java", text("secret"));
    sandbox.trust(&format!("{BIG}shards = [\"src\"]\n"));
    let (router, _worker) = network.serve(&["--workers", "1"], network.worker(network.port, &[]));
    for round in 0..5 {
        let new = format!("New{round}.java");
        network.unignored(&new, || {
            for package in ["src", "a", "b", "c", "d"] {
                sandbox.write(format!("src/{package}/{new}"), text(package));
            }
            sandbox.write(format!("secret/secret/{new}"), text("secret"));
        });
        sandbox.write("secret/secret/Edited.java", text("secret").replace("Marked", "Edited"));
        assert_eq!(sandbox.found("Edited"), ["Edited"]);
    }
    network.end(router);
    let packs = fs::read_dir(sandbox.path("store/texts")).unwrap().flatten();
    let stored: Vec<u8> = packs.flat_map(|pack| fs::read(pack.path()).unwrap()).collect();
    let has = |text: &[u8]| stored.windows(text.len()).any(|window| window == text);
    assert!(has(b"xylophone"), "nothing was sent at all: {:?}", network.audit());
    assert!(!has(b"zeppelin"));
}

#[test]
fn of_two_that_say_to_be_the_same_one_comes_in() {
    let network = Network::new();
    let (router, first) = network.serve(&["--workers", "0"], network.worker(network.port, &[]));
    let second = |options: &[&str]| {
        let endpoint = tls(network.port);
        let connect = ["--connect", &endpoint, "--tls-ca-cert", "ca.pem", "--cache-dir", "store2"];
        let own = ["--tls-client-cert", "big.pem", "--tls-client-key", "big-key.pem"];
        network.sandbox.nova_worker(connect.iter().chain(&own).chain(options))
    };
    let said = what_it_says(second(&[]));
    assert!(said.contains("does not take this worker"), "{said}");
    // The dead make room.
    signal(first.id(), "KILL");
    first.end();
    let _second = second(&[]).start();
    let accepted = || network.audit().iter().filter(|it| it["event"] == "accepted").count() == 2;
    wait_for("the second to come in", SOON, || accepted().then_some(()));
    network.end(router);
}

#[test]
fn a_liar_is_caught_and_what_it_said_is_not_believed() {
    let network = Network::new();
    let worker = network.worker(network.port, &[]).env("NOVA_FAULT_LIE", "1");
    let (router, _worker) = network.serve(&["--workers", "1"], worker);
    network.unignored("more", || {
        for package in ["s", "t", "u", "v"] {
            let text = large_class(package, "A", 20);
            network.sandbox.write(format!("src/more/{package}/A.java"), text);
        }
    });
    network.wait_until("cut");
    let said = network.end(router);
    assert!(said.contains("are not those of the file"), "{said}");
    let report = network.sandbox.nova(["index", "--json", "--max-shard-size", "1K", "tree"]).ok();
    network.assert_like_clean(&report.json());
}

#[test]
fn the_commands_of_the_page_for_newcomers_do_what_it_says() {
    let network = Network::new();
    let sandbox = &network.sandbox;
    sandbox.nova_at_home(["cert", "init", "--name", "localhost"]).ok();
    sandbox.nova_at_home(["cert", "worker", "big"]).ok();
    let endpoint = tls(network.port);
    let router = sandbox.nova(["serve", "tree", "--workers", "0", "--listen", &endpoint]).start();
    let own = ["--tls-client-cert", "big/big.pem", "--tls-client-key", "big/big-key.pem"];
    let connect = ["--connect", &endpoint, "--cache-dir", "store", "--tls-ca-cert", "big/ca.pem"];
    let _worker = sandbox.nova_worker(connect.iter().chain(&own)).start();
    let audit = sandbox.path("home/.config/nova/trust/audit.log");
    let has_come = || fs::read_to_string(&audit).unwrap_or_default().contains("accepted");
    wait_for("the worker to come in", SOON, || has_come().then_some(()));
    wait_for("the index", SOON, || (sandbox.found("method19").len() == 3).then_some(()));
    let status = sandbox.nova(["status", "--json", "tree"]).ok().json();
    assert!(status.to_string().contains("\"big\""), "{status}");

    // A new certificate of the router is shown to who comes from then on.
    let shown = || {
        let port = format!("localhost:{}", network.port);
        let asked = sandbox.program("openssl", ["s_client", "-connect", &port, "-showcerts"]).run();
        let text = asked.text();
        text.split_once("BEGIN CERTIFICATE").expect("a certificate is shown").1.to_owned()
    };
    let before = shown();
    sandbox.nova_at_home(["cert", "renew", "router"]).ok();
    wait_for("the new certificate", SOON, || (shown() != before).then_some(()));
    network.end(router);
}

#[test]
fn a_large_text_in_two_shards_is_sent_for_both() {
    let network = Network::new();
    let text = large_class("twice", "Twice", 25_000);
    for root in ["a", "b", "c"] {
        network.sandbox.write(format!("{root}/twice/Twice.java"), &text);
    }
    let _worker = network.worker(network.port, &[]).start();
    let report = network.index(&[]).ok().json();
    assert!(report["failed"].as_array().unwrap().is_empty(), "{report}");
    network.assert_like_clean(&report);
}

#[test]
fn questions_do_not_wait_for_a_worker_that_is_not_there() {
    let network = Network::new();
    let sandbox = &network.sandbox;
    let router = network.router(&["serve", "--workers", "0"], &[]).start();
    wait_for("the router", SOON, || TcpStream::connect(("127.0.0.1", network.port)).ok());
    let search = ["search", "--json", "--max-shard-size", "1K", "A", "tree"];
    sandbox.nova(search).run().code(1).says(&["no worker has come in"]);
    let _worker = network.worker(network.port, &[]).start();
    let found = || sandbox.nova(search).run().names().contains(&"A".to_owned());
    wait_for("the index", SOON, || found().then_some(()));
    network.end(router);
}
