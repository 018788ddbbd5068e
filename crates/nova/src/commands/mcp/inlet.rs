//! Standard input and output, with a bound on what is under way: what a client asks while too much of what it
//! asked before is unanswered, or while it does not read the answers, stays in the pipe.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::RoleServer;
use rmcp::model::{ClientNotification, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{Stdin, Stdout};
use tokio::sync::Notify;

/// So many requests are under way at most, answers that were not read included.
const REQUESTS_MAX: usize = 64;

/// Arguments are short; a longer message is dropped.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// A transport over standard input and output.
pub(super) struct Inlet {
    stdio: AsyncRwTransport<RoleServer, Stdin, Stdout>,
    under_way: Arc<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    requests: Mutex<HashSet<RequestId>>,
    fewer: Notify,
}

impl Inlet {
    pub(super) fn new((input, output): (Stdin, Stdout)) -> Self {
        let stdio = AsyncRwTransport::new_server(input, output);
        Self { stdio: stdio.with_max_line_length(MESSAGE_BYTES_MAX), under_way: Arc::default() }
    }
}

impl Transport<RoleServer> for Inlet {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let answered = match &message {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            _ => None,
        };
        let sent = self.stdio.send(message);
        let under_way = Arc::clone(&self.under_way);
        async move {
            let outcome = sent.await;
            answered.inspect(|id| under_way.end(id));
            outcome
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        self.under_way.has_room().await;
        let message = self.stdio.receive().await?;
        match &message {
            JsonRpcMessage::Request(request) => self.under_way.begin(&request.id),
            JsonRpcMessage::Notification(told) => {
                // A cancelled request is not answered.
                if let ClientNotification::CancelledNotification(cancelled) = &told.notification {
                    cancelled.params.request_id.iter().for_each(|id| self.under_way.end(id));
                }
            }
            _ => {}
        }
        Some(message)
    }

    async fn close(&mut self) -> io::Result<()> {
        self.stdio.close().await
    }
}

impl UnderWay {
    async fn has_room(&self) {
        loop {
            let fewer = self.fewer.notified();
            if self.requests().len() < REQUESTS_MAX {
                return;
            }
            fewer.await;
        }
    }

    fn begin(&self, request: &RequestId) {
        self.requests().insert(request.clone());
    }

    fn end(&self, request: &RequestId) {
        self.requests().remove(request);
        self.fewer.notify_one();
    }

    fn requests(&self) -> MutexGuard<'_, HashSet<RequestId>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
