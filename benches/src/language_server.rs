//! A client of the language server, over its pipes.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// A language server and the pipes to it.
pub struct Server {
    /// The process.
    pub child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// When the process was started.
    pub started: Instant,
    /// When the last message had come: what a client makes of it is the client's time.
    pub received: Instant,
    numbers: u64,
}

impl Server {
    /// Starts it on a tree, with this cache folder.
    pub fn start(nova: &Path, tree: &Path, cache: &Path) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut child = Command::new(nova)
            .args(["lsp", "--cache-dir"])
            .arg(cache)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().context("there is no pipe")?;
        let output = BufReader::new(child.stdout.take().context("there is no pipe")?);
        let mut server = Self { child, input, output, started, received: started, numbers: 0 };
        let folder = json!({ "uri": format!("file://{}", tree.display()), "name": "tree" });
        let abilities = json!({
            "window": { "workDoneProgress": true },
            "textDocument": { "documentSymbol": { "hierarchicalDocumentSymbolSupport": true } },
        });
        let params = json!({
            "processId": null, "capabilities": abilities, "workspaceFolders": [folder],
            "initializationOptions": { "jdkSources": "off" },
        });
        server.ask("initialize", params)?;
        server.tell("initialized", json!({}))?;
        Ok(server)
    }

    /// How many symbols a query finds.
    pub fn symbols(&mut self, query: &str) -> anyhow::Result<usize> {
        let symbols = self.ask("workspace/symbol", json!({ "query": query }))?;
        Ok(symbols.as_array().map_or(0, Vec::len))
    }

    /// Opens a document.
    pub fn open(&mut self, uri: &str, text: &str) -> anyhow::Result<()> {
        let document = json!({ "uri": uri, "languageId": "java", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }))
    }

    /// How long it takes until the answer to a request is there.
    pub fn time(&mut self, method: &str, params: Value) -> anyhow::Result<Duration> {
        let started = Instant::now();
        self.ask(method, params)?;
        Ok(self.received - started)
    }

    /// Waits until the index run is over.
    pub fn settle(&mut self) -> anyhow::Result<()> {
        while self.read()?["params"]["value"]["kind"] != "end" {}
        Ok(())
    }

    /// Asks something, and waits for the answer.
    pub fn ask(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.numbers += 1;
        let id = self.numbers;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let mut message = self.read()?;
            if message["id"] == id && message.get("method").is_none() {
                ensure!(message.get("error").is_none(), "{method}: {message}");
                return Ok(message["result"].take());
            }
        }
    }

    /// Tells something.
    pub fn tell(&mut self, method: &str, params: Value) -> anyhow::Result<()> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len())?;
        Ok(self.input.flush()?)
    }

    fn read(&mut self) -> anyhow::Result<Value> {
        let mut length = 0;
        loop {
            let mut header = String::new();
            ensure!(self.output.read_line(&mut header)? > 0, "the server has ended");
            match header.trim_end().strip_prefix("Content-Length: ") {
                Some(bytes) => length = bytes.parse()?,
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body)?;
        self.received = Instant::now();
        Ok(serde_json::from_slice(&body)?)
    }

    /// Ends it as an editor does.
    pub fn end(mut self) -> anyhow::Result<()> {
        self.ask("shutdown", Value::Null)?;
        self.tell("exit", Value::Null)?;
        ensure!(self.child.wait()?.success(), "the server did not end in order");
        Ok(())
    }
}
