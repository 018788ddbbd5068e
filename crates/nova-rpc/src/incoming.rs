//! The worker's end: takes requests and answers each of them exactly once.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use nova_protocol::{
    Answer, Goodbye, ProtocolError, WorkerEvent, WorkerSide, body,
    frame::{Frame, RequestId},
    message::{Progress, Request, RequestError, Response},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    closed::Closed,
    connection::{self, Connection, End, Link, Shared},
};

/// The requests of the router at the other end of a connection, which is closed when this is dropped.
#[derive(Debug)]
pub struct Incoming {
    /// Bounded by the requests in flight, each of which is here at most once.
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    shared: Arc<Shared<IncomingEnd>>,
    connection: Connection,
}

/// A request, and the duty to answer it.
#[derive(Debug)]
pub struct IncomingRequest {
    /// What is asked.
    pub request: Request,
    /// Where the answer goes.
    pub responder: Responder,
}

/// Answers one request. Dropped without an answer, it answers that the request was cancelled, was late or
/// failed, whichever holds. It works on any thread, and never waits.
#[derive(Debug)]
pub struct Responder {
    id: RequestId,
    cancelled: CancellationToken,
    deadline: Option<Instant>,
    shared: Arc<Shared<IncomingEnd>>,
    answered: bool,
}

#[derive(Debug)]
struct Arrival {
    id: RequestId,
    body: Bytes,
    cancelled: CancellationToken,
    at: Instant,
}

#[derive(Debug)]
struct IncomingEnd {
    side: WorkerSide,
    /// The requests that are not answered.
    open: HashMap<RequestId, CancellationToken>,
    /// None once the connection has ended.
    arrivals: Option<mpsc::UnboundedSender<Arrival>>,
}

impl Incoming {
    pub(crate) fn start<S>(link: Link<S>) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let side = WorkerSide::new(&link.own, &link.peer);
        let (sender, arrivals) = mpsc::unbounded_channel();
        let shared =
            Shared::new(IncomingEnd { side, open: HashMap::new(), arrivals: Some(sender) });
        let connection = connection::start(link, Arc::clone(&shared));
        Incoming { arrivals, shared, connection }
    }

    /// The next request; none when the connection has ended. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<IncomingRequest> {
        loop {
            let Arrival { id, body, cancelled, at } = self.arrivals.recv().await?;
            let mut responder = Responder {
                id,
                cancelled,
                deadline: None,
                shared: Arc::clone(&self.shared),
                answered: false,
            };
            if responder.cancelled.is_cancelled() {
                continue;
            }
            match body::decode_request(&body) {
                Ok((request, deadline)) => {
                    responder.set_deadline(at, deadline);
                    return Some(IncomingRequest { request, responder });
                }
                Err(error) => {
                    let text = format!("unreadable request: {error}");
                    responder.respond(Err(RequestError::Invalid(text)));
                }
            }
        }
    }

    /// The connection, to watch for its end or to close it.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.connection.close();
    }
}

impl Responder {
    /// The request's id, for logs.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// Cancelled when the router no longer wants the answer, when the deadline passes, when the
    /// connection ends, and when the answer was given.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    /// When the router gives up waiting.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Tells the router how far the work is. Only the latest report that could not be sent is kept.
    pub fn progress(&self, progress: Progress) {
        self.shared.update(|end| end.side.progress(self.id, &progress));
    }

    /// Answers the request.
    pub fn respond(mut self, result: Result<Response, RequestError>) {
        self.answer(result);
    }

    fn answer(&mut self, result: Result<Response, RequestError>) {
        let answer = result.and_then(|response| {
            body::encode_response(&response)
                .map_err(|error| RequestError::Failed(error.to_string()))
        });
        let answer = match answer {
            Ok(body) => Answer::Response(body),
            Err(error) => Answer::Error(body::encode_error(&error)),
        };
        self.answered = true;
        self.shared.update(|end| {
            end.open.remove(&self.id);
            end.side.answer(self.id, answer);
        });
    }

    fn set_deadline(&mut self, arrived: Instant, deadline: Option<Duration>) {
        self.deadline = deadline.and_then(|deadline| arrived.checked_add(deadline));
        let Some(deadline) = self.deadline else { return };
        let cancelled = self.cancelled.clone();
        // Ends with the request: whoever answers cancels the token.
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => cancelled.cancel(),
                () = cancelled.cancelled() => {}
            }
        });
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if !self.answered {
            let late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let error = if late {
                RequestError::DeadlineExceeded
            } else if self.cancelled.is_cancelled() {
                RequestError::Cancelled
            } else {
                RequestError::Failed("the worker dropped the request".into())
            };
            self.answer(Err(error));
        }
        self.cancelled.cancel();
    }
}

impl End for IncomingEnd {
    fn receive(&mut self, frame: Frame) -> Result<Option<Goodbye>, ProtocolError> {
        match self.side.receive(frame)? {
            None => {}
            Some(WorkerEvent::Goodbye(goodbye)) => return Ok(Some(goodbye)),
            Some(WorkerEvent::Cancel { id }) => {
                if let Some(cancelled) = self.open.get(&id) {
                    cancelled.cancel();
                }
            }
            Some(WorkerEvent::Request { id, body }) => {
                let cancelled = CancellationToken::new();
                self.open.insert(id, cancelled.clone());
                if let Some(arrivals) = &self.arrivals {
                    // Nobody listens once `Incoming` is dropped, and then the connection is ending.
                    let _ = arrivals.send(Arrival { id, body, cancelled, at: Instant::now() });
                }
            }
        }
        Ok(None)
    }

    fn next_frame(&mut self) -> Option<Frame> {
        self.side.next_frame()
    }

    fn ping(&mut self, id: u64) {
        self.side.ping(id);
    }

    fn closed(&mut self, _: &Closed) {
        self.arrivals = None;
        for (_, cancelled) in self.open.drain() {
            cancelled.cancel();
        }
    }

    fn goodbye(&mut self, goodbye: &Goodbye, kept: bool) {
        if !kept {
            self.side.abandon();
        }
        self.side.goodbye(goodbye);
    }
}
