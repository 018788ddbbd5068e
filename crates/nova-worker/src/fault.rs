//! Texts that break the worker which scans them, so that tests see what becomes of the others.
//!
//! Built by the feature `fault-injection` alone, which is for tests.

use std::time::Duration;

use nova_syntax::declarations::Declarations;

const LIAR_VARIABLE: &str = "NOVA_FAULT_LIE";
const MARK: &str = "// nova-fault: ";

const CHUNK_BYTES: usize = 4 << 20;
const CHUNK_PAUSE: Duration = Duration::from_millis(10);
/// A worker that nobody has stopped by then takes no more: the machine is not the one to suffer.
const HOARD_BYTES: usize = 1 << 30;

/// Does what the text asks for.
pub(crate) fn inject(text: &str) {
    let Some(at) = text.find(MARK) else { return };
    match text[at + MARK.len()..].split_whitespace().next() {
        Some("crash") => std::process::abort(),
        Some("hang") => wait_for_ever(),
        Some("memory") => hoard(),
        _ => {}
    }
}

/// Leaves a declaration out, if this process is to be a liar.
pub(crate) fn falsify(declarations: &mut Declarations) {
    if std::env::var_os(LIAR_VARIABLE).is_some() {
        declarations.symbols.pop();
    }
}

fn wait_for_ever() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn hoard() -> ! {
    let mut chunks = Vec::new();
    while chunks.len() * CHUNK_BYTES < HOARD_BYTES {
        // Not zeros, for which the system would lend no memory.
        chunks.push(vec![1_u8; CHUNK_BYTES]);
        std::thread::sleep(CHUNK_PAUSE);
    }
    wait_for_ever()
}
