//! Says how far an index run is, as work-done progress.

use std::time::{Duration, Instant};

use gen_lsp_types::{ProgressToken, WorkDoneProgressCreateParams};
use nova_router::report::Progress;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::outbox::Outbox;

/// How tokens of libraries' progress begin.
const LIBRARIES: &str = "nova-libraries-";

/// Whether a token is that of libraries.
pub(super) fn is_of_libraries(token: &str) -> bool {
    token.starts_with(LIBRARIES)
}

/// Who has waited for so long sees that something is being done.
const SHOW_AFTER: Duration = Duration::from_millis(500);

/// What the editor shows while an index is brought up to date; it is over when this is dropped.
pub(super) struct Indexing {
    outbox: Outbox,
    token: String,
    title: &'static str,
    shown: Shown,
    /// Triggered when somebody has had enough of it.
    pub(super) cancel: CancellationToken,
    /// The percentage, and how many shards can be searched.
    told: Option<(u32, u64)>,
}

/// Whether it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// The editor shows no such things.
    Never,
    /// Not before then, as it may take no time.
    From(Instant),
    Now,
}

impl Indexing {
    /// Begins with the index of a workspace.
    pub(super) fn begin(outbox: &Outbox, is_shown: bool, run: u32) -> Self {
        let mut this = Self::new(outbox, format!("nova-index-{run}"), "Nova");
        if is_shown {
            this.show();
        }
        this
    }

    /// Begins with the index of libraries: shown when that has taken a while.
    pub(super) fn of_libraries(outbox: &Outbox, is_shown: bool, run: u32) -> Self {
        let title = "Nova: sources of libraries";
        let mut this = Self::new(outbox, format!("{LIBRARIES}{run}"), title);
        if is_shown {
            this.shown = Shown::From(Instant::now() + SHOW_AFTER);
        }
        this
    }

    fn new(outbox: &Outbox, token: String, title: &'static str) -> Self {
        Self {
            outbox: outbox.clone(),
            token,
            title,
            shown: Shown::Never,
            cancel: CancellationToken::new(),
            told: None,
        }
    }

    fn show(&mut self) {
        self.shown = Shown::Now;
        let token = ProgressToken::from(self.token.clone());
        self.outbox.ask("window/workDoneProgress/create", WorkDoneProgressCreateParams { token });
        self.tell(json!({
            "kind": "begin", "title": self.title, "cancellable": true, "percentage": 0,
            "message": "looking for Java files",
        }));
    }

    /// The token that the editor cancels it by.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// So far it is.
    pub(super) fn report(&mut self, progress: Progress) {
        match self.shown {
            Shown::Never => return,
            Shown::From(at) if Instant::now() < at => return,
            Shown::From(_) => self.show(),
            Shown::Now => {}
        }
        let Progress { bytes_total, bytes_done, .. } = progress;
        let Some(percent) = (bytes_done.min(bytes_total) * 100).checked_div(bytes_total) else {
            return;
        };
        let percent = percent as u32;
        let now = (percent, progress.shards_shown);
        if self.told.is_none_or(|told| told < now) {
            self.told = Some(now);
            let message = message(&progress);
            self.tell(json!({
                "kind": "report", "cancellable": true, "percentage": percent, "message": message,
            }));
        }
    }

    fn tell(&self, value: serde_json::Value) {
        self.outbox.notify("$/progress", json!({ "token": self.token, "value": value }));
    }
}

/// What is being done, and what of the index answers already.
fn message(progress: &Progress) -> String {
    let Progress { files_total, files_done, shards_total, shards_shown, .. } = progress;
    // What a worker had read when it was killed is read once more.
    let files_done = files_done.min(files_total);
    let mut message = format!("indexing {files_done} of {files_total} files");
    if shards_shown < shards_total {
        message.push_str(&format!("; {shards_shown} of {shards_total} shards can be searched"));
    }
    message
}

impl Drop for Indexing {
    fn drop(&mut self) {
        if self.shown == Shown::Now {
            self.tell(json!({ "kind": "end" }));
        }
    }
}
