//! A running `nova serve` of a test, and peers that speak to it, or in its place, byte by byte.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::processes::{SOON, is_alive, signal};
use crate::run::{Ended, Running, wait_for};
use crate::sandbox::Sandbox;

/// A `nova serve` in the foreground.
pub(crate) struct Daemon<'s> {
    sandbox: &'s Sandbox,
    running: Running,
}

impl<'s> Daemon<'s> {
    /// Serves `tree`.
    #[track_caller]
    pub(crate) fn start(sandbox: &'s Sandbox) -> Self {
        Self::start_with(sandbox, &["tree"])
    }

    /// Serves, with these ROOTs and options.
    #[track_caller]
    pub(crate) fn start_with(sandbox: &'s Sandbox, args: &[&str]) -> Self {
        let running = sandbox.nova(["serve"].iter().chain(args)).start();
        let id = running.id();
        wait_for("nova serve to listen", SOON, || {
            record(sandbox).filter(|record| record["pid"] == id)
        });
        Self { sandbox, running }
    }

    pub(crate) fn id(&self) -> u32 {
        self.running.id()
    }

    /// Ends it as a user does; nothing of it is left.
    #[track_caller]
    pub(crate) fn stop(self) -> Ended {
        self.sandbox.nova(["serve", "--stop", "tree"]).ok();
        let ended = self.running.end().code(0);
        assert_eq!(self.sandbox.leftovers(), [""; 0]);
        ended
    }

    /// Waits for it to end by itself.
    #[track_caller]
    pub(crate) fn end(self) -> Ended {
        self.running.end()
    }

    /// Sends a signal and waits for the end.
    #[track_caller]
    pub(crate) fn end_by(self, name: &str) -> Ended {
        signal(self.running.id(), name);
        self.running.end()
    }
}

/// What the cache folder says of who keeps the workspace open.
pub(crate) fn record(sandbox: &Sandbox) -> Option<Value> {
    serde_json::from_slice(&fs::read(sandbox.cache().join("serve.json")).ok()?).ok()
}

/// Where the one listens that keeps the workspace open.
pub(crate) fn socket(sandbox: &Sandbox) -> PathBuf {
    PathBuf::from(record(sandbox).unwrap()["socket"].as_str().unwrap())
}

#[track_caller]
pub(crate) fn wait_for_end(id: u32) {
    wait_for("nova serve to end", SOON, || (!is_alive(id)).then_some(()));
}

/// What a hello asks to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role {
    Frontend = 2,
    Stop = 3,
}

/// A frontend that says hello and speaks this range of protocol versions.
pub(crate) fn hello(role: Role, versions: (u16, u16)) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(versions.0.to_le_bytes());
    body.extend(versions.1.to_le_bytes());
    body.extend([0; 8]);
    body.extend((64_u32 << 10).to_le_bytes());
    body.extend(256_u32.to_le_bytes());
    body.extend((64_u64 << 20).to_le_bytes());
    body.extend((128_u64 << 20).to_le_bytes());
    body.extend([role as u8, 0]);
    for text in ["9.9.9", "script", ""] {
        body.extend((text.len() as u16).to_le_bytes());
        body.extend(text.as_bytes());
    }
    body.extend([0; 2]);
    handshake_frame(1, &body)
}

/// A router's reject.
pub(crate) fn reject(code: u16, versions: (u16, u16), message: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for number in [code, versions.0, versions.1] {
        body.extend(number.to_le_bytes());
    }
    for text in ["9.9.9", message] {
        body.extend((text.len() as u16).to_le_bytes());
        body.extend(text.as_bytes());
    }
    handshake_frame(3, &body)
}

fn handshake_frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_le_bytes();
    [&b"NOVA"[..], &[kind, 0, 0, 0], &length, body].concat()
}

/// Reads a handshake frame: its kind and its body.
pub(crate) fn read_handshake(stream: &mut UnixStream) -> (u8, Vec<u8>) {
    let mut header = [0; 12];
    stream.read_exact(&mut header).unwrap();
    let mut body = vec![0; u32::from_le_bytes(header[8..].try_into().unwrap()) as usize];
    stream.read_exact(&mut body).unwrap();
    (header[4], body)
}

/// A frame whose payload is a whole message.
pub(crate) fn frame(kind: u8, id: u64, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_le_bytes();
    [&length[..], &[kind, 1, 0, 0], &id.to_le_bytes(), payload].concat()
}

/// A frontend after its handshake, which sends what a test has it send.
pub(crate) fn connect(sandbox: &Sandbox) -> UnixStream {
    let mut stream = greet(&socket(sandbox), Role::Frontend, (1, 1));
    let (kind, _) = read_handshake(&mut stream);
    assert_eq!(kind, 2, "a welcome");
    stream.write_all(&handshake_frame(4, &[0])).unwrap();
    stream
}

/// Someone who has said hello, and can hear the answer.
pub(crate) fn greet(socket: &Path, role: Role, versions: (u16, u16)) -> UnixStream {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(&hello(role, versions)).unwrap();
    stream
}

/// Something that has the lock, and listens, and answers every hello by the same bytes.
pub(crate) struct ScriptedRouter {
    folder: PathBuf,
    _lock: File,
}

impl ScriptedRouter {
    /// Answers each hello by these bytes; the role of each goes to `heard`. It ends, as a router does, with
    /// the first that asks it to.
    pub(crate) fn start(
        sandbox: &Sandbox,
        answer: Vec<u8>,
    ) -> (Self, std::thread::JoinHandle<Vec<u8>>) {
        let folder = sandbox.cache();
        let socket = folder.join("scripted.sock");
        let lock = File::create(folder.join("serve.lock")).unwrap();
        lock.lock().unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        let record = serde_json::json!({
            "pid": std::process::id(), "socket": socket, "product_version": "9.9.9",
        });
        fs::write(folder.join("serve.json"), record.to_string()).unwrap();
        let held = lock.try_clone().unwrap();
        let router = std::thread::spawn(move || {
            let mut heard = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (_, body) = read_handshake(&mut stream);
                let role = body[36];
                heard.push(role);
                stream.write_all(&answer).unwrap();
                if role == Role::Stop as u8 {
                    held.unlock().unwrap();
                    break;
                }
            }
            heard
        });
        (Self { folder, _lock: lock }, router)
    }
}

impl Drop for ScriptedRouter {
    fn drop(&mut self) {
        for name in ["serve.lock", "serve.json", "scripted.sock"] {
            drop(fs::remove_file(self.folder.join(name)));
        }
    }
}

/// How long a test may wait for what takes a keepalive's time-out.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
