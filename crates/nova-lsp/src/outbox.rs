//! What is said to the editor, in order, and within a bound.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use gen_lsp_types::ProgressToken;
use lsp_server::{RequestId, ResponseError};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::transport;

/// With so much unread, an editor hears no more of what it did not ask for.
const UNREAD_MAX: usize = 256;

/// The way to the editor.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    messages: mpsc::UnboundedSender<Outgoing>,
    unread: Arc<AtomicUsize>,
    numbers: Arc<AtomicI32>,
}

/// A message as it is written, and what lets a next request in when the editor has read it.
type Outgoing = (Vec<u8>, Option<OwnedSemaphorePermit>);

/// An answer.
#[derive(Serialize)]
struct Answer<'a, T> {
    jsonrpc: &'static str,
    id: &'a RequestId,
    #[serde(flatten)]
    outcome: Outcome<'a, T>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome<'a, T> {
    Result(&'a T),
    Error(&'a ResponseError),
}

impl Outbox {
    /// Writes on a thread of its own, which ends when the pipe breaks or the last handle is dropped; then the
    /// receiver hears of it.
    pub(crate) fn to(
        mut output: impl Write + Send + 'static,
    ) -> (Self, tokio::sync::oneshot::Receiver<()>) {
        let (messages, mut receiver) = mpsc::unbounded_channel::<Outgoing>();
        let unread = Arc::new(AtomicUsize::new(0));
        let (ended, end) = tokio::sync::oneshot::channel();
        let still = Arc::clone(&unread);
        std::thread::spawn(move || {
            while let Some((message, permit)) = receiver.blocking_recv() {
                if transport::write(&mut output, &message).is_err() {
                    break;
                }
                still.fetch_sub(1, Ordering::Relaxed);
                drop(permit);
            }
            drop(ended);
        });
        (Self { messages, unread, numbers: Arc::default() }, end)
    }

    /// Answers a request. The permit is given back when that is written: so many requests are open at most, and
    /// so many answers unread.
    pub(crate) fn answer(
        &self,
        id: &RequestId,
        answer: Result<&impl Serialize, &ResponseError>,
        permit: Option<OwnedSemaphorePermit>,
    ) {
        let outcome = match answer {
            Ok(result) => Outcome::Result(result),
            Err(error) => Outcome::Error(error),
        };
        self.send(&Answer { jsonrpc: "2.0", id, outcome }, permit);
    }

    /// Answers what was no request that could be understood.
    pub(crate) fn reject(
        &self,
        id: &Value,
        code: lsp_server::ErrorCode,
        message: &str,
        permit: Option<OwnedSemaphorePermit>,
    ) {
        let error = json!({ "code": code as i32, "message": message });
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "error": error }), permit);
    }

    /// Tells something, unless the editor is behind with reading.
    pub(crate) fn notify(&self, method: &str, params: impl Serialize) {
        if self.unread.load(Ordering::Relaxed) < UNREAD_MAX {
            self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }), None);
        }
    }

    /// Shows whoever sits before the editor what is amiss.
    pub(crate) fn warn(&self, message: &str) {
        tracing::warn!("{message}");
        let params = json!({ "type": 2, "message": format!("Nova: {message}") });
        self.notify("window/showMessage", params);
    }

    /// Gives a part of an answer that is still to come.
    pub(crate) fn give_part(&self, token: &ProgressToken, part: impl Serialize) {
        let params = json!({ "token": token, "value": part });
        self.send(&json!({ "jsonrpc": "2.0", "method": "$/progress", "params": params }), None);
    }

    /// Asks the editor something; the answer comes by this number.
    pub(crate) fn ask(&self, method: &str, params: impl Serialize) -> RequestId {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let id = RequestId::from(number);
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(&message, None);
        id
    }

    fn send(&self, message: &impl Serialize, permit: Option<OwnedSemaphorePermit>) {
        let message = match serde_json::to_vec(message) {
            Ok(message) => message,
            // Maps with keys that are no texts could not be written; there are none.
            Err(error) => return tracing::error!("a message cannot be written: {error}"),
        };
        self.unread.fetch_add(1, Ordering::Relaxed);
        // Once nobody reads there is nobody to tell.
        drop(self.messages.send((message, permit)));
    }
}
