//! The end that answers: takes requests and answers each of them exactly once.

use std::{collections::HashMap, fmt, marker::PhantomData, sync::Arc, time::Duration};

use bytes::Bytes;
use nova_protocol::{
    Answer, AnsweringEvent, AnsweringSide, Dialogue, Goodbye, ProtocolError, body,
    frame::{Frame, RequestId},
    message::{RequestError, WorkerDialogue},
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

/// The requests of the peer at the other end of a connection, in one family of messages. The connection
/// is closed when this is dropped.
#[derive(Debug)]
pub struct Incoming<D: Dialogue = WorkerDialogue> {
    /// Bounded by the requests in flight, each of which is here at most once.
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    shared: Arc<Shared<IncomingEnd>>,
    connection: Connection,
    dialogue: PhantomData<fn() -> D>,
}

/// A request, and the duty to answer it.
pub struct IncomingRequest<D: Dialogue = WorkerDialogue> {
    /// What is asked.
    pub request: D::Request,
    /// Where the answer goes.
    pub responder: Responder<D>,
}

/// Answers one request. Dropped without an answer, it answers that the request was cancelled, was late or
/// failed, whichever holds. It works on any thread, and never waits.
#[derive(Debug)]
pub struct Responder<D: Dialogue = WorkerDialogue> {
    id: RequestId,
    cancelled: CancellationToken,
    deadline: Option<Instant>,
    shared: Arc<Shared<IncomingEnd>>,
    answered: bool,
    dialogue: PhantomData<fn() -> D>,
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
    side: AnsweringSide,
    /// The requests that are not answered.
    open: HashMap<RequestId, CancellationToken>,
    /// None once the connection has ended.
    arrivals: Option<mpsc::UnboundedSender<Arrival>>,
}

impl<D: Dialogue> Incoming<D> {
    pub(crate) fn start<S>(link: Link<S>) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let side = AnsweringSide::new(&link.own, &link.peer);
        let (sender, arrivals) = mpsc::unbounded_channel();
        let shared =
            Shared::new(IncomingEnd { side, open: HashMap::new(), arrivals: Some(sender) });
        let connection = connection::start(link, Arc::clone(&shared));
        Incoming { arrivals, shared, connection, dialogue: PhantomData }
    }

    /// The next request; none when the connection has ended. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<IncomingRequest<D>> {
        loop {
            let Arrival { id, body, cancelled, at } = self.arrivals.recv().await?;
            let mut responder = Responder {
                id,
                cancelled,
                deadline: None,
                shared: Arc::clone(&self.shared),
                answered: false,
                dialogue: PhantomData,
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

impl<D: Dialogue> fmt::Debug for IncomingRequest<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IncomingRequest").field(&self.request).finish()
    }
}

impl<D: Dialogue> Drop for Incoming<D> {
    fn drop(&mut self) {
        self.connection.close();
    }
}

impl<D: Dialogue> Responder<D> {
    /// The request's id, for logs.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// Cancelled when the peer no longer wants the answer, when the deadline passes, when the
    /// connection ends, and when the answer was given.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    /// When the peer gives up waiting.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Tells the peer how far the work is. Only the latest report that could not be sent is kept.
    pub fn progress(&self, progress: D::Progress) {
        let body = body::encode_progress(&progress);
        self.shared.update(|end| end.side.progress(self.id, body));
    }

    /// Answers the request.
    pub fn respond(mut self, result: Result<D::Response, RequestError>) {
        self.answer(result);
    }

    fn answer(&mut self, result: Result<D::Response, RequestError>) {
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

impl<D: Dialogue> Drop for Responder<D> {
    fn drop(&mut self) {
        if !self.answered {
            let late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let error = if late {
                RequestError::DeadlineExceeded
            } else if self.cancelled.is_cancelled() {
                RequestError::Cancelled
            } else {
                RequestError::Failed("the request was dropped".into())
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
            Some(AnsweringEvent::Goodbye(goodbye)) => return Ok(Some(goodbye)),
            Some(AnsweringEvent::Cancel { id }) => {
                if let Some(cancelled) = self.open.get(&id) {
                    cancelled.cancel();
                }
            }
            Some(AnsweringEvent::Request { id, body }) => {
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
