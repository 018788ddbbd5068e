//! One frontend: its session, and the answers to what it asks.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nova_protocol::frontend::{
    CatchUp, ChangeDocument, Define, Export, FrontendDialogue, IndexReport, Inspect, Look,
    OpenDocument, OpenSession, Request, Response, RouterStatus, Search, SessionOpened, Subtypes,
    Watching,
};
use nova_protocol::message::RequestError;
use nova_protocol::path;
use nova_rpc::{Incoming, IncomingRequest, Responder};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::{JoinError, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::export::Exporting;
use super::served::{self, State};
use crate::definition::DefineError;
use crate::explain_path::Explainer;
use crate::lens::Lens;
use crate::overlay::{DocumentError, DocumentVersion};
use crate::root::Root;
use crate::watch::WatchMode;
use crate::wire;

/// How often who waits for an index run hears how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(80);

/// What is known of one frontend.
#[derive(Debug)]
pub(super) struct Conversation {
    state: Arc<State>,
    /// None until the session is opened.
    lens: OnceLock<Arc<Lens>>,
    export: Mutex<Option<Exporting>>,
}

type Answered = Result<Response, RequestError>;

/// What became of a request at once.
enum Taken {
    Done(Answered),
    /// It has no place in an order.
    Question(Request),
    /// A document is closed, and its file is to be looked at.
    Closed(Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl Conversation {
    /// Answers a frontend until it hangs up.
    pub(super) async fn hold(state: Arc<State>, mut incoming: Incoming<FrontendDialogue>) {
        let conversation =
            Arc::new(Self { state, lens: OnceLock::new(), export: Mutex::default() });
        while let Some(IncomingRequest { request, responder }) = incoming.next().await {
            // What is typed is taken in the order in which it was typed.
            match conversation.take(request) {
                Taken::Done(answered) => responder.respond(answered),
                Taken::Question(request) => {
                    let question = IncomingRequest { request, responder };
                    tokio::spawn(Arc::clone(&conversation).answer(question));
                }
                Taken::Closed(closing) => drop(tokio::spawn(async move {
                    closing.await;
                    responder.respond(Ok(Response::CloseDocument));
                })),
            }
        }
    }

    /// Takes what has its place in an order.
    fn take(&self, request: Request) -> Taken {
        match request {
            Request::OpenDocument(request) => Taken::Done(self.open_document(request)),
            Request::ChangeDocument(request) => Taken::Done(self.change_document(request)),
            Request::CloseDocument(path) => match self.lens() {
                Ok(lens) => Taken::Closed(Box::pin(lens.session().close(&path::from_bytes(&path)))),
                Err(error) => Taken::Done(Err(error)),
            },
            question => Taken::Question(question),
        }
    }

    fn open_document(&self, request: OpenDocument) -> Answered {
        let OpenDocument { path, version, text } = request;
        let opened =
            self.lens()?.session().open(&path::from_bytes(&path), DocumentVersion(version), text);
        opened.map(|()| Response::OpenDocument).map_err(refused)
    }

    fn change_document(&self, request: ChangeDocument) -> Answered {
        let ChangeDocument { path, version, changes } = request;
        let changes: Vec<_> = changes.into_iter().map(wire::to_change).collect();
        let lens = self.lens()?;
        let session = lens.session();
        let changed = session.change(&path::from_bytes(&path), DocumentVersion(version), &changes);
        changed.map(|()| Response::ChangeDocument).map_err(refused)
    }

    async fn save_document(&self, path: &[u8]) -> Answered {
        self.lens()?.session().save(&path::from_bytes(path)).await;
        Ok(Response::SaveDocument)
    }

    async fn answer(self: Arc<Self>, incoming: IncomingRequest<FrontendDialogue>) {
        let IncomingRequest { request, responder } = incoming;
        let answered = match request {
            Request::OpenSession(request) => self.open(&request).map(Response::OpenSession),
            Request::CatchUp(request) => self.catch_up(request, &responder).await,
            Request::Count => self.count().await,
            Request::Search(request) => self.search(request, responder.cancelled()).await,
            Request::ExplainPath(path) => self.explain_path(path.into()).await,
            Request::Export(request) => self.export(request).await,
            Request::Status => Ok(Response::Status(self.status().await)),
            Request::SaveDocument(path) => self.save_document(&path).await,
            Request::Inspect(request) => self.inspect(request).await,
            Request::Define(request) => self.define(request, responder.cancelled()).await,
            Request::Subtypes(request) => self.subtypes(request, responder.cancelled()).await,
            ordered @ (Request::OpenDocument(_)
            | Request::ChangeDocument(_)
            | Request::CloseDocument(_)) => {
                unreachable!("{ordered:?} was taken in its order")
            }
        };
        responder.respond(answered);
    }

    fn open(&self, request: &OpenSession) -> Result<SessionOpened, RequestError> {
        let roots: Vec<Root> = request.roots.iter().map(wire::to_root).collect();
        if roots.is_empty() {
            return Err(RequestError::Invalid("a session without ROOTs".to_owned()));
        }
        if let Err(reason) = served::check(&self.state.workspace, request, &roots) {
            return Ok(SessionOpened::NotServed(reason));
        }
        let lens = Arc::new(Lens::new(Arc::clone(&self.state.workspace), roots));
        self.lens
            .set(lens)
            .map_err(|_| RequestError::Invalid("the session is open already".to_owned()))?;
        Ok(SessionOpened::Opened)
    }

    fn lens(&self) -> Result<Arc<Lens>, RequestError> {
        let none = || RequestError::Invalid("no session is open".to_owned());
        self.lens.get().cloned().ok_or_else(none)
    }

    async fn catch_up(
        &self,
        request: CatchUp,
        responder: &Responder<FrontendDialogue>,
    ) -> Answered {
        let lens = self.lens()?;
        let report = self.look(request.look, responder).await?;
        let report = spawn_blocking(move || lens.report(&report)).await.map_err(panicked)?;
        let report: IndexReport = wire::from_report(report);
        Ok(Response::CatchUp(report))
    }

    async fn look(
        &self,
        look: Look,
        responder: &Responder<FrontendDialogue>,
    ) -> Result<Arc<crate::report::IndexReport>, RequestError> {
        let (workspace, cancel) = (Arc::clone(&self.state.workspace), CancellationToken::new());
        // It goes on when this frontend has gone: others wait for it, or will.
        let mut looking = tokio::spawn(async move { workspace.catch_up(look, &cancel).await });
        let mut tick = tokio::time::interval(PROGRESS_INTERVAL);
        loop {
            tokio::select! {
                biased;
                () = responder.cancelled().cancelled() => return Err(RequestError::Cancelled),
                report = &mut looking => {
                    let report = report.map_err(panicked)?;
                    return report.map_err(|error| RequestError::Failed(error.to_string()));
                }
                _ = tick.tick() => {
                    responder.progress(wire::from_progress(self.state.workspace.progress()));
                }
            }
        }
    }

    async fn count(&self) -> Answered {
        let (lens, workspace) = (self.lens()?, Arc::clone(&self.state.workspace));
        let count = move || workspace.contents_of(&lens.view(), lens.roots());
        let contents = spawn_blocking(count).await.map_err(panicked)?;
        Ok(Response::Count(wire::from_contents(contents)))
    }

    async fn search(&self, request: Search, cancel: &CancellationToken) -> Answered {
        let lens = self.lens()?;
        let report = self.state.workspace.latest_report().unwrap_or_default();
        let question =
            wire::to_question(request).map_err(|it| RequestError::Invalid(it.to_string()))?;
        let request = question.request(cancel.clone());
        // A query takes a processor for some milliseconds, and pings are answered meanwhile.
        let runtime = Handle::current();
        let search = move || {
            let answer = runtime.block_on(lens.session().search(&request));
            answer.map(|answer| wire::from_answer(answer, lens.coverage(&report)))
        };
        let answer = spawn_blocking(search).await.map_err(panicked)?;
        answer.map(Response::Search).map_err(|_| RequestError::Cancelled)
    }

    async fn explain_path(&self, path: Vec<u8>) -> Answered {
        let (lens, workspace) = (self.lens()?, Arc::clone(&self.state.workspace));
        let report = self.state.workspace.latest_report().unwrap_or_default();
        let explain = move || {
            let (roots, view, report) = (lens.roots(), lens.view(), &lens.report(&report));
            let explainer = Explainer { workspace: &workspace, roots, view, report };
            wire::from_explanation(explainer.explain(&path::from_bytes(&path)))
        };
        spawn_blocking(explain).await.map(Response::ExplainPath).map_err(panicked)
    }

    async fn export(&self, request: Export) -> Answered {
        let lens = self.lens()?;
        let mut export = self.export.lock().await;
        if request.begin {
            let workspace = Arc::clone(&self.state.workspace);
            let view = spawn_blocking(move || lens.view()).await.map_err(panicked)?;
            *export = Some(Exporting::begin(workspace, view));
        }
        let Some(exporting) = &mut *export else {
            return Err(RequestError::Invalid("no export was begun".to_owned()));
        };
        let part = exporting.next().await;
        part.map(Response::Export)
            .ok_or_else(|| RequestError::Invalid("the last part was fetched before".to_owned()))
    }

    async fn inspect(&self, Inspect { path, inspection }: Inspect) -> Answered {
        let inspected = self.lens()?.session().inspect(&path::from_bytes(&path), inspection).await;
        inspected.map(Response::Inspect).map_err(|error| RequestError::Failed(error.to_string()))
    }

    async fn define(&self, request: Define, cancel: &CancellationToken) -> Answered {
        let Define { path, at, verify_timeout_ms } = request;
        let (lens, path) = (self.lens()?, path::from_bytes(&path));
        let (timeout, cancel) = (Duration::from_millis(verify_timeout_ms), cancel.clone());
        // Queries take a processor for some milliseconds, and pings are answered meanwhile.
        let runtime = Handle::current();
        let define = move || runtime.block_on(lens.session().define(&path, at, timeout, cancel));
        let defined = spawn_blocking(define).await.map_err(panicked)?;
        defined.map(wire::from_definition).map(Response::Define).map_err(|error| match error {
            DefineError::Cancelled => RequestError::Cancelled,
            error => RequestError::Failed(error.to_string()),
        })
    }

    async fn subtypes(&self, request: Subtypes, cancel: &CancellationToken) -> Answered {
        let lens = self.lens()?;
        let report = self.state.workspace.latest_report().unwrap_or_default();
        let ((wanted, timeout), cancel) = (wire::to_subtypes(request), cancel.clone());
        let runtime = Handle::current();
        let find = move || {
            let found = lens.session().subtypes(&wanted, timeout, &cancel);
            runtime.block_on(found).map(|it| wire::from_answer(it, lens.coverage(&report)))
        };
        let answer = spawn_blocking(find).await.map_err(panicked)?;
        answer.map(Response::Subtypes).map_err(|_| RequestError::Cancelled)
    }

    async fn status(&self) -> RouterStatus {
        let State { workspace, record, .. } = &*self.state;
        RouterStatus {
            pid: record.pid,
            since_ms: record.since_ms,
            product_version: record.product_version.clone(),
            frontends: self.state.frontends() as u64,
            revision: workspace.view().revision().0,
            watching: match workspace.watch_mode() {
                None => Watching::Nothing,
                Some(WatchMode::Events) => Watching::Events,
                Some(WatchMode::Polling { reason }) => Watching::Polling(reason),
            },
            unfolded_files: workspace.unfolded_files() as u64,
            workers: workspace.worker_stats().await,
        }
    }
}

fn refused(error: DocumentError) -> RequestError {
    RequestError::Invalid(error.to_string())
}

fn panicked(error: JoinError) -> RequestError {
    RequestError::Failed(format!("the request failed, which is a bug: {error}"))
}
