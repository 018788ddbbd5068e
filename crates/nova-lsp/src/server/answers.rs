//! Requests under way: each is answered exactly once, whatever becomes of it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gen_lsp_types::Request;
use lsp_server::{ErrorCode, RequestId, ResponseError};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::outbox::Outbox;
use crate::requests::{Ask, Failure};

/// Requests under way, and answers that the editor has not read; more are not read from it.
const REQUESTS_MAX: usize = 64;
/// A request that takes longer is answered by an error.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// All requests under way.
#[derive(Debug)]
pub(super) struct Answers {
    outbox: Outbox,
    places: Arc<Semaphore>,
    under_way: Arc<Mutex<HashMap<RequestId, CancellationToken>>>,
}

/// A request that must be answered. If it is dropped it is answered by an error.
pub(crate) struct Owed {
    id: RequestId,
    outbox: Outbox,
    permit: Option<OwnedSemaphorePermit>,
    is_answered: bool,
    under_way: Arc<Mutex<HashMap<RequestId, CancellationToken>>>,
    cancel: CancellationToken,
}

impl Answers {
    pub(super) fn new(outbox: Outbox) -> Self {
        Self { outbox, places: Arc::new(Semaphore::new(REQUESTS_MAX)), under_way: Arc::default() }
    }

    /// Takes on a request, when there is a place for it.
    pub(super) async fn owe(&self, id: RequestId) -> Owed {
        let permit = self.place().await;
        let cancel = CancellationToken::new();
        lock(&self.under_way).insert(id.clone(), cancel.clone());
        Owed {
            id,
            outbox: self.outbox.clone(),
            permit,
            is_answered: false,
            under_way: Arc::clone(&self.under_way),
            cancel,
        }
    }

    /// A place for an answer, when there is one.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// The editor does not need this answer any more.
    pub(super) fn cancel(&self, id: &RequestId) {
        if let Some(cancel) = lock(&self.under_way).get(id) {
            cancel.cancel();
        }
    }

    /// No answer is needed any more; each request gets one.
    pub(super) fn cancel_all(&self) {
        lock(&self.under_way).values().for_each(CancellationToken::cancel);
    }

    /// Waits until everything is answered.
    pub(super) async fn settled(&self) {
        drop(self.places.acquire_many(REQUESTS_MAX as u32).await);
    }
}

impl Owed {
    /// Has a task answer it.
    pub(crate) fn run<R, F>(
        self,
        shared: Arc<Shared>,
        params: Value,
        answer: impl FnOnce(Ask, R::Params) -> F + Send + 'static,
    ) where
        R: Request,
        F: Future<Output = Result<R::Result, Failure>> + Send + 'static,
    {
        let params: R::Params = match serde_json::from_value(params) {
            Ok(params) => params,
            Err(error) => return self.fail(ErrorCode::InvalidParams, &error.to_string()),
        };
        let (cancel, outbox) = (self.cancel.clone(), self.outbox.clone());
        tokio::spawn(async move {
            let ask = Ask { shared, outbox, cancel: cancel.clone() };
            let work = unless_it_panics(answer(ask, params));
            let outcome = tokio::select! {
                biased;
                () = cancel.cancelled() => Err(Failure::Cancelled),
                outcome = work => outcome,
                () = tokio::time::sleep(REQUEST_TIMEOUT) => Err(Failure::TooLong),
            };
            // What still runs of it works for nobody.
            cancel.cancel();
            match outcome {
                Ok(result) => self.answer(&result),
                Err(failure) => self.fail(failure.code(), &failure.to_string()),
            }
        });
    }

    /// Answers it.
    pub(crate) fn answer(mut self, result: &impl Serialize) {
        self.settle(Ok(result));
    }

    /// Answers it by an error.
    pub(crate) fn fail(mut self, code: ErrorCode, message: &str) {
        self.settle(Err::<&(), _>(&error(code, message)));
    }

    fn settle(&mut self, answer: Result<&impl Serialize, &ResponseError>) {
        self.is_answered = true;
        lock(&self.under_way).remove(&self.id);
        self.outbox.answer(&self.id, answer, self.permit.take());
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if !self.is_answered {
            let error = error(ErrorCode::InternalError, "the request was dropped, which is a bug");
            self.settle(Err::<&(), _>(&error));
        }
    }
}

fn error(code: ErrorCode, message: &str) -> ResponseError {
    ResponseError { code: code as i32, message: message.to_owned(), data: None }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn unless_it_panics<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        let poll = AssertUnwindSafe(|| work.as_mut().poll(context));
        std::panic::catch_unwind(poll)
            .unwrap_or_else(|_| std::task::Poll::Ready(Err(Failure::Panicked)))
    })
    .await
}
