//! The end that asks, many questions at a time: a router its worker, a frontend its router.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use nova_protocol::{
    Answer, AskingEvent, AskingSide, CancelOutcome, Dialogue, Goodbye, ProtocolError, SendError,
    body::{self, DecodeError},
    frame::{Frame, RequestId},
    message::{RequestError, WorkerDialogue},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch},
    time::{Instant, timeout},
};

use crate::{
    closed::Closed,
    connection::{self, Connection, End, Link, Shared},
};

/// Asks the peer at the other end of a connection in one family of messages. Clones share the
/// connection; it is closed when the last of them is dropped.
pub struct Caller<D: Dialogue = WorkerDialogue>(Arc<Inner<D>>);

/// Why a call has no response.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The peer answered with an error.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// No answer came in time. The peer is told to stop.
    #[error("no answer within {0:?}")]
    DeadlineExceeded(Duration),
    /// The request was not sent: it is over a bound.
    #[error("cannot send the request: {0}")]
    Unsendable(#[from] SendError),
    /// The peer's answer says nothing.
    #[error("cannot read the answer: {0}")]
    Unreadable(#[from] DecodeError),
    /// The peer answered another question.
    #[error("the answer does not fit the request")]
    WrongAnswer,
    /// The connection ended before the answer came.
    #[error("the connection ended: {0}")]
    Disconnected(Closed),
}

struct Inner<D: Dialogue> {
    shared: Arc<Shared<CallerEnd<D>>>,
    connection: Connection,
    /// A permit for each request that the peer takes at a time.
    slots: Arc<Semaphore>,
}

struct CallerEnd<D: Dialogue> {
    side: AskingSide,
    /// The requests that an answer is to come for, also those that nobody waits for any more.
    pending: HashMap<RequestId, Pending<D>>,
    slots: Arc<Semaphore>,
    closed: Option<Closed>,
}

struct Pending<D: Dialogue> {
    answer: oneshot::Sender<Result<Answer, Closed>>,
    progress: watch::Sender<Option<D::Progress>>,
    /// Given back with the answer, so that the peer's bound holds for cancelled requests, too.
    _slot: OwnedSemaphorePermit,
}

impl<D: Dialogue> Caller<D> {
    pub(crate) fn start<S>(link: Link<S>) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let side = AskingSide::new(&link.own, &link.peer);
        let slots = Arc::new(Semaphore::new(side.requests_in_flight_max()));
        let end =
            CallerEnd { side, pending: HashMap::new(), slots: Arc::clone(&slots), closed: None };
        let shared = Shared::new(end);
        let connection = connection::start(link, Arc::clone(&shared));
        Caller(Arc::new(Inner { shared, connection, slots }))
    }

    /// Asks and waits for the answer, in turn if the peer has as many requests as it takes. When the
    /// future is dropped, the peer is told that the answer is no longer wanted.
    pub async fn call(
        &self,
        request: &D::Request,
        deadline: Option<Duration>,
    ) -> Result<D::Response, CallError> {
        self.call_with_progress(request, deadline, |_| {}).await
    }

    /// Like [`call`](Self::call); `on_progress` hears the latest progress whenever there is news.
    pub async fn call_with_progress(
        &self,
        request: &D::Request,
        deadline: Option<Duration>,
        on_progress: impl FnMut(D::Progress) + Send,
    ) -> Result<D::Response, CallError> {
        let exchange = self.exchange(request, deadline, on_progress);
        let response = match deadline {
            None => exchange.await?,
            Some(deadline) => timeout(deadline, exchange)
                .await
                .unwrap_or(Err(CallError::DeadlineExceeded(deadline)))?,
        };
        if D::is_answered_by(request, &response) {
            Ok(response)
        } else {
            Err(CallError::WrongAnswer)
        }
    }

    /// The connection, to watch for its end or to close it.
    pub fn connection(&self) -> &Connection {
        &self.0.connection
    }

    async fn exchange(
        &self,
        request: &D::Request,
        deadline: Option<Duration>,
        mut on_progress: impl FnMut(D::Progress) + Send,
    ) -> Result<D::Response, CallError> {
        let started = Instant::now();
        let slot = Arc::clone(&self.0.slots).acquire_owned().await;
        let Ok(slot) = slot else { return Err(CallError::Disconnected(self.why_closed())) };
        let left = deadline.map(|deadline| deadline.saturating_sub(started.elapsed()));
        let body = body::encode_request(request, left)?;

        let (answer, mut answered) = oneshot::channel();
        let (progress, mut progressed) = watch::channel(None);
        let pending = Pending { answer, progress, _slot: slot };
        let id = self.0.shared.update(|end| end.request(body, pending))?;
        let _cancel = CancelOnDrop { shared: &self.0.shared, id };

        let answer = loop {
            tokio::select! {
                biased;
                Ok(()) = progressed.changed() => {
                    let latest = *progressed.borrow_and_update();
                    latest.into_iter().for_each(&mut on_progress);
                }
                answer = &mut answered => break answer,
            }
        };
        match answer {
            Ok(Ok(Answer::Response(body))) => Ok(body::decode_response(&body)?),
            Ok(Ok(Answer::Error(body))) => Err(body::decode_error(&body)?.into()),
            Ok(Err(closed)) => Err(CallError::Disconnected(closed)),
            Err(_) => Err(CallError::Disconnected(self.why_closed())),
        }
    }

    fn why_closed(&self) -> Closed {
        self.0.shared.lock().closed.clone().unwrap_or(Closed::HungUp)
    }
}

impl<D: Dialogue> Clone for Caller<D> {
    fn clone(&self) -> Self {
        Caller(Arc::clone(&self.0))
    }
}

impl<D: Dialogue> fmt::Debug for Caller<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(&self.0.connection).finish()
    }
}

impl<D: Dialogue> Drop for Inner<D> {
    fn drop(&mut self) {
        self.connection.close();
    }
}

/// Ends a request that nobody waits for any more. After its answer that means nothing.
struct CancelOnDrop<'a, D: Dialogue> {
    shared: &'a Shared<CallerEnd<D>>,
    id: RequestId,
}

impl<D: Dialogue> Drop for CancelOnDrop<'_, D> {
    fn drop(&mut self) {
        self.shared.update(|end| {
            if end.side.cancel(self.id) == CancelOutcome::NeverSent {
                end.pending.remove(&self.id);
            }
        });
    }
}

impl<D: Dialogue> CallerEnd<D> {
    fn request(&mut self, body: bytes::Bytes, pending: Pending<D>) -> Result<RequestId, CallError> {
        if let Some(closed) = &self.closed {
            return Err(CallError::Disconnected(closed.clone()));
        }
        let id = self.side.request(body)?;
        self.pending.insert(id, pending);
        Ok(id)
    }
}

impl<D: Dialogue> End for CallerEnd<D> {
    fn receive(&mut self, frame: Frame) -> Result<Option<Goodbye>, ProtocolError> {
        let malformed = ProtocolError::malformed(&frame);
        match self.side.receive(frame)? {
            None => {}
            Some(AskingEvent::Goodbye(goodbye)) => return Ok(Some(goodbye)),
            Some(AskingEvent::Progress { id, progress }) => {
                let progress = body::decode_progress(&progress).map_err(|_| malformed)?;
                if let Some(pending) = self.pending.get(&id) {
                    pending.progress.send_replace(Some(progress));
                }
            }
            Some(AskingEvent::Answer { id, answer }) => {
                if let Some(pending) = self.pending.remove(&id) {
                    // Nobody listens if the call was dropped.
                    let _ = pending.answer.send(Ok(answer));
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

    fn closed(&mut self, closed: &Closed) {
        self.closed = Some(closed.clone());
        self.slots.close();
        for (_, pending) in self.pending.drain() {
            let _ = pending.answer.send(Err(closed.clone()));
        }
    }

    fn goodbye(&mut self, goodbye: &Goodbye, kept: bool) {
        if !kept {
            self.side.abandon();
        }
        self.side.goodbye(goodbye);
    }
}
