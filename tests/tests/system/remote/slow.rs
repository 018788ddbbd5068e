//! A network as between two towns: late, narrow, and losing a segment in a hundred.
//!
//! The wire stands for such a network in user space: this needs no privileges, and runs wherever the tests run.

use std::time::Duration;

use nova_tests::wire::{Conditions, Loss, Wire};

use super::Network;
use crate::processes::SOON;
use crate::run::wait_for;
use crate::sandbox::{assert_same, sorted_lines, unpackable_class};

const LATENCY: Duration = Duration::from_millis(20);
/// 8 Mbit/s, so that what is sent takes longer than any pause.
const BYTES_PER_SECOND: u64 = 8_000_000 / 8;
const LOST_PER_MILLE: u64 = 10;
/// Texts, of some 30 KiB each on the wire.
const TEXTS: u64 = 24;

/// A network with much to send, and a bad wire to its router.
fn bad_network(seed: u64) -> (Network, Wire) {
    let network = Network::new();
    for number in 0..TEXTS {
        let name = format!("Big{number}");
        let text = unpackable_class("big", &name, 2000);
        network.sandbox.write(format!("src/big/{name}.java"), text);
    }
    eprintln!("what is lost is drawn from {seed}");
    let loss = Loss { per_mille: LOST_PER_MILLE, seed };
    let conditions =
        Conditions { latency: LATENCY, bytes_per_second: Some(BYTES_PER_SECOND), loss };
    let wire = Wire::with(network.port, conditions).unwrap();
    (network, wire)
}

/// All symbols, by a command that is told the size of shards, and those of a clean index.
fn assert_same_symbols(network: &Network) {
    let export = ["export", "--max-shard-size", "1K"];
    let symbols = sorted_lines(&network.sandbox.nova(export.iter().chain(&["tree"])).ok().text());
    let clean = network.sandbox.in_clean_cache(|nova| sorted_lines(&nova(&export).ok().text()));
    assert_same(&symbols, &clean);
}

#[test]
fn over_a_bad_network_the_index_is_the_same() {
    let (network, wire) = bad_network(1);
    let _worker = network.worker(wire.port, &[]).start();
    let report = network.index(&[]).ok().json();
    assert_eq!(report["failed"].as_array().map(Vec::len), Some(0), "{report}");
    network.assert_like_clean(&report);
    assert_same_symbols(&network);
}

#[test]
fn an_edit_while_texts_are_sent_over_a_bad_network_is_found() {
    let (network, wire) = bad_network(2);
    let router = network.router(&["serve", "--workers", "0"], &[]).start();
    let _worker = network.worker(wire.port, &[]).start();
    let sandbox = &network.sandbox;
    wait_for("texts on their way", SOON, || (wire.bytes()[1] > 64 << 10).then_some(()));
    // Its answer comes when all is indexed.
    let looking = sandbox.nova(["index", "--max-shard-size", "1K", "tree"]).start();
    // One that has been sent, one that is to come, or the other way round.
    for (number, name) in [(0, "First"), (TEXTS - 1, "Last")] {
        sandbox
            .write(format!("src/big/Big{number}.java"), format!("package big; class {name} {{}}"));
    }
    let before = wire.bytes()[1];
    looking.end().code(0);
    assert!(wire.bytes()[1] - before > 100 << 10, "all had been sent before the edit");
    for name in ["First", "Last"] {
        wait_for("the edit", SOON, || (sandbox.found(name) == [name]).then_some(()));
    }
    assert!(sandbox.found("Big0").iter().all(|name| name != "Big0"));
    assert_same_symbols(&network);
    network.end(router);
}

#[test]
fn what_was_sent_before_a_bad_network_broke_is_not_sent_again() {
    let (network, wire) = bad_network(3);
    let worker = network.worker(wire.port, &[]).start();
    let sent = |options: &[&str]| {
        let before = wire.bytes()[1];
        network.assert_like_clean(&network.index(options).ok().json());
        wire.bytes()[1] - before
    };
    let whole = sent(&[]);
    drop(worker);
    std::fs::remove_dir_all(network.sandbox.path("store")).unwrap();
    let _worker = network.worker(wire.port, &[]).start();
    wire.cut_after(whole * 3 / 4);
    let with_a_cut = sent(&["--rebuild"]);
    assert!(wire.was_cut());
    // Without what had arrived it would be seven quarters.
    assert!(with_a_cut < whole * 5 / 4, "{with_a_cut} instead of {whole}");
    assert_same_symbols(&network);
}
