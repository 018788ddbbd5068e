//! The progress bar of an index run: only at a terminal, and only if the run takes long.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use nova_router::report;
use tokio::task::JoinHandle;

use crate::output::messages::Messages;

/// What is over sooner needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);
const FRAME: Duration = Duration::from_millis(80);

/// A bar that shows up when it is time, and goes when this is dropped.
pub(crate) struct Progress(Option<JoinHandle<()>>);

/// Shows how far an index run is.
pub(crate) fn show(
    look: impl Fn() -> report::Progress + Send + 'static,
    messages: Messages,
) -> Progress {
    if messages.is_silent() || !io::stderr().is_terminal() {
        return Progress(None);
    }
    Progress(Some(tokio::spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        let bar = Bar(ProgressBar::new(0));
        bar.0.set_style(style());
        loop {
            let progress = look();
            bar.0.set_length(progress.bytes_total);
            bar.0.set_position(progress.bytes_done);
            bar.0.set_message(match progress.files_total {
                0 => "looking for source files".to_owned(),
                total => format!("{} of {total} files", progress.files_done),
            });
            tokio::time::sleep(FRAME).await;
        }
    })))
}

fn style() -> ProgressStyle {
    const TEMPLATE: &str = "{spinner} {bar:30} {bytes}/{total_bytes}  {msg}";
    ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Clears the line however the task ends.
struct Bar(ProgressBar);

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
