//! Editors that are gone without a word: their servers end, and leave neither a process nor a folder.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::editor::{abilities, uri};
use super::libraries::zip;
use super::shapes;
use crate::processes::{SOON, is_alive, signal, workers};
use crate::programs::programs;
use crate::run::wait_for;
use crate::sandbox::Sandbox;

/// A client that is a shell: it starts the server, greets it under its own number, sends what a file has, and reads all
/// that comes. `$1` is the server's program, and `$2` what the one who reads does with the other pipe.
const CLIENT: &str = r#"
mkfifo to from
"$1" lsp --workers 1 --cache-dir cache <to >from &
echo $! >server
exec 3>to 4<from
printf 'Content-Length: %d\r\n\r\n' "$(($(wc -c <greeting) + 10))" >&3
printf '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":%10d' $$ >&3
cat rest requests >&3
if [ "$2" = holds ]; then cat <&4 >answers; else exec cat <&4 >answers; fi
"#;

struct Client<'s> {
    sandbox: &'s Sandbox,
    shell: Child,
    server: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pipes {
    /// They are the client's alone.
    Close,
    /// Another process, which the client started, keeps them open.
    StayOpen,
}

impl<'s> Client<'s> {
    /// Greets, and asks `requests`.
    fn start(
        sandbox: &'s Sandbox,
        settings: &serde_json::Value,
        requests: &[serde_json::Value],
        pipes: Pipes,
    ) -> Self {
        let frame = |body: &serde_json::Value| {
            let body = body.to_string();
            format!("Content-Length: {}\r\n\r\n{body}", body.len())
        };
        let folder = json!({ "uri": uri(&sandbox.file("")), "name": "tree" });
        let params = json!({
            "capabilities": abilities(), "workspaceFolders": [folder],
            "initializationOptions": settings,
        });
        // What follows the number of the process.
        let rest = format!(",{}}}", params.to_string().strip_prefix('{').unwrap());
        let before = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":"#;
        fs::write(sandbox.path("greeting"), format!("{before}{rest}")).unwrap();
        fs::write(sandbox.path("rest"), &rest).unwrap();
        let initialized = json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} });
        let all: Vec<String> = [&initialized].into_iter().chain(requests).map(frame).collect();
        fs::write(sandbox.path("requests"), all.concat()).unwrap();
        let shell = Command::new("sh")
            .args(["-c", CLIENT, "sh"])
            .arg(&programs().nova)
            .arg(if pipes == Pipes::StayOpen { "holds" } else { "closes" })
            .current_dir(sandbox.path(""))
            .env("HOME", sandbox.path("home"))
            .env("TMPDIR", sandbox.path("tmp"))
            .env_remove("NOVA_LOG")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let server = wait_for("the server", SOON, || {
            fs::read_to_string(sandbox.path("server")).ok()?.trim().parse().ok()
        });
        Self { sandbox, shell, server }
    }

    /// Waits until the server has said this.
    fn wait_for_words(&self, words: &str) {
        let answers = self.sandbox.path("answers");
        wait_for(words, SOON, || {
            String::from_utf8_lossy(&fs::read(&answers).unwrap_or_default())
                .contains(words)
                .then_some(())
        });
    }

    fn wait_for_worker(&self) -> u32 {
        wait_for("a worker", SOON, || workers(self.sandbox).first().copied())
    }

    /// Is killed; whoever it was does not notice yet, so that what is left of it is there as long as the server.
    fn vanish(mut self) {
        signal(self.shell.id(), "KILL");
        wait_for("the server's end", SOON, || (!is_alive(self.server)).then_some(()));
        wait_for("the workers' end", SOON, || workers(self.sandbox).is_empty().then_some(()));
        assert_eq!(self.sandbox.leftovers(), [""; 0]);
        assert_eq!(runs_of_libraries(self.sandbox), Vec::<PathBuf>::new());
        self.shell.wait().unwrap();
    }
}

/// What runs have left in the cache of libraries.
fn runs_of_libraries(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.path("java-libraries")).into_iter().flatten().flatten();
    let is_run = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("run-");
    entries.map(|entry| entry.path()).filter(is_run).collect()
}

fn without_libraries() -> serde_json::Value {
    json!({ "jdkSources": "off" })
}

/// Has the server start a worker.
fn outline(sandbox: &Sandbox) -> serde_json::Value {
    let document = json!({ "uri": uri(&sandbox.file("src/shapes/Shape.java")) });
    json!({
        "jsonrpc": "2.0", "id": 2, "method": "textDocument/documentSymbol",
        "params": { "textDocument": document },
    })
}

#[test]
fn a_killed_editor_takes_its_server_with_it() {
    let sandbox = shapes();
    let client = Client::start(&sandbox, &without_libraries(), &[outline(&sandbox)], Pipes::Close);
    client.wait_for_words("\"GREEN\"");
    client.wait_for_worker();
    client.vanish();
}

#[test]
fn a_killed_editor_takes_its_server_with_it_also_where_others_hold_its_pipes() {
    let sandbox = shapes();
    let client =
        Client::start(&sandbox, &without_libraries(), &[outline(&sandbox)], Pipes::StayOpen);
    client.wait_for_words("\"GREEN\"");
    client.wait_for_worker();
    client.vanish();
}

#[test]
fn an_editor_that_is_killed_during_the_first_index_takes_all_with_it() {
    let endless = "package late;\n// nova-fault: hang\nclass Late { }\n";
    for pipes in [Pipes::Close, Pipes::StayOpen] {
        let sandbox = Sandbox::new(&[("late/Late.java", endless)]);
        let client = Client::start(&sandbox, &without_libraries(), &[], pipes);
        client.wait_for_worker();
        client.vanish();
    }
}

#[test]
fn an_editor_that_is_killed_while_a_library_is_indexed_takes_all_with_it() {
    let sandbox = shapes();
    let archive = sandbox.path("src.zip");
    let endless = "package late;\n// nova-fault: hang\nclass Late { }\n";
    zip(&archive, &[("java.base/late/Late.java", endless)]);
    let settings = json!({ "jdkSources": archive.to_str().unwrap() });
    let client = Client::start(&sandbox, &settings, &[], Pipes::Close);
    wait_for("the library's run", SOON, || (!runs_of_libraries(&sandbox).is_empty()).then_some(()));
    client.vanish();
}

#[test]
fn an_editor_that_is_killed_while_the_workspace_is_opened_anew_takes_all_with_it() {
    let sandbox = shapes();
    sandbox.write("../more/b/Second.java", "package b; class Second {}");
    let more = json!({ "uri": uri(&sandbox.path("more")), "name": "more" });
    let change = |added: &[&serde_json::Value], removed: &[&serde_json::Value]| {
        json!({
            "jsonrpc": "2.0", "method": "workspace/didChangeWorkspaceFolders",
            "params": { "event": { "added": added, "removed": removed } },
        })
    };
    let mut requests = vec![outline(&sandbox)];
    for _ in 0..10 {
        requests.extend([change(&[&more], &[]), change(&[], &[&more])]);
    }
    let client = Client::start(&sandbox, &without_libraries(), &requests, Pipes::Close);
    client.wait_for_words("\"id\":1");
    client.vanish();
}
