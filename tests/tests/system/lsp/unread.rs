//! Editors that ask and never read the answers: they are not read either, and cost neither memory nor time.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::editor::{Editor, abilities, uri};
use super::{peak_memory_kib, shapes};
use crate::processes::{SOON, is_alive, signal, workers};
use crate::run::wait_for;

/// Far more than pipes hold, and than is read ahead.
const FLOOD: usize = 20_000;
const MEMORY_KIB_MAX: u64 = 200 << 10;
/// A process is looked at so long to see whether it does anything.
const LOOK_TIME: Duration = Duration::from_millis(500);
/// So many hundredths of a second of it are nothing: a loop would take fifty.
const IDLE_TICKS_MAX: u64 = 10;

fn search() -> String {
    let params = json!({ "query": "s" });
    json!({ "jsonrpc": "2.0", "id": 0, "method": "workspace/symbol", "params": params }).to_string()
}

/// The time of a processor that a process has taken, in hundredths of a second.
fn ticks(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // After the name, which may have anything in it, the eleventh and the twelfth.
    let fields = stat.rsplit(") ").next().unwrap().split(' ').skip(11).take(2);
    fields.map(|it| it.parse::<u64>().unwrap()).sum()
}

#[track_caller]
fn wait_until_idle(process: u32) {
    wait_for("a server that does nothing", SOON, || {
        let before = ticks(process);
        std::thread::sleep(LOOK_TIME);
        (ticks(process) - before <= IDLE_TICKS_MAX).then_some(())
    });
}

#[test]
fn an_editor_that_never_reads_costs_no_memory_and_no_time() {
    std::thread::scope(|scope| {
        for body in [search(), "{".to_owned()] {
            scope.spawn(move || never_read(&body));
        }
    });
}

fn never_read(body: &str) {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let id = editor.id();
    editor.stop_reading();
    let is_stuck = editor.flood(body, FLOOD);
    assert!(is_stuck, "whoever says {body} without reading is not read either");
    let peak = peak_memory_kib(id);
    assert!(peak < MEMORY_KIB_MAX, "{peak} KiB");
    wait_until_idle(id);
    editor.kill_pipes();
    wait_for("the server's end", SOON, || (!is_alive(id)).then_some(()));
    wait_for("the workers' end", SOON, || workers(&sandbox).is_empty().then_some(()));
}

#[test]
fn a_server_that_waits_for_a_reader_sees_that_the_editor_is_gone() {
    let sandbox = shapes();
    let mut process = Command::new("sleep").arg("1000").spawn().unwrap();
    let mut editor = Editor::start(&sandbox);
    let folder = json!({ "uri": uri(&sandbox.file("")), "name": "tree" });
    editor.ask(
        "initialize",
        json!({
            "processId": process.id(), "capabilities": abilities(), "workspaceFolders": [folder],
            "initializationOptions": { "jdkSources": "off" },
        }),
    );
    editor.tell("initialized", json!({}));
    editor.settle();
    let id = editor.id();
    editor.stop_reading();
    assert!(editor.flood(&search(), FLOOD));
    // Nobody closes the pipes.
    signal(process.id(), "KILL");
    wait_for("the server's end", SOON, || (!is_alive(id)).then_some(()));
    wait_for("the workers' end", SOON, || workers(&sandbox).is_empty().then_some(()));
    editor.kill_pipes();
    process.wait().unwrap();
}
