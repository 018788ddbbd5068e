//! What makes a family of messages: the requests of one kind of peer, and what answers them.
//!
//! Frames, request ids, cancellation and errors are the same in every family; which family a connection
//! speaks follows from the role in its hello.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

/// A family of messages.
pub trait Dialogue: fmt::Debug + Send + Sync + 'static {
    /// What is asked.
    type Request: Serialize + DeserializeOwned + fmt::Debug + Send + Sync;
    /// What is answered.
    type Response: Serialize + DeserializeOwned + fmt::Debug + Send + Sync;
    /// What is told ahead of an answer that takes long.
    type Progress: Serialize + DeserializeOwned + fmt::Debug + Copy + Send + Sync;

    /// Whether a response is of the kind that answers this request.
    fn is_answered_by(request: &Self::Request, response: &Self::Response) -> bool;
}
