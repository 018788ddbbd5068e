//! Says how far an index run is, as work-done progress.

use gen_lsp_types::{ProgressToken, WorkDoneProgressCreateParams};
use nova_router::report::Progress;
use serde_json::json;

use crate::outbox::Outbox;

/// What the editor shows while the index is brought up to date; it is over when this is dropped.
pub(super) struct Indexing {
    outbox: Outbox,
    token: String,
    /// The percentage, and how many shards can be searched.
    told: Option<(u32, u64)>,
}

impl Indexing {
    /// Begins, if the editor shows such things.
    pub(super) fn begin(outbox: &Outbox, is_shown: bool, number: u32) -> Option<Self> {
        if !is_shown {
            return None;
        }
        let token = format!("nova-index-{number}");
        let params = WorkDoneProgressCreateParams { token: ProgressToken::from(token.clone()) };
        outbox.ask("window/workDoneProgress/create", params);
        let this = Self { outbox: outbox.clone(), token, told: None };
        this.tell(json!({
            "kind": "begin", "title": "Nova", "cancellable": true, "percentage": 0,
            "message": "looking for Java files",
        }));
        Some(this)
    }

    /// The token that the editor cancels it by.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// So far it is.
    pub(super) fn report(&mut self, progress: Progress) {
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
    let mut message = format!("indexing {files_done} of {files_total} files");
    if shards_shown < shards_total {
        message.push_str(&format!("; {shards_shown} of {shards_total} shards can be searched"));
    }
    message
}

impl Drop for Indexing {
    fn drop(&mut self) {
        self.tell(json!({ "kind": "end" }));
    }
}
