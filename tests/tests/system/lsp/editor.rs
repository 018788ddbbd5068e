//! An editor that speaks to a language server. When it is dropped it asserts that nothing was left unanswered.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::{Value, json};

use crate::programs::programs;
use crate::run::wait_for;
use crate::sandbox::Sandbox;

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the editors of these tests can do.
pub(super) fn abilities() -> Value {
    json!({
        "window": { "workDoneProgress": true },
        "textDocument": {
            "documentSymbol": { "hierarchicalDocumentSymbolSupport": true },
            "hover": { "contentFormat": ["markdown", "plaintext"] },
        },
    })
}

pub(super) struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    incoming: mpsc::Receiver<Value>,
    /// Answers that came before anybody waited for them.
    answers: HashMap<i64, Value>,
    unanswered: HashSet<i64>,
    numbers: i64,
    is_reading: Arc<AtomicBool>,
    is_gone: Arc<AtomicBool>,
    /// Its end of the pipe, while it asks without end.
    flooding: Option<mpsc::Receiver<(std::io::Result<()>, ChildStdin)>>,
    /// What the server said unasked.
    pub(super) heard: Vec<Value>,
}

impl Editor {
    /// Starts `nova lsp` in a sandbox, and says nothing.
    pub(super) fn start(sandbox: &Sandbox) -> Self {
        let mut child = Command::new(&programs().nova)
            .args(["lsp", "--workers", "1", "--cache-dir"])
            .arg(sandbox.cache())
            .current_dir(sandbox.path(""))
            .env("HOME", sandbox.path("home"))
            .env("TMPDIR", sandbox.path("tmp"))
            .env("JAVA_HOME", sandbox.path("jdk"))
            .env("GRADLE_USER_HOME", sandbox.path("gradle"))
            .env_remove("NOVA_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, incoming) = mpsc::channel();
        let is_reading = Arc::new(AtomicBool::new(true));
        let is_gone = Arc::new(AtomicBool::new(false));
        let (still_reading, gone) = (Arc::clone(&is_reading), Arc::clone(&is_gone));
        std::thread::spawn(move || read_all(output, &sender, &still_reading, &gone));
        let input = child.stdin.take();
        Self {
            child,
            input,
            incoming,
            answers: HashMap::new(),
            unanswered: HashSet::new(),
            numbers: 0,
            is_reading,
            is_gone,
            flooding: None,
            heard: Vec::new(),
        }
    }

    /// Opens the sandbox's tree, and waits until it is indexed.
    pub(super) fn open(sandbox: &Sandbox) -> Self {
        let mut editor = Self::greet(sandbox, abilities());
        editor.settle();
        editor
    }

    /// The same without waiting.
    pub(super) fn greet(sandbox: &Sandbox, abilities: Value) -> Self {
        Self::greet_with(sandbox, abilities, json!({ "jdkSources": "off" }))
    }

    /// The same with settings.
    pub(super) fn greet_with(sandbox: &Sandbox, abilities: Value, settings: Value) -> Self {
        let mut editor = Self::start(sandbox);
        let folder = json!({ "uri": uri(&sandbox.file("")), "name": "tree" });
        let params = json!({
            "processId": std::process::id(), "rootUri": null, "capabilities": abilities,
            "workspaceFolders": [folder], "initializationOptions": settings,
        });
        editor.ask("initialize", params);
        editor.tell("initialized", json!({}));
        editor
    }

    /// Waits until the index run is over.
    pub(super) fn settle(&mut self) {
        let is_end = |it: &Value| it["params"]["value"]["kind"] == "end";
        while !self.heard.iter().any(is_end) {
            self.hear();
        }
    }

    /// Asks something and waits for the result.
    #[track_caller]
    pub(super) fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer_to(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Asks something and waits for the error; its code.
    #[track_caller]
    pub(super) fn refused(&mut self, method: &str, params: Value) -> i64 {
        let answer = self.answer_to(method, params);
        answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("{method}: {answer}"))
    }

    fn answer_to(&mut self, method: &str, params: Value) -> Value {
        let number = self.begin(method, params);
        self.answer(number)
    }

    /// Asks something; the number of the request.
    pub(super) fn begin(&mut self, method: &str, params: Value) -> i64 {
        self.numbers += 1;
        let message = json!({
            "jsonrpc": "2.0", "id": self.numbers, "method": method, "params": params,
        });
        self.send(&message);
        self.unanswered.insert(self.numbers);
        self.numbers
    }

    /// A request of this number was sent in some other way.
    pub(super) fn expect(&mut self, number: i64) {
        self.unanswered.insert(number);
    }

    /// The answer to a request.
    pub(super) fn answer(&mut self, number: i64) -> Value {
        loop {
            if let Some(answer) = self.answers.remove(&number) {
                return answer;
            }
            self.hear();
        }
    }

    /// Tells something.
    pub(super) fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&mut self, message: &Value) {
        self.send_body(message.to_string().as_bytes());
    }

    /// Sends anything in a frame.
    pub(super) fn send_body(&mut self, body: &[u8]) {
        self.write(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        self.write(body);
    }

    /// Writes anything.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the pipe is open");
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    /// Takes the next thing that the server says.
    pub(super) fn hear(&mut self) -> Value {
        let message = self.incoming.recv_timeout(PATIENCE).expect("the server says something");
        match (message.get("method"), message["id"].as_i64()) {
            (Some(_), id) => {
                self.heard.push(message.clone());
                if let Some(id) = id {
                    self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }));
                }
            }
            (None, Some(id)) => {
                assert!(self.unanswered.remove(&id), "{id} is answered twice, or was not asked");
                self.answers.insert(id, message.clone());
            }
            (None, None) => {}
        }
        message
    }

    /// Shows a file of the tree with this text.
    pub(super) fn open_document(&mut self, file: &Path, text: &str) {
        self.tell(
            "textDocument/didOpen",
            json!({ "textDocument": {
                "uri": uri(file), "languageId": "java", "version": 1, "text": text,
            } }),
        );
    }

    /// Replaces the text of such a file.
    pub(super) fn change_document(&mut self, file: &Path, version: i64, text: &str) {
        let document = json!({ "uri": uri(file), "version": version });
        let params = json!({ "textDocument": document, "contentChanges": [{ "text": text }] });
        self.tell("textDocument/didChange", params);
    }

    /// `name container` of the symbols that are found.
    #[track_caller]
    pub(super) fn found(&mut self, query: &str) -> Vec<String> {
        let symbols = self.ask("workspace/symbol", json!({ "query": query }));
        let symbols = symbols.as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        symbols.map(|it| format!("{} {}", text(&it["name"]), text(&it["containerName"]))).collect()
    }

    /// Closes its end of the pipe without a word, or is gone.
    pub(super) fn hang_up(&mut self) {
        self.input = None;
        self.unanswered.clear();
    }

    /// Reads nothing any more.
    pub(super) fn stop_reading(&mut self) {
        self.is_reading.store(false, Ordering::SeqCst);
    }

    /// Sends this so often as long as the server reads; whether it stops reading.
    pub(super) fn flood(&mut self, body: &str, times: usize) -> bool {
        let mut input = self.input.take().expect("the pipe is open");
        let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let (sender, done) = mpsc::channel();
        std::thread::spawn(move || {
            let all = (0..times).try_for_each(|_| input.write_all(frame.as_bytes()));
            // It keeps the pipe open until it is told to let go.
            drop(sender.send((all, input)));
        });
        self.flooding = Some(done);
        let done = self.flooding.as_ref().expect("it was just put there");
        done.recv_timeout(Duration::from_secs(3)).is_err()
    }

    /// Is gone, and its ends of the pipes with it.
    pub(super) fn kill_pipes(&mut self) {
        self.unanswered.clear();
        self.is_gone.store(true, Ordering::SeqCst);
        self.flooding = None;
    }

    /// Says goodbye as the protocol has it.
    pub(super) fn shut_down(mut self) -> ExitStatus {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.tell("exit", Value::Null);
        self.ended()
    }

    /// Waits for the end of the server.
    pub(super) fn ended(&mut self) -> ExitStatus {
        wait_for("the server's end", PATIENCE, || self.child.try_wait().unwrap())
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        if std::thread::panicking() {
            drop(self.child.kill());
            return;
        }
        if self.input.take().is_some() {
            while let Ok(message) = self.incoming.recv_timeout(PATIENCE) {
                if let (None, Some(id)) = (message.get("method"), message["id"].as_i64()) {
                    self.unanswered.remove(&id);
                }
            }
        }
        self.ended();
        assert_eq!(self.unanswered, HashSet::new(), "some requests were not answered");
    }
}

fn read_all(
    mut output: impl BufRead,
    messages: &mpsc::Sender<Value>,
    is_reading: &AtomicBool,
    is_gone: &AtomicBool,
) {
    loop {
        while !is_reading.load(Ordering::SeqCst) {
            if is_gone.load(Ordering::SeqCst) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            if output.read_line(&mut header).unwrap_or(0) == 0 {
                return;
            }
            match header.trim_end().strip_prefix("Content-Length: ") {
                Some(bytes) => length = bytes.parse().unwrap(),
                None if header == "\r\n" => break,
                None => panic!("`{header}` is no header: something else is written there"),
            }
        }
        let mut body = vec![0; length];
        if output.read_exact(&mut body).is_err() {
            return;
        }
        if messages.send(serde_json::from_slice(&body).unwrap()).is_err() {
            return;
        }
    }
}

/// The URI of a path of these tests, in which nothing needs to be escaped.
pub(super) fn uri(path: &Path) -> String {
    format!("file://{}", path.display()).trim_end_matches('/').to_owned()
}
