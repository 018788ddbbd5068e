//! Message bodies: what is asked and answered, as postcard bytes.
//!
//! This is apart from the sides of a connection so that large messages are written and read outside
//! of whatever guards a connection's state. A body that cannot be read concerns one request only.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    error::SendError,
    limits::{LIST_ITEMS_MAX, TEXT_BYTES_MAX},
    message::RequestError,
};

/// A body that does not say anything this version can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// An unknown alternative or a list over its bound; the encoding does not tell them apart.
    #[error("an unknown alternative, or a list of more than {LIST_ITEMS_MAX} items")]
    Refused,
    /// It ends too early, or a number, text or tag in it cannot be one.
    #[error("{0}")]
    Malformed(postcard::Error),
    /// It goes on after its end.
    #[error("{0} bytes after the end")]
    TrailingBytes(usize),
}

/// The body of a request, and how long its sender will wait.
pub fn encode_request<R: Serialize>(
    request: &R,
    deadline: Option<Duration>,
) -> Result<Bytes, SendError> {
    let deadline_ms = deadline.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
    encode(&RequestBody { deadline_ms, request })
}

/// See [`encode_request`].
pub fn decode_request<R: DeserializeOwned>(
    body: &[u8],
) -> Result<(R, Option<Duration>), DecodeError> {
    let RequestBody { deadline_ms, request } = decode::<RequestBody<R>>(body)?;
    Ok((request, deadline_ms.map(Duration::from_millis)))
}

/// The body of a response.
pub fn encode_response<R: Serialize>(response: &R) -> Result<Bytes, SendError> {
    encode(response)
}

/// See [`encode_response`].
pub fn decode_response<R: DeserializeOwned>(body: &[u8]) -> Result<R, DecodeError> {
    decode(body)
}

/// The body of an error, its text cut to [`TEXT_BYTES_MAX`]: an error always fits into a frame.
pub fn encode_error(error: &RequestError) -> Bytes {
    let cut = |text: &String| clipped(text).to_owned();
    let error = match error {
        RequestError::Cancelled => RequestError::Cancelled,
        RequestError::DeadlineExceeded => RequestError::DeadlineExceeded,
        RequestError::Invalid(text) => RequestError::Invalid(cut(text)),
        RequestError::Failed(text) => RequestError::Failed(cut(text)),
    };
    encode(&error).expect("an error holds no list")
}

/// See [`encode_error`].
pub fn decode_error(body: &[u8]) -> Result<RequestError, DecodeError> {
    decode(body)
}

/// The body of a progress report.
pub fn encode_progress<P: Serialize>(progress: &P) -> Bytes {
    encode(progress).expect("a progress report holds no list")
}

/// See [`encode_progress`].
pub fn decode_progress<P: DeserializeOwned>(body: &[u8]) -> Result<P, DecodeError> {
    decode(body)
}

/// As much of a text as may be sent.
pub(crate) fn clipped(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

#[derive(Serialize, Deserialize)]
struct RequestBody<R> {
    deadline_ms: Option<u64>,
    request: R,
}

/// Fails on a list over its bound only: nothing else in a message can refuse to be written.
fn encode<T: Serialize>(value: &T) -> Result<Bytes, SendError> {
    postcard::to_stdvec(value).map(Bytes::from).map_err(|_| SendError::ListTooLong)
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(DecodeError::TrailingBytes(rest.len())),
        Err(postcard::Error::SerdeDeCustom) => Err(DecodeError::Refused),
        Err(error) => Err(DecodeError::Malformed(error)),
    }
}
