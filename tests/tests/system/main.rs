//! The whole system from outside: each test starts the real `nova` and `nova-worker` on a small tree
//! of its own and judges them by what they print, what they leave behind, and how they end.
//!
//! Nothing here knows how the product is built; what it may rely on is the command line's contract.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]
#![expect(clippy::print_stderr, reason = "a failed test shows what it had printed")]

mod programs;
mod run;
mod sandbox;

mod archives;
mod bad_input;
mod cache_folder;
mod cert;
mod command_line;
mod damage;
mod digest;
mod edits;
mod explain;
mod formats;
mod jdk;
mod layout;
mod paths;
mod quarantine;
mod relevance;
mod warm_start;
mod workspaces;

// These look at processes from outside, in `/proc`.
#[cfg(target_os = "linux")]
mod boundaries;
#[cfg(target_os = "linux")]
mod crashes;
#[cfg(target_os = "linux")]
mod daemon;
#[cfg(target_os = "linux")]
mod frontends;
#[cfg(target_os = "linux")]
mod guests;
#[cfg(target_os = "linux")]
mod interrupts;
#[cfg(target_os = "linux")]
mod lsp;
#[cfg(target_os = "linux")]
mod mcp;
#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod pitfalls;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod remote;
#[cfg(target_os = "linux")]
mod secrets;
#[cfg(target_os = "linux")]
mod serve;
#[cfg(target_os = "linux")]
mod served;
#[cfg(target_os = "linux")]
mod strangers;
