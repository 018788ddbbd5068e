//! The same workspace, asked for at a router that keeps it open.
//!
//! Finds the router by what it wrote into the cache folder, and has a session there. Whatever goes wrong
//! is told apart by what the asker had better do: look for itself, or tell a person.
//!
//! ```text
//!  find ─▶ session ─ ask ─▶ answer
//!             ▲        │ the router is gone
//!             └────────┴─ find another, open what was open, ask once more
//! ```

mod documents;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use nova_index::Subtypes;
use nova_protocol::frontend::{
    CatchUp, ChangeDocument, Define, Export, FrontendDialogue, Inspect, Look, OpenDocument,
    OpenSession, Request, Response, RouterStatus, SessionOpened,
};
use nova_protocol::handshake::{Hello, Reject, RejectCode, Role};
use nova_protocol::inspection::{Inspected, Inspection};
use nova_protocol::path;
use nova_protocol::place::TextPosition;
use nova_rpc::{CallError, Caller, HandshakeError, connect, join};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::answer::Answer;
use crate::cache::Cache;
use crate::cache::CacheError;
use crate::cache::serve::{self, Owner, Record};
use crate::definition::Definition;
use crate::explain_path::{PathExplanation, Verdict};
use crate::overlay::{DocumentVersion, TextChange};
use crate::question::Question;
use crate::report::{Contents, IndexReport, Progress, Symbol};
use crate::wire::{self, Nonsense};
use crate::workspace::{NoCacheFolder, WorkspaceOptions};
use documents::Documents;

/// A router that does not greet by then is stopped or stuck.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
/// A router that was asked to end is gone by then.
const END_TIMEOUT: Duration = Duration::from_secs(10);
/// How often it is looked whether that is so.
const LOOK_PAUSE: Duration = Duration::from_millis(5);

/// A session at a router that keeps the workspace open, or at the next one if that router dies.
#[derive(Debug)]
pub struct Client {
    options: WorkspaceOptions,
    product_version: String,
    link: ArcSwap<Link>,
    /// Held by whoever looks for the next router.
    reconnecting: Mutex<()>,
    documents: std::sync::Mutex<Documents>,
}

/// A connection to one router.
#[derive(Debug)]
struct Link {
    caller: Caller<FrontendDialogue>,
    record: Record,
}

/// What became of the search for a router.
#[derive(Debug)]
pub enum Found {
    /// There is none, or none that serves this.
    Nobody,
    /// There is one, and this is a connection to it.
    Somebody(Box<Client>),
    /// There is one that cannot be asked: says why, and what a person can do.
    Unusable(String),
}

/// Why a router did not answer. The asker can do the work itself.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It is gone, or refused.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It is gone, and there is no other.
    #[error("nobody keeps the workspace open any more")]
    Nobody,
    /// It is gone, and the other one cannot be asked: says why.
    #[error("{0}")]
    Unusable(String),
    /// It answered what cannot be.
    #[error("the router's answer cannot be used: {0}")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<Nonsense> for AskError {
    fn from(nonsense: Nonsense) -> Self {
        Self::Answer(Box::new(nonsense))
    }
}

/// What became of the wish that a router end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// There was none.
    NobodyThere,
    /// It has ended.
    Ended {
        /// The process that it was.
        pid: u32,
    },
}

/// Why a router that was asked to end may still be there.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// There is no place for the cache.
    #[error(transparent)]
    NoCacheFolder(#[from] NoCacheFolder),
    /// The cache folder cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// It does not say who it is.
    #[error("some process keeps the workspace open and does not say which it is")]
    Mute,
    /// It does not hear, or does not want to.
    #[error(
        "process {pid} keeps the workspace open and does not listen ({reason}); end it by hand"
    )]
    Deaf {
        /// The process.
        pid: u32,
        /// What came of the attempt.
        reason: String,
    },
    /// It heard, and is still there.
    #[error("process {pid} was asked to end and is still there after {END_TIMEOUT:?}")]
    Stuck {
        /// The process.
        pid: u32,
    },
}

impl Client {
    /// Looks for a router that keeps the workspace open that these options describe, and opens a session.
    pub async fn find(options: &WorkspaceOptions, product_version: &str) -> Found {
        let client = match Self::connect(options, product_version).await {
            Found::Somebody(client) => client,
            other => return other,
        };
        match client.link.load().open(options).await {
            Ok(SessionOpened::Opened) => Found::Somebody(client),
            Ok(SessionOpened::NotServed(reason)) => {
                tracing::info!("nova serve is not asked: {reason}");
                Found::Nobody
            }
            Err(error) => {
                tracing::info!("nova serve is not asked: {error}");
                Found::Nobody
            }
        }
    }

    /// Looks for such a router, and opens no session: it can be asked for its status.
    pub async fn connect(options: &WorkspaceOptions, product_version: &str) -> Found {
        match Link::find(options, product_version).await {
            Ok(Some(link)) => Found::Somebody(Box::new(Self {
                options: options.clone(),
                product_version: product_version.to_owned(),
                link: ArcSwap::from_pointee(link),
                reconnecting: Mutex::default(),
                documents: std::sync::Mutex::default(),
            })),
            Ok(None) => Found::Nobody,
            Err(reason) => Found::Unusable(reason),
        }
    }

    /// Who answers.
    pub fn record(&self) -> Record {
        self.link.load().record.clone()
    }

    /// Has the router look at the disk and waits for it.
    pub async fn catch_up(
        &self,
        look: Look,
        mut on_progress: impl FnMut(Progress) + Send,
    ) -> Result<IndexReport, AskError> {
        let request = Request::CatchUp(CatchUp { look });
        let on_progress = |progress| on_progress(wire::to_progress(progress));
        match self.ask_with_progress(&request, on_progress).await? {
            Response::CatchUp(report) => Ok(wire::to_report(report)?),
            _ => Err(CallError::WrongAnswer.into()),
        }
    }

    /// Counts what there is.
    pub async fn contents(&self) -> Result<Contents, AskError> {
        match self.ask(Request::Count).await? {
            Response::Count(contents) => Ok(wire::to_contents(contents)),
            _ => Err(CallError::WrongAnswer.into()),
        }
    }

    /// The best symbols for a question.
    pub async fn search(&self, question: &Question) -> Result<Answer, AskError> {
        match self.ask(Request::Search(wire::from_question(question))).await? {
            Response::Search(answer) => Ok(wire::to_answer(answer)?),
            _ => Err(CallError::WrongAnswer.into()),
        }
    }

    /// Why a path is in the index, or why not.
    pub async fn explain_path(&self, path: &Path) -> Result<PathExplanation, AskError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let (mut explanation, example) = self.explain(&path).await?;
        if let (Some(path), Verdict::Folder(contents)) = (example, &mut explanation.verdict) {
            contents.example = Some(Box::new(self.explain(&path).await?.0));
        }
        Ok(explanation)
    }

    async fn explain(&self, path: &Path) -> Result<(PathExplanation, Option<PathBuf>), AskError> {
        let path = path::to_bytes(path).into_owned().into();
        match self.ask(Request::ExplainPath(path)).await? {
            Response::ExplainPath(explanation) => {
                let (explanation, example) = wire::to_explanation(explanation);
                Ok((explanation, example.map(|example| path::from_bytes(&example))))
            }
            _ => Err(CallError::WrongAnswer.into()),
        }
    }

    /// The next part of all symbols, and whether it is the last. The first part is that of a view which
    /// the others go on with.
    pub async fn export(&self, begin: bool) -> Result<(Vec<Symbol>, bool), AskError> {
        match self.ask(Request::Export(Export { begin })).await? {
            Response::Export(part) => {
                let symbols = part.symbols.into_iter().map(wire::to_symbol);
                Ok((symbols.collect::<Result<_, _>>()?, part.is_last))
            }
            _ => Err(CallError::WrongAnswer.into()),
        }
    }

    /// What a worker says of a text (of a file, by its absolute path) as this session sees it.
    pub async fn inspect(
        &self,
        path: &Path,
        inspection: Inspection,
    ) -> Result<Inspected, AskError> {
        match self.ask(Request::Inspect(Inspect { path: on_wire(path), inspection })).await? {
            Response::Inspect(inspected) => Ok(inspected),
            _ => Err(CallError::WrongAnswer.into()),
        }
    }

    /// What the name at a place of a file may mean.
    pub async fn define(
        &self,
        path: &Path,
        at: TextPosition,
        verify_timeout: Duration,
    ) -> Result<Definition, AskError> {
        let verify_timeout_ms = u64::try_from(verify_timeout.as_millis()).unwrap_or(u64::MAX);
        let request = Define { path: on_wire(path), at, verify_timeout_ms };
        match self.ask(Request::Define(request)).await? {
            Response::Define(defined) => Ok(wire::to_definition(defined)?),
            _ => Err(CallError::WrongAnswer.into()),
        }
    }

    /// What is declared below some types.
    pub async fn subtypes(
        &self,
        wanted: &Subtypes,
        verify_timeout: Duration,
    ) -> Result<Answer, AskError> {
        let request = Request::Subtypes(wire::from_subtypes(wanted, verify_timeout));
        match self.ask(request).await? {
            Response::Subtypes(answer) => Ok(wire::to_answer(answer)?),
            _ => Err(CallError::WrongAnswer.into()),
        }
    }

    /// How the router is doing.
    pub async fn status(&self) -> Result<RouterStatus, AskError> {
        match self.ask(Request::Status).await? {
            Response::Status(status) => Ok(status),
            _ => Err(CallError::WrongAnswer.into()),
        }
    }

    /// Shows this session a text of a file (absolute path) instead of the disk's, until it is closed; at
    /// the next router as well, should this one die.
    pub async fn open(
        &self,
        path: &Path,
        version: DocumentVersion,
        text: String,
    ) -> Result<(), AskError> {
        let request = Request::OpenDocument(OpenDocument {
            path: on_wire(path),
            version: version.0,
            text: text.clone(),
        });
        self.documents().open(path, version, text);
        self.tell(request).await
    }

    /// Changes the text of an open file.
    pub async fn change(
        &self,
        path: &Path,
        version: DocumentVersion,
        changes: Vec<TextChange>,
    ) -> Result<(), AskError> {
        let changed = self.documents().change(path, version, &changes);
        changed.map_err(|error| AskError::Answer(Box::new(error)))?;
        let changes = changes.into_iter().map(wire::from_change).collect();
        let path = on_wire(path);
        self.tell(Request::ChangeDocument(ChangeDocument { path, version: version.0, changes }))
            .await
    }

    /// A file was saved: everybody is to see what the disk has now.
    pub async fn save(&self, path: &Path) -> Result<(), AskError> {
        self.tell(Request::SaveDocument(on_wire(path))).await
    }

    /// Forgets the text of an open file.
    pub async fn close(&self, path: &Path) -> Result<(), AskError> {
        self.documents().close(path);
        self.tell(Request::CloseDocument(on_wire(path))).await
    }

    /// Says something about documents. Whatever router comes next is told all of them.
    async fn tell(&self, request: Request) -> Result<(), AskError> {
        let link = self.link.load_full();
        match link.caller.call(&request, None).await {
            Err(CallError::Disconnected(_)) => self.reconnect(&link).await,
            answer => Ok(answer.map(drop)?),
        }
    }

    async fn ask(&self, request: Request) -> Result<Response, AskError> {
        self.ask_with_progress(&request, |_| {}).await
    }

    /// Asks, and asks once more at another router if this one is gone.
    async fn ask_with_progress(
        &self,
        request: &Request,
        mut on_progress: impl FnMut(nova_protocol::frontend::Progress) + Send,
    ) -> Result<Response, AskError> {
        let link = self.link.load_full();
        match link.caller.call_with_progress(request, None, &mut on_progress).await {
            Err(CallError::Disconnected(closed)) => {
                tracing::info!("the router is gone ({closed}): looking for another");
                self.reconnect(&link).await?;
                let link = self.link.load_full();
                Ok(link.caller.call_with_progress(request, None, on_progress).await?)
            }
            answer => Ok(answer?),
        }
    }

    /// Has a session at another router than that of this link, with everything open that was.
    async fn reconnect(&self, lost: &Arc<Link>) -> Result<(), AskError> {
        let _reconnecting = self.reconnecting.lock().await;
        if !Arc::ptr_eq(lost, &self.link.load()) {
            return Ok(());
        }
        let link = match Link::find(&self.options, &self.product_version).await {
            Ok(Some(link)) => link,
            Ok(None) => return Err(AskError::Nobody),
            Err(reason) => return Err(AskError::Unusable(reason)),
        };
        if let SessionOpened::NotServed(reason) = link.open(&self.options).await? {
            return Err(AskError::Unusable(reason));
        }
        // What is typed meanwhile is among these, or is told to the new router, or both: an older text is
        // refused there.
        let replay = self.documents().replay();
        for request in replay {
            link.caller.call(&request, None).await?;
        }
        self.link.store(Arc::new(link));
        Ok(())
    }

    /// Waits until nobody keeps the workspace open any more; another router takes the place of one that is gone.
    pub async fn lost(&self) {
        loop {
            let link = self.link.load_full();
            link.caller.connection().closed().await;
            if self.reconnect(&link).await.is_err() {
                return;
            }
        }
    }

    fn documents(&self) -> std::sync::MutexGuard<'_, Documents> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// Connects to the router that keeps the workspace open; says why one that is there cannot be asked.
    async fn find(
        options: &WorkspaceOptions,
        product_version: &str,
    ) -> Result<Option<Self>, String> {
        let Ok((_, folder)) = options.place() else { return Ok(None) };
        let Some(record) = Record::read(&folder) else { return Ok(None) };
        match greet(&record, Role::Frontend, product_version).await {
            Greeting::Taken(caller) => Ok(Some(Self { caller, record })),
            Greeting::Nobody => Ok(None),
            Greeting::Rejected(Reject { code: RejectCode::VersionMismatch, .. }) => {
                let (pid, version) = (record.pid, &record.product_version);
                Err(format!(
                    "nova serve (process {pid}) is of another version, {version}; \
                     nova serve --stop ends it"
                ))
            }
            Greeting::Rejected(Reject { message, .. }) | Greeting::Failed(message) => {
                let pid = record.pid;
                Err(format!("nova serve (process {pid}): {message}"))
            }
        }
    }

    async fn open(&self, options: &WorkspaceOptions) -> Result<SessionOpened, AskError> {
        let request = Request::OpenSession(OpenSession {
            roots: options.roots.iter().map(wire::from_root).collect(),
            heed_ignore_files: options.heed_ignore_files,
            included: wire::from_inclusion(&options.included),
            file_bytes_max: options.file_bytes_max,
            shard_bytes_max: options.shard_bytes_max,
        });
        match self.caller.call(&request, None).await? {
            Response::OpenSession(opened) => Ok(opened),
            _ => Err(CallError::WrongAnswer.into()),
        }
    }
}

fn on_wire(path: &Path) -> Bytes {
    path::to_bytes(path).into_owned().into()
}

/// Who keeps the workspace of these options open, if somebody listens, of whatever version.
pub async fn who_serves(options: &WorkspaceOptions, product_version: &str) -> Option<Record> {
    let (_, folder) = options.place().ok()?;
    let record = Record::read(&folder)?;
    match greet(&record, Role::Frontend, product_version).await {
        Greeting::Nobody => None,
        _ => Some(record),
    }
}

/// Asks whoever keeps the workspace open to end, and waits until it has.
pub async fn stop(options: &WorkspaceOptions, product_version: &str) -> Result<Stopped, StopError> {
    let (_, folder) = options.place()?;
    if !folder.exists() {
        return Ok(Stopped::NobodyThere);
    }
    let cache = Cache::new(folder);
    let owner = Owner::of(&cache);
    if !owner.is_alive() {
        serve::clear(&cache)?;
        return Ok(Stopped::NobodyThere);
    }
    let Some(record) = Record::wait_for(cache.folder()).await else {
        return Err(StopError::Mute);
    };
    let pid = record.pid;
    let deaf = |reason: String| StopError::Deaf { pid, reason };
    match greet(&record, Role::Stop, product_version).await {
        Greeting::Rejected(Reject { code: RejectCode::ShuttingDown, .. }) | Greeting::Nobody => {}
        Greeting::Rejected(reject) => return Err(deaf(reject.to_string())),
        Greeting::Failed(reason) => return Err(deaf(reason)),
        Greeting::Taken(_) => return Err(deaf("it took that for something else".to_owned())),
    }
    let deadline = Instant::now() + END_TIMEOUT;
    while owner.is_alive() {
        if Instant::now() > deadline {
            return Err(StopError::Stuck { pid });
        }
        sleep(LOOK_PAUSE).await;
    }
    Ok(Stopped::Ended { pid })
}

/// Opens the log of a router that nobody is going to watch.
pub fn open_log(options: &WorkspaceOptions) -> Result<std::fs::File, StopError> {
    let (_, folder) = options.place()?;
    Ok(serve::open_log(&Cache::new(folder))?)
}

/// How a router answered a hello.
enum Greeting {
    Taken(Caller<FrontendDialogue>),
    Rejected(Reject),
    /// Nobody listens, or whoever did hung up.
    Nobody,
    Failed(String),
}

async fn greet(record: &Record, role: Role, product_version: &str) -> Greeting {
    let name = format!("nova-{}", std::process::id());
    let stream = match connect(&record.endpoint()).await {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!("{error}");
            return Greeting::Nobody;
        }
    };
    let hello = Hello::of(role, name, product_version);
    match join(stream, hello, GREETING_TIMEOUT, |_| None).await {
        Ok(joined) => Greeting::Taken(joined.into_caller()),
        Err(HandshakeError::Rejected(reject))
            if reject.code == RejectCode::ShuttingDown && role != Role::Stop =>
        {
            Greeting::Nobody
        }
        Err(HandshakeError::Rejected(reject)) => Greeting::Rejected(reject),
        Err(HandshakeError::HungUp) => Greeting::Nobody,
        Err(error) => Greeting::Failed(error.to_string()),
    }
}
