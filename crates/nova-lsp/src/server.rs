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
mod opening;
mod progress;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lsp_server::{ErrorCode, Message, RequestId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::args::LspOptions;
use crate::client::ClientAbilities;
use crate::documents::Documents;
use crate::outbox::Outbox;
use crate::settings::Settings;
use crate::transport::{self, Incoming, TransportError};
use crate::workspace::Workspace;
use answers::Answers;
pub(crate) use answers::Owed;

/// Whoever started it is looked for so often: an editor that was killed cannot say goodbye.
const PARENT_INTERVAL: Duration = Duration::from_secs(5);

/// Workspaces that are still being opened or closed when the server ends are waited for so long.
const OPENING_TIMEOUT: Duration = Duration::from_secs(2);

/// So many symbols a search of the workspace gives, unless the user wants more or fewer.
const SYMBOLS_DEFAULT: usize = 100;
/// Nobody looks through more.
const SYMBOLS_MAX: usize = 1000;

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
    settings: Settings,
    /// The number of the question for the settings, until it is answered.
    settings_asked: Option<RequestId>,
    /// What opens and closes workspaces.
    openings: TaskTracker,
    /// The process that the editor named as its own.
    parent: watch::Sender<Option<u32>>,
    /// The run whose workspace nobody keeps open any more.
    lost: mpsc::UnboundedSender<u32>,
}

/// What requests need to know.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) client: ClientAbilities,
    pub(crate) documents: Documents,
    symbol_limit: AtomicUsize,
    /// None until it is open.
    workspace: watch::Sender<Opened>,
}

/// What became of opening the workspace.
#[derive(Debug, Clone)]
enum Opened {
    /// It will be, by the run of this number.
    NotYet(u32),
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
    let (lost_in, mut lost) = mpsc::unbounded_channel();
    let mut server = Server {
        options,
        stage: Stage::New,
        answers: Answers::new(outbox.clone()),
        outbox,
        shared: None,
        folders: Vec::new(),
        cancellable: HashMap::new(),
        runs: 0,
        settings: Settings::default(),
        settings_asked: None,
        openings: TaskTracker::new(),
        parent: watch::Sender::new(None),
        lost: lost_in,
    };
    let parent = server.parent.subscribe();
    // An editor may be gone while a message of its waits for room that nobody makes any more.
    let end = tokio::select! {
        end = server.converse(&mut incoming, &mut lost) => end,
        () = broken_pipe(&mut broken) => Ok(End::Gone),
        () = end_of(parent) => Ok(End::Gone),
    };
    server.close().await;
    match end? {
        End::Exit { is_orderly } => Ok(is_orderly),
        End::Gone => Ok(server.stage == Stage::Ending),
    }
}

async fn broken_pipe(broken: &mut oneshot::Receiver<()>) {
    // The writer says nothing, it only ends.
    drop(broken.await);
}

/// Waits until the process is gone that the editor named as its own, if it names one.
async fn end_of(parent: watch::Receiver<Option<u32>>) {
    let mut interval = tokio::time::interval(PARENT_INTERVAL);
    loop {
        interval.tick().await;
        let parent = *parent.borrow();
        if parent.is_some_and(|parent| !lifecycle::is_alive(parent)) {
            return;
        }
    }
}

impl Server {
    /// Takes one message after the other, until the last one.
    async fn converse(
        &mut self,
        incoming: &mut mpsc::Receiver<Result<Incoming, TransportError>>,
        lost: &mut mpsc::UnboundedReceiver<u32>,
    ) -> Result<End, TransportError> {
        loop {
            tokio::select! {
                message = incoming.recv() => {
                    let Some(message) = message else { return Ok(End::Gone) };
                    if let Some(end) = self.take(message?).await {
                        return Ok(end);
                    }
                }
                Some(run) = lost.recv() => {
                    if run == self.runs && self.stage == Stage::AtWork {
                        tracing::warn!("nova serve is gone: the workspace is kept open here");
                        self.open();
                    }
                }
            }
        }
    }

    /// Takes what came; how the conversation ends, if it does.
    async fn take(&mut self, incoming: Incoming) -> Option<End> {
        match incoming {
            Incoming::Malformed { id, reason, is_json } => {
                let code = if is_json { ErrorCode::InvalidRequest } else { ErrorCode::ParseError };
                // Whoever says nothing else reads its answers, too.
                let permit = self.answers.place().await;
                self.outbox.reject(&id, code, &reason, permit);
                None
            }
            Incoming::MalformedAnswer { reason } => {
                tracing::warn!("an answer of the editor makes no sense: {reason}");
                None
            }
            Incoming::Message(Message::Request(request)) => {
                self.request(request).await;
                None
            }
            Incoming::Message(Message::Notification(notification)) => {
                self.notification(notification).await
            }
            Incoming::Message(Message::Response(response))
                if self.settings_asked.as_ref() == Some(&response.id) =>
            {
                self.settings_asked = None;
                if let Some(settings) = response.result.as_ref().and_then(|it| it.get(0)) {
                    self.change_settings(settings);
                }
                None
            }
            // What else is asked of editors needs no answer but an error in the log.
            Incoming::Message(Message::Response(response)) => {
                if let Some(error) = response.error {
                    tracing::info!("the editor does not do {}: {}", response.id, error.message);
                }
                None
            }
        }
    }

    /// Gives up what is under way, and ends the workers.
    async fn close(&self) {
        self.answers.cancel_all();
        self.cancellable.values().for_each(CancellationToken::cancel);
        let Some(shared) = &self.shared else { return };
        // One that is just being opened is closed, too.
        let is_being_opened = matches!(&*shared.workspace.borrow(), Opened::NotYet(1..));
        let bound = if is_being_opened { OPENING_TIMEOUT } else { Duration::ZERO };
        if let Ok(Ok(workspace)) = timeout(bound, shared.workspace()).await {
            workspace.close().await;
        }
        // Those that others have replaced are closed by who has opened them.
        self.openings.close();
        drop(timeout(OPENING_TIMEOUT, self.openings.wait()).await);
    }
}

impl Shared {
    fn new(client: ClientAbilities) -> Self {
        Self {
            client,
            documents: Documents::new(client.encoding),
            symbol_limit: AtomicUsize::new(SYMBOLS_DEFAULT),
            workspace: watch::Sender::new(Opened::NotYet(0)),
        }
    }

    /// How many symbols a search of the workspace gives at most.
    pub(crate) fn symbol_limit(&self) -> usize {
        self.symbol_limit.load(Ordering::Relaxed)
    }

    fn set_symbol_limit(&self, limit: Option<usize>) {
        let limit = limit.unwrap_or(SYMBOLS_DEFAULT).clamp(1, SYMBOLS_MAX);
        self.symbol_limit.store(limit, Ordering::Relaxed);
    }

    /// Nothing is open, and nobody is to wait for it. What was before.
    fn has_no_folder(&self) -> Opened {
        let reason = "no folder is open, and no file".to_owned();
        self.workspace.send_replace(Opened::Failed(reason))
    }

    /// What became of a run's opening counts, unless another one has begun since.
    fn has_opened(&self, run: u32, opened: Opened) -> bool {
        self.workspace.send_if_modified(|now| {
            let is_awaited = matches!(now, Opened::NotYet(awaited) if *awaited == run);
            if is_awaited {
                *now = opened;
            }
            is_awaited
        })
    }

    /// The workspace, once it is open; or why it cannot be opened.
    pub(crate) async fn workspace(&self) -> Result<Arc<Workspace>, String> {
        let mut opened = self.workspace.subscribe();
        loop {
            match &*opened.borrow_and_update() {
                Opened::Open(workspace) => return Ok(Arc::clone(workspace)),
                Opened::Failed(reason) => return Err(reason.clone()),
                Opened::NotYet(_) => {}
            }
            if opened.changed().await.is_err() {
                return Err("the server is ending".to_owned());
            }
        }
    }
}
