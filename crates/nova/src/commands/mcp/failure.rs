//! Why a tool has no answer, as a sentence for whoever called it: what is wrong, and what to do.

use nova_router::open_workspace::OpenWorkspaceError;
use nova_router::report::Progress;

use super::file::FileError;

/// Why a tool has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("wrong arguments: {0}")]
    Arguments(String),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0}: call the tool again; `nova index` in the workspace tells more")]
    Workspace(#[from] OpenWorkspaceError),
    #[error(
        "the index is not up to date yet ({}): call wait_until_indexed, then ask again",
        how_far(.0)
    )]
    NotIndexedYet(Progress),
    #[error("{path} cannot be read ({reason}): see that it is there and readable, and ask again")]
    Unreadable { path: String, reason: String },
    #[error("it took too long: ask for less, or again")]
    TooLong,
    #[error("cancelled")]
    Cancelled,
    #[error("it failed, which is a bug: call the tool again")]
    Bug,
}

fn how_far(progress: &Progress) -> String {
    match progress {
        Progress { files_total: 0, .. } => "looking for Java files".to_owned(),
        Progress { files_done, files_total, .. } => {
            format!("{files_done} of {files_total} files are scanned")
        }
    }
}
