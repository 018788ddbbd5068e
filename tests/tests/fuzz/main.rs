//! Whatever bytes others send or leave behind: no reader panics, hangs, takes memory without bound, or makes
//! something else of them than what they say.
//!
//! Each target is a test that changes the inputs of a corpus at random, for a second or for as long as it is told.
//! Inputs that lead to something new are changed further. It needs nothing but the stable toolchain; the runner
//! knows no target, and each target says what must hold.

mod corpus;
mod mutation;
mod random;
mod runner;
mod trace;

mod frames;
mod handshake;
mod messages;
mod shipping;

mod java;
mod scanner;

mod dictionaries;
mod sections;
mod shards;

use runner::fuzz;

const TARGETS: [&runner::Target; 7] = [
    &frames::TARGET,
    &handshake::TARGET,
    &messages::TARGET,
    &shipping::TARGET,
    &scanner::TARGET,
    &shards::TARGET,
    &dictionaries::TARGET,
];

#[test]
fn the_corpus_has_what_is_encoded_now() {
    TARGETS.into_iter().for_each(corpus::check_seeds);
}

#[test]
fn frames() {
    fuzz(&frames::TARGET);
}

#[test]
fn handshake() {
    fuzz(&handshake::TARGET);
}

#[test]
fn messages() {
    fuzz(&messages::TARGET);
}

#[test]
fn shipping() {
    fuzz(&shipping::TARGET);
}

#[test]
fn scanner() {
    fuzz(&scanner::TARGET);
}

#[test]
fn shards() {
    fuzz(&shards::TARGET);
}

#[test]
fn dictionaries() {
    fuzz(&dictionaries::TARGET);
}
