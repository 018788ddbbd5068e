//! Messages on standard input and output, as the base protocol frames them.
//!
//! The framing is our own, as that of lsp-server takes whatever length is announced, and ends at the first
//! message that is no JSON.

use std::io::{self, BufRead, Read, Write};

use lsp_server::Message;
use serde_json::Value;
use tokio::sync::mpsc;

/// A message that is larger ends the connection: no editor sends such a text.
const MESSAGE_BYTES_MAX: u64 = 256 << 20;
/// A header line is far shorter.
const HEADER_BYTES_MAX: u64 = 4096;
/// And there are two kinds of them.
const HEADERS_MAX: usize = 16;
/// Messages that were read and not taken yet.
const UNREAD_MAX: usize = 64;

/// What came.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message.
    Message(Message),
    /// Something in a frame that is no message; with what may be a request's number.
    Malformed {
        /// The number.
        id: Value,
        /// What is wrong.
        reason: String,
        /// Whether it is JSON at least.
        is_json: bool,
    },
    /// Something that is meant to be an answer. Nobody waits for a word about it.
    MalformedAnswer {
        /// What is wrong.
        reason: String,
    },
}

/// Why nothing more can be read.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The pipe broke.
    #[error("cannot read from the editor: {0}")]
    Io(#[from] io::Error),
    /// What was read is no frame.
    #[error("the editor does not speak the language server protocol: {0}")]
    Framing(String),
}

/// Reads messages on a thread of its own until the editor closes its end; the receiver ends then.
pub(crate) fn read_from(
    input: impl Read + Send + 'static,
) -> mpsc::Receiver<Result<Incoming, TransportError>> {
    let (sender, receiver) = mpsc::channel(UNREAD_MAX);
    std::thread::spawn(move || {
        let mut input = io::BufReader::new(input);
        loop {
            let (read, is_last) = match read(&mut input) {
                Ok(Some(incoming)) => (Ok(incoming), false),
                Ok(None) => return,
                Err(error) => (Err(error), true),
            };
            if sender.blocking_send(read).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

/// The next message; `None` at the end.
fn read(input: &mut impl BufRead) -> Result<Option<Incoming>, TransportError> {
    let Some(length) = read_headers(input)? else { return Ok(None) };
    let mut body = Vec::new();
    input.take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Ok(None);
    }
    Ok(Some(parse(&body)))
}

/// The length of the body that follows; `None` at the end.
fn read_headers(input: &mut impl BufRead) -> Result<Option<u64>, TransportError> {
    let mut length = None;
    for _ in 0..HEADERS_MAX {
        let mut line = Vec::new();
        input.by_ref().take(HEADER_BYTES_MAX).read_until(b'\n', &mut line)?;
        let Some(header) = line.strip_suffix(b"\n") else {
            // Mostly the editor is gone; there may be some rest of what it said.
            return match line.len() as u64 {
                HEADER_BYTES_MAX => Err(framing("a header without an end")),
                _ => Ok(None),
            };
        };
        let header = String::from_utf8_lossy(header.strip_suffix(b"\r").unwrap_or(header));
        if header.is_empty() {
            return length.ok_or_else(|| framing("a frame without a Content-Length")).map(Some);
        }
        let Some((name, value)) = header.split_once(':') else {
            return Err(framing(&format!("`{header}` is no header")));
        };
        if name.trim().eq_ignore_ascii_case("content-length") {
            let bytes: u64 =
                value.trim().parse().map_err(|_| framing(&format!("`{value}` is no length")))?;
            if bytes > MESSAGE_BYTES_MAX {
                let reason = format!("a message of {bytes} bytes, over {MESSAGE_BYTES_MAX}");
                return Err(framing(&reason));
            }
            length = Some(bytes);
        }
    }
    Err(framing("headers without an end"))
}

fn framing(reason: &str) -> TransportError {
    TransportError::Framing(reason.to_owned())
}

fn parse(body: &[u8]) -> Incoming {
    let malformed = |id, reason: String, is_json| Incoming::Malformed { id, reason, is_json };
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return malformed(Value::Null, error.to_string(), false),
    };
    let id = value.get("id").filter(|id| id.is_i64() || id.is_string()).cloned();
    let has = |name: &str| value.get(name).is_some();
    let is_answer = !has("method") && (has("result") || has("error"));
    let message = match (has("method"), has("id")) {
        (true, true) => serde_json::from_value(value).map(Message::Request),
        (true, false) => serde_json::from_value(value).map(Message::Notification),
        (false, _) if is_answer => serde_json::from_value(value).map(Message::Response),
        (false, _) => Err(serde::de::Error::custom("there is no method")),
    };
    match message {
        Ok(message) => Incoming::Message(message),
        Err(error) if is_answer => Incoming::MalformedAnswer { reason: error.to_string() },
        Err(error) => {
            let reason = format!("neither a request, nor a notification, nor an answer: {error}");
            malformed(id.unwrap_or_default(), reason, true)
        }
    }
}

/// Writes one message.
pub(crate) fn write(output: &mut impl Write, body: &[u8]) -> io::Result<()> {
    write!(output, "Content-Length: {}\r\n\r\n", body.len())?;
    output.write_all(body)?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(mut bytes: &[u8]) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            match read(&mut bytes) {
                Ok(None) => return all,
                Ok(Some(Incoming::Message(Message::Request(request)))) => all.push(request.method),
                Ok(Some(Incoming::Message(Message::Notification(it)))) => all.push(it.method),
                Ok(Some(other)) => all.push(format!("{other:?}")),
                Err(error) => {
                    all.push(error.to_string());
                    return all;
                }
            }
        }
    }

    fn frame(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    #[test]
    fn frames_are_read_one_after_the_other() {
        let first = frame(r#"{"jsonrpc":"2.0","id":1,"method":"a"}"#);
        let second = r#"{"jsonrpc":"2.0","method":"b"}"#;
        let second = format!("content-length:{}\nContent-Type: x\r\n\r\n{second}", second.len());
        assert_eq!(read_all(format!("{first}{second}").as_bytes()), ["a", "b"]);
        assert_eq!(read_all(&first.as_bytes()[..first.len() - 1]), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_message_is_told_and_the_next_one_is_read() {
        let bad = [frame("{"), frame("[]"), frame(r#"{"id":7}"#), frame(r#"{"method":"b"}"#)];
        let all = read_all(bad.concat().as_bytes());
        assert!(all[0].contains("is_json: false"), "{all:?}");
        assert!(all[1].contains("is_json: true") && all[1].contains("Null"), "{all:?}");
        assert!(all[2].contains("Number(7)"), "{all:?}");
        assert_eq!(all[3..], ["b"]);
    }

    #[test]
    fn what_is_no_frame_or_a_huge_one_is_refused_before_it_is_read() {
        for (bytes, says) in [
            ("GET / HTTP/1.1\r\n\r\n", "is no header"),
            ("Content-Type: x\r\n\r\n", "without a Content-Length"),
            ("Content-Length: 99999999999\r\n\r\n", "over 268435456"),
            ("Content-Length: -1\r\n\r\n", "is no length"),
        ] {
            let all = read_all(bytes.as_bytes());
            assert!(all.len() == 1 && all[0].contains(says), "{all:?}");
        }
        let long = "x".repeat(10_000);
        assert!(read_all(long.as_bytes())[0].contains("a header without an end"));
        assert!(read_all("a: b\r\n".repeat(99).as_bytes())[0].contains("headers without an end"));
    }
}
