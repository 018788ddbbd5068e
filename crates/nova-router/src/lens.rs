//! What one frontend sees of a workspace that others see more of: its own ROOTs.
//!
//! The same as a workspace of these ROOTs alone would have: view, report and coverage.

use std::collections::HashSet;
use std::sync::Arc;

use nova_index::{ShardId, SymbolView};
use nova_protocol::path;

use crate::report::IndexReport;
use crate::root::Root;
use crate::scope::{Extent, Scope};
use crate::session::Session;
use crate::source_root;
use crate::workspace::{Coverage, Workspace};

/// The part of a workspace that lies under some ROOTs.
#[derive(Debug)]
pub(crate) struct Lens {
    session: Session,
    roots: Vec<Root>,
    /// None if these are all of the workspace's ROOTs.
    scope: Option<Scope>,
}

impl Lens {
    /// Looks at the part under `roots`, each of which must be one of the workspace's or lie below one.
    pub(crate) fn new(workspace: Arc<Workspace>, roots: Vec<Root>) -> Self {
        let is_whole = workspace.roots().iter().all(|served| {
            roots
                .iter()
                .any(|root| (&root.real, root.is_archive) == (&served.real, served.is_archive))
        });
        let session = Session::new(workspace, if is_whole { &[] } else { &roots });
        let scope = (!is_whole).then(|| Scope::new(&roots));
        Self { session, roots, scope }
    }

    pub(crate) fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// The session that sees this part.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// What queries run on now.
    pub(crate) fn view(&self) -> Arc<SymbolView> {
        self.session.view()
    }

    /// What a report on the whole workspace says of this part.
    pub(crate) fn report(&self, whole: &IndexReport) -> IndexReport {
        let Some(scope) = &self.scope else { return whole.clone() };
        let view = self.view();
        let mut report = whole.clone();
        report.skipped.retain(|skipped| {
            let is_root = self.roots.iter().any(|root| *path::to_bytes(&root.real) == skipped.path);
            is_root || scope.contains(&skipped.path)
        });
        if !report.failed.is_empty() {
            let known = self.shards_in(scope);
            report.failed.retain(|failed| known.contains(&failed.shard));
        }
        let failed = report.failed.iter().map(|failed| failed.shard);
        report.shards = shards_of(&view).chain(failed).collect::<HashSet<_>>().len();
        report.files = view.file_count();
        report
    }

    /// How much of this part the view shows, going by the report on the whole workspace.
    pub(crate) fn coverage(&self, whole: &IndexReport) -> Coverage {
        if self.scope.is_none() {
            return self.session.workspace().coverage();
        }
        let report = self.report(whole);
        Coverage { ready: report.shards - report.failed.len(), total: report.shards }
    }

    /// The shards of source roots that lie under the ROOTs, if only in part.
    fn shards_in(&self, scope: &Scope) -> HashSet<ShardId> {
        let Ok(Some(layout)) = self.session.workspace().cache.load_layout() else {
            return HashSet::new();
        };
        let base = self.session.workspace().base();
        let is_in = |root: &[u8]| scope.extent(&source_root::path(root, &base)) != Extent::Nothing;
        layout.roots().filter(|(root, _)| is_in(root)).flat_map(|(_, shards)| shards).collect()
    }
}

fn shards_of(view: &SymbolView) -> impl Iterator<Item = ShardId> {
    let shown = view.shards().iter().filter(|part| !part.is_hidden());
    shown.map(|part| part.shard().id())
}
