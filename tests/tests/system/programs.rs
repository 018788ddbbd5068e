//! The programs under test, built once as a user gets them: optimised. There is one difference: a text
//! that says so breaks its worker.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// Where the built programs are.
pub(crate) struct Programs {
    pub(crate) nova: PathBuf,
    pub(crate) nova_worker: PathBuf,
}

/// The programs, built at the first call. Cargo runs tests without holding its lock, so they may build.
pub(crate) fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(build)
}

fn build() -> Programs {
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--package", "nova", "--package", "nova-worker"])
        .args(["--features", "nova/fault-injection,nova-worker/fault-injection"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be started");
    assert!(built.status.success(), "nova and nova-worker do not build");
    let messages = String::from_utf8(built.stdout).expect("cargo writes UTF-8");
    // Cargo itself tells where it puts them, whatever the target folder is.
    let executable = |name: &str| {
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let path = messages.filter(|message| message["target"]["name"] == name);
        let mut path =
            path.filter_map(|message| Some(PathBuf::from(message["executable"].as_str()?)));
        path.next().unwrap_or_else(|| panic!("cargo built no {name}"))
    };
    Programs { nova: executable("nova"), nova_worker: executable("nova-worker") }
}
