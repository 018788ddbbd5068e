//! The course of a conversation with an editor, from the first message to the last.
//!
//! ```text
//!            initialize            initialized                 shutdown           exit
//!  (nothing) ──────────▶ greeted ─────────────▶ at work ────────────────▶ ending ─────▶ (ended)
//!      other requests: ServerNotInitialized │ answered │ InvalidRequest
//! ```

mod answers;
mod lifecycle;
mod notifications;
mod progress;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lsp_server::{ErrorCode, Message};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::args::LspOptions;
use crate::client::ClientAbilities;
use crate::documents::Documents;
use crate::outbox::Outbox;
use crate::transport::{self, Incoming, TransportError};
use crate::workspace::Workspace;
use answers::Answers;
pub(crate) use answers::Owed;

/// Whoever started it is looked for so often: an editor that was killed cannot say goodbye.
const PARENT_INTERVAL: Duration = Duration::from_secs(5);

/// A conversation.
struct Server {
    options: LspOptions,
    stage: Stage,
    outbox: Outbox,
    answers: Answers,
    shared: Option<Arc<Shared>>,
    /// The folders of the workspace.
    folders: Vec<PathBuf>,
    /// Index runs that the editor can cancel, by the tokens of their progress.
    cancellable: HashMap<String, CancellationToken>,
    /// How many there were.
    runs: u32,
}

/// What requests need to know.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) client: ClientAbilities,
    pub(crate) documents: Documents,
    /// None until it is open.
    workspace: watch::Sender<Opened>,
}

/// What became of opening the workspace.
#[derive(Debug, Clone)]
enum Opened {
    NotYet,
    Open(Arc<Workspace>),
    Failed(String),
}

/// How far the conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Greeted,
    AtWork,
    Ending,
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The editor asked for it, after `shutdown` or not.
    Exit { is_orderly: bool },
    /// It is gone.
    Gone,
}

/// Serves until the editor ends it, or is gone. Says whether that was in order.
pub(crate) async fn serve(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    options: LspOptions,
) -> Result<bool, TransportError> {
    let mut incoming = transport::read_from(input);
    let (outbox, mut broken) = Outbox::to(output);
    let mut server = Server {
        options,
        stage: Stage::New,
        answers: Answers::new(outbox.clone()),
        outbox,
        shared: None,
        folders: Vec::new(),
        cancellable: HashMap::new(),
        runs: 0,
    };
    let mut parent = tokio::time::interval(PARENT_INTERVAL);
    let mut parent_id = None;
    let end = loop {
        tokio::select! {
            message = incoming.recv() => match message {
                None => break Ok(End::Gone),
                Some(Err(error)) => break Err(error),
                Some(Ok(message)) => {
                    if let Some(end) = server.take(message, &mut parent_id).await {
                        break Ok(end);
                    }
                }
            },
            _ = broken_pipe(&mut broken) => break Ok(End::Gone),
            _ = parent.tick() => {
                if parent_id.is_some_and(|parent| !lifecycle::is_alive(parent)) {
                    break Ok(End::Gone);
                }
            }
        }
    };
    server.close();
    match end? {
        End::Exit { is_orderly } => Ok(is_orderly),
        End::Gone => Ok(server.stage == Stage::Ending),
    }
}

async fn broken_pipe(broken: &mut oneshot::Receiver<()>) {
    // The writer says nothing, it only ends.
    drop(broken.await);
}

impl Server {
    /// Takes what came; how the conversation ends, if it does.
    async fn take(&mut self, incoming: Incoming, parent: &mut Option<u32>) -> Option<End> {
        match incoming {
            Incoming::Malformed { id, reason, is_json } => {
                let code = if is_json { ErrorCode::InvalidRequest } else { ErrorCode::ParseError };
                self.outbox.reject(&id, code, &reason);
                None
            }
            Incoming::Message(Message::Request(request)) => {
                self.request(request, parent).await;
                None
            }
            Incoming::Message(Message::Notification(notification)) => {
                self.notification(notification).await
            }
            // What is asked of editors here needs no answer but an error in the log.
            Incoming::Message(Message::Response(response)) => {
                if let Some(error) = response.error {
                    tracing::info!("the editor does not do {}: {}", response.id, error.message);
                }
                None
            }
        }
    }

    fn close(&self) {
        self.answers.cancel_all();
        if let Some(shared) = &self.shared
            && let Opened::Open(workspace) = &*shared.workspace.borrow()
        {
            workspace.close();
        }
    }
}

impl Shared {
    fn new(client: ClientAbilities) -> Self {
        Self {
            client,
            documents: Documents::new(client.encoding),
            workspace: watch::Sender::new(Opened::NotYet),
        }
    }

    /// The workspace, once it is open; or why it cannot be opened.
    pub(crate) async fn workspace(&self) -> Result<Arc<Workspace>, String> {
        let mut opened = self.workspace.subscribe();
        loop {
            match &*opened.borrow_and_update() {
                Opened::Open(workspace) => return Ok(Arc::clone(workspace)),
                Opened::Failed(reason) => return Err(reason.clone()),
                Opened::NotYet => {}
            }
            if opened.changed().await.is_err() {
                return Err("the server is ending".to_owned());
            }
        }
    }
}
