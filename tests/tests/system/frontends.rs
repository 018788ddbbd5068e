//! Frontends of all sorts at one `nova serve`: too many, of other versions, and ones that behave badly.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::daemon::{
    Daemon, PATIENCE, Role, ScriptedRouter, connect, frame, greet, read_handshake, reject, socket,
};
use crate::run::wait_for;
use crate::sandbox::{Sandbox, large_class};

/// As docs/limits.md has it.
const FRONTENDS_MAX: usize = 64;

fn small() -> Sandbox {
    Sandbox::new(&[("a/A.java", "package a; class Alpha { int beta; }")])
}

/// A request to catch up, which a session must come before.
const CATCH_UP: &[u8] = &[0, 1, 1];
const STATUS: &[u8] = &[0, 6];

#[test]
fn beyond_the_bound_one_is_told_so_and_works_alone() {
    let sandbox = small();
    let daemon = Daemon::start(&sandbox);
    let frontends: Vec<UnixStream> = (0..FRONTENDS_MAX).map(|_| connect(&sandbox)).collect();
    let mut beyond = greet(&socket(&sandbox), Role::Frontend, (1, 1));
    let (kind, body) = read_handshake(&mut beyond);
    let text = String::from_utf8_lossy(&body).into_owned();
    assert!(kind == 3 && text.contains("64 frontends are connected"), "{kind}: {text}");
    let search = sandbox.nova(["search", "Alpha", "tree"]).ok();
    assert!(search.text().contains("class  a.Alpha"));
    search.says(&["64 frontends are connected"]);
    drop(frontends);
    // There is room again.
    wait_for("a place", PATIENCE, || {
        let search = sandbox.nova(["search", "Alpha", "tree"]).ok();
        search.stderr.is_empty().then_some(())
    });
    daemon.stop();
}

#[test]
fn one_that_never_reads_harms_nobody() {
    let sandbox = Sandbox::new(&[("a/A.java", &large_class("a", "A", 3000))]);
    let daemon = Daemon::start(&sandbox);
    sandbox.index();
    let mut never_reads = connect(&sandbox);
    let root = sandbox.path("tree").into_os_string().into_string().unwrap();
    let open = [&[0, 0, 1, root.len() as u8][..], root.as_bytes(), &[0, 1]].concat();
    let sizes = [&[0x80, 0x80, 0x80, 0x08][..], &[0x80, 0x80, 0x80, 0x20]].concat();
    never_reads.write_all(&frame(1, 1, &[&open[..], &sizes].concat())).unwrap();
    never_reads.write_all(&frame(1, 2, CATCH_UP)).unwrap();
    // All there is, again and again: far more than the socket takes.
    for id in 3..30 {
        let search = [0, 3, 0, 0, 0, 0xff, 0xff, 0x7f, 0, 0xd0, 0x0f];
        never_reads.write_all(&frame(1, id, &search)).unwrap();
    }
    for _ in 0..5 {
        assert_eq!(sandbox.found("field2999"), ["field2999"]);
    }
    daemon.stop();
}

#[test]
fn one_that_breaks_the_rules_is_told_and_the_others_go_on() {
    let sandbox = small();
    let daemon = Daemon::start(&sandbox);
    let patient = connect(&sandbox);
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"NOVA\x01\0\0\0\xff\xff\xff\xff",
        b"NOVA\x09\0\0\0\0\0\0\0",
    ] {
        let mut stream = UnixStream::connect(socket(&sandbox)).unwrap();
        stream.write_all(bytes).unwrap();
        // It hangs up, after a reject or without.
        drop(stream.read_to_end(&mut Vec::new()));
    }
    let mut breaks = connect(&sandbox);
    breaks.write_all(&frame(2, 1, b"an answer to nothing")).unwrap();
    let mut last = Vec::new();
    breaks.read_to_end(&mut last).unwrap();
    assert!(String::from_utf8_lossy(&last).contains("the wrong direction") || last.len() > 16);

    // A request that cannot be read, or comes out of turn, is answered, and the next one served.
    let mut odd = connect(&sandbox);
    odd.write_all(&frame(1, 1, &[0, 99])).unwrap();
    assert_eq!(answer(&mut odd), (3, 1));
    odd.write_all(&frame(1, 2, CATCH_UP)).unwrap();
    assert_eq!(answer(&mut odd), (3, 2));
    odd.write_all(&frame(1, 3, STATUS)).unwrap();
    assert_eq!(answer(&mut odd), (2, 3));

    // One that vanishes in the midst of a request.
    let mut vanishes = connect(&sandbox);
    vanishes.write_all(&frame(1, 1, STATUS)[..9]).unwrap();
    drop(vanishes);
    assert_eq!(sandbox.found("Alpha"), ["Alpha"]);
    drop(patient);
    daemon.stop();
}

/// The kind and the id of the next frame.
fn answer(stream: &mut UnixStream) -> (u8, u64) {
    let mut header = [0; 16];
    stream.read_exact(&mut header).unwrap();
    let length = u32::from_le_bytes(header[..4].try_into().unwrap());
    stream.read_exact(&mut vec![0; length as usize]).unwrap();
    (header[4], u64::from_le_bytes(header[8..].try_into().unwrap()))
}

#[test]
fn a_frontend_of_another_version_is_told_both() {
    let sandbox = small();
    let daemon = Daemon::start(&sandbox);
    let mut later = greet(&socket(&sandbox), Role::Frontend, (7, 9));
    let (kind, body) = read_handshake(&mut later);
    let text = String::from_utf8_lossy(&body).into_owned();
    assert!(kind == 3 && body[0] == 1, "a reject for its version");
    assert!(text.contains("the frontend (9.9.9) speaks protocol version 7 to 9"), "{text}");
    daemon.stop();
}

#[test]
fn any_version_can_end_it() {
    let sandbox = small();
    let daemon = Daemon::start(&sandbox);
    let id = daemon.id();
    let mut later = greet(&socket(&sandbox), Role::Stop, (7, 9));
    let (kind, body) = read_handshake(&mut later);
    assert_eq!((kind, body[0]), (3, 5), "a reject, as it is about to end");
    crate::daemon::wait_for_end(id);
    assert_eq!(sandbox.leftovers(), [""; 0]);
}

#[test]
fn one_of_another_version_is_not_asked_and_can_be_ended() {
    let sandbox = small();
    sandbox.index();
    let too_new = reject(1, (7, 9), "another version");
    let (router, heard) = ScriptedRouter::start(&sandbox, too_new);
    let search = sandbox.nova(["search", "Alpha", "tree"]).ok();
    assert!(search.text().contains("class  a.Alpha"));
    search.says(&["another version, 9.9.9", "nova serve --stop"]);
    sandbox.nova(["status", "tree"]).ok().says(&["another version, 9.9.9"]);
    sandbox.nova(["search", "--json", "Alpha", "tree"]).ok();
    sandbox.nova(["serve", "tree"]).run().code(1).says(&["running already"]);
    // It does not do as it is told, and that is said.
    sandbox.nova(["serve", "--stop", "tree"]).run().code(1).says(&["another version"]);
    assert_eq!(heard.join().unwrap(), [2, 2, 2, 3]);
    drop(router);

    let ends = reject(5, (7, 9), "the router ends");
    let (router, heard) = ScriptedRouter::start(&sandbox, ends);
    sandbox.nova(["serve", "--stop", "tree"]).ok().says(&["ended"]);
    assert_eq!(heard.join().unwrap(), [3]);
    drop(router);
}
