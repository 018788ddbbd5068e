//! What other users of the machine must not see: sockets, folders, tokens.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::processes::{SOON, busy_tree, busy_worker, signal};
use crate::run::wait_for;
use crate::sandbox::Sandbox;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The folder of the running router.
fn run_folder(sandbox: &Sandbox) -> std::path::PathBuf {
    let mut entries = fs::read_dir(sandbox.cache()).unwrap().flatten().map(|entry| entry.path());
    let is_run = |path: &std::path::PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("run-"))
    };
    entries.find(is_run).expect("the router is running")
}

#[test]
fn folders_and_sockets_are_for_this_user_alone_and_no_token_is_an_argument() {
    let sandbox = busy_tree();
    fs::write(sandbox.path("token"), "open sesame").unwrap();
    let options = ["--listen", "unix:socket", "--auth-token-file", "token"];
    let index = sandbox.nova(["index", "tree"].iter().chain(&options)).start();
    let worker = busy_worker(&sandbox);
    signal(worker, "STOP");
    let run = run_folder(&sandbox);
    assert_eq!(mode(&sandbox.cache()), 0o700);
    assert_eq!(mode(&run), 0o700);
    for socket in [run.join("router.sock"), sandbox.path("socket")] {
        wait_for("the socket", SOON, || socket.exists().then_some(()));
        assert_eq!(mode(&socket), 0o600, "{}", socket.display());
    }
    let read = |name: &str| {
        let bytes = fs::read(format!("/proc/{worker}/{name}")).unwrap();
        bytes
            .split(|&byte| byte == 0)
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect()
    };
    let (arguments, environment): (Vec<String>, Vec<String>) = (read("cmdline"), read("environ"));
    let token = environment.iter().find_map(|variable| variable.strip_prefix("NOVA_AUTH_TOKEN="));
    let token = token.expect("a worker gets its token by its environment");
    assert!(token.len() >= 32, "the token is short");
    assert!(!arguments.iter().any(|argument| argument.contains(token)), "{arguments:?}");
    signal(worker, "CONT");
    index.end().code(0);
}
