//! What all frontends share, and whether a frontend's ROOTs are among what is served.

use std::sync::Arc;

use nova_protocol::frontend::OpenSession;
use tokio::sync::Semaphore;

use super::FRONTENDS_MAX;
use crate::cache::serve::Record;
use crate::explain_path;
use crate::root::Root;
use crate::wire;
use crate::workspace::Workspace;

/// What all frontends share.
#[derive(Debug)]
pub(super) struct State {
    pub(super) workspace: Arc<Workspace>,
    pub(super) record: Record,
    /// A permit for each further frontend that may connect.
    pub(super) places: Arc<Semaphore>,
}

impl State {
    /// How many frontends are connected.
    pub(super) fn frontends(&self) -> usize {
        FRONTENDS_MAX - self.places.available_permits()
    }
}

/// Whether a workspace of these ROOTs alone, indexed as the request has it, would be a part of this one; if
/// not, why.
pub(super) fn check(
    workspace: &Workspace,
    request: &OpenSession,
    roots: &[Root],
) -> Result<(), String> {
    let options = &workspace.options;
    if request.heed_ignore_files != options.heed_ignore_files {
        return Err("it treats ignore files differently".to_owned());
    }
    if request.included != wire::from_inclusion(&options.included) {
        return Err("it includes other ignored folders".to_owned());
    }
    if request.file_bytes_max != options.file_bytes_max {
        return Err("it has another --max-file-size".to_owned());
    }
    if request.shard_bytes_max != options.shard_bytes_max {
        return Err("it has another --max-shard-size".to_owned());
    }
    match roots.iter().find(|root| !is_served(workspace, root)) {
        None => Ok(()),
        Some(root) => Err(format!("it does not serve {}", root.real.display())),
    }
}

fn is_served(workspace: &Workspace, root: &Root) -> bool {
    let options = &workspace.options;
    workspace.roots().iter().any(|served| {
        let is_same = (&served.real, served.is_archive) == (&root.real, root.is_archive);
        let is_below =
            !served.is_archive && !root.is_archive && root.real.starts_with(&served.real);
        // A ROOT is walked whatever rules say of it, so one that the walk passes over is none of its.
        let is_walked = || {
            !options.heed_ignore_files
                || !explain_path::is_left_out(&served.real, &root.real, &options.included)
        };
        is_same || is_below && is_walked()
    })
}
