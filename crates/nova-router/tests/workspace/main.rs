//! A workspace with workers in this very process: the same router and the same worker, over a pipe in
//! memory.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]
#![expect(clippy::print_stderr, reason = "a failed simulation says how to repeat it")]

mod archives;
mod definitions;
mod sessions;
mod simulation;
mod watching;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nova_index::ShardId;
use nova_router::explain_path::Verdict;
use nova_router::report::{FailedShard, IndexReport, Skipped};
use nova_router::workspace::FILE_BYTES_MAX_DEFAULT;
use nova_router::{
    Answer, InProcess, Inclusion, Launch, Look, Query, ReconcileError, Root,
    SHARD_BYTES_MAX_DEFAULT, SearchRequest, Supervision, Total, WorkerOptions, Workspace,
    WorkspaceOptions,
};
use tokio_util::sync::CancellationToken;

const VERIFY_TIMEOUT: Duration = Duration::from_secs(10);

/// A tree and its cache.
struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new(files: &[(&str, &str)]) -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(fixture.tree()).unwrap();
        for (path, text) in files {
            fixture.write(path, text);
        }
        fixture
    }

    fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// As the index names it.
    fn real_tree(&self) -> PathBuf {
        fs::canonicalize(self.tree()).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.tree().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
        fs::write(path, text).unwrap();
    }

    fn workspace(&self) -> Arc<Workspace> {
        self.workspace_with(InProcess::default())
    }

    fn workspace_with(&self, workers: InProcess) -> Arc<Workspace> {
        Arc::new(Workspace::open(self.options(workers)).unwrap())
    }

    fn options(&self, workers: InProcess) -> WorkspaceOptions {
        let workers = WorkerOptions {
            count: 2,
            one_per_shard: false,
            launch: Launch::InProcess(workers),
            guests: None,
            supervision: Supervision::default(),
        };
        WorkspaceOptions {
            roots: vec![Root::find(&self.tree()).unwrap()],
            cache_dir: Some(self.folder.path().join("cache")),
            base: None,
            workers,
            heed_ignore_files: true,
            included: Inclusion::default(),
            rebuild: false,
            shard_bytes_max: SHARD_BYTES_MAX_DEFAULT,
            file_bytes_max: FILE_BYTES_MAX_DEFAULT,
        }
    }

    async fn indexed(&self) -> Arc<Workspace> {
        let workspace = self.workspace();
        workspace.reconcile(&CancellationToken::new()).await.unwrap();
        workspace
    }
}

async fn search(workspace: &Workspace, query: &str) -> Answer {
    search_best(workspace, query, 50).await
}

async fn search_best(workspace: &Workspace, query: &str, limit: usize) -> Answer {
    workspace.search(&request(query, limit)).await.expect("nobody cancels it")
}

fn request(query: &str, limit: usize) -> SearchRequest {
    SearchRequest {
        query: Query::new(query, &[]),
        limit,
        near: None,
        verify_timeout: VERIFY_TIMEOUT,
        cancel: CancellationToken::new(),
    }
}

/// `name line` of each hit.
fn places(answer: &Answer) -> Vec<String> {
    answer.hits.iter().map(|(symbol, _)| format!("{} {}", symbol.name, symbol.line)).collect()
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_indexed_is_scanned_before_its_hits_are_shown() {
    let fixture = Fixture::new(&[("a/A.java", "package a;\nclass Target {}\n")]);
    let workspace = fixture.indexed().await;
    let before = search(&workspace, "Target").await;
    assert_eq!(places(&before), ["Target 1"]);

    fixture.write("a/A.java", "package a;\n\n\nclass Target { int more; }\n");
    let after = search(&workspace, "Target").await;
    assert_eq!(places(&after), ["Target 3"]);
    assert_eq!(after.pending, 0);
    assert!(after.revision > before.revision);
}

#[tokio::test]
async fn a_file_that_is_gone_has_no_hits() {
    let fixture =
        Fixture::new(&[("a/A.java", "package a; class Target {}"), ("a/B.java", "package a;")]);
    let workspace = fixture.indexed().await;
    fs::remove_file(fixture.tree().join("a/A.java")).unwrap();
    let answer = search(&workspace, "Target").await;
    assert_eq!(places(&answer), Vec::<String>::new());
    assert_eq!(answer.pending, 0);
}

#[tokio::test]
async fn an_answer_says_how_much_it_covers() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class Target { int target2; }")]);
    let workspace = fixture.workspace();
    let answer = search(&workspace, "target").await;
    assert_eq!((answer.revision, answer.coverage.ready, answer.coverage.total), (0, 0, 0));
    workspace.reconcile(&CancellationToken::new()).await.unwrap();
    let answer = search_best(&workspace, "target", 1).await;
    assert_eq!((answer.hits.len(), answer.total, answer.cut), (1, Total::Exactly(2), true));
    assert_eq!((answer.coverage.ready, answer.coverage.total), (1, 1));
}

#[tokio::test]
async fn who_asks_while_another_looks_shares_one_look_that_began_afterwards() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class A {}")]);
    let workspace = fixture.indexed().await;
    let catch_up = || {
        let workspace = Arc::clone(&workspace);
        tokio::spawn(async move {
            workspace.catch_up(Look::AtChanges, &CancellationToken::new()).await.unwrap()
        })
    };
    let first = catch_up();
    tokio::task::yield_now().await;
    fixture.write("a/B.java", "package a; class B {}");
    let others: Vec<_> = (0..20).map(|_| catch_up()).collect();
    let first = first.await.unwrap();
    for other in others {
        let report = other.await.unwrap();
        assert_eq!(places(&search(&workspace, "class:B").await), ["B 0"]);
        assert!(first.revision < report.revision && report.revision <= first.revision + 4);
    }
}

#[tokio::test]
async fn what_is_cached_is_served_before_a_look_at_the_tree_and_never_wrongly() {
    let fixture = Fixture::new(&[
        ("a/A.java", "package a; class A {}"),
        ("a/B.java", "package a; class B {}"),
        ("a/C.java", "package a; class C {}"),
    ]);
    fixture.indexed().await.close();
    fixture.write("a/A.java", "package a;\n\nclass A {}");
    fs::remove_file(fixture.tree().join("a/B.java")).unwrap();
    let workspace = fixture.workspace();
    assert!(workspace.publish_cached().await.unwrap());
    assert_eq!(places(&search(&workspace, "class:").await), ["A 2", "C 0"]);
    assert_eq!(workspace.coverage().ready, 1);
    assert!(!Fixture::new(&[]).workspace().publish_cached().await.unwrap());
}

#[tokio::test]
async fn a_cancelled_run_leaves_nothing_and_the_next_one_is_whole() {
    let files: Vec<(String, String)> = (0..200)
        .map(|i| (format!("a/C{i}.java"), format!("package a; class C{i} {{ int f; }}")))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let fixture = Fixture::new(&files);
    let workspace = fixture.workspace();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let cancelled = workspace.reconcile(&cancel).await;
    assert!(matches!(cancelled, Err(ReconcileError::Cancelled)), "{cancelled:?}");
    drop(workspace);

    let workspace = fixture.indexed().await;
    assert_eq!(workspace.contents().files, 200);
    workspace.close();
    let left: Vec<_> = fs::read_dir(fixture.folder.path().join("cache"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("run-"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_that_the_run_did_not_bring_in_is_explained_by_its_report() {
    let fixture = Fixture::new(&[("src/a/A.java", "package a; class A {}")]);
    let workspace = fixture.indexed().await;
    fixture.write("src/a/B.java", "package a; class B {}");
    let tree = fs::canonicalize(fixture.tree()).unwrap();
    let explain = |report: &IndexReport| {
        workspace.explain_path(&fixture.tree().join("src/a/B.java"), report).verdict
    };
    let report = IndexReport::default();
    assert_eq!(explain(&report), Verdict::NotSeenYet);

    let failed = |shard| FailedShard { shard: ShardId(shard), reason: "no workers".to_owned() };
    let others = IndexReport { failed: vec![failed(7)], ..report.clone() };
    assert_eq!(explain(&others), Verdict::NotSeenYet);
    let own = IndexReport { failed: vec![failed(7), failed(0)], ..report.clone() };
    assert_eq!(explain(&own), Verdict::ShardFailed(failed(0)));

    let path = tree.join("src").into_os_string().into_encoded_bytes();
    let skipped = Skipped { path, reason: "cannot be read".to_owned() };
    let unread = IndexReport { skipped: vec![skipped.clone()], ..report };
    assert_eq!(explain(&unread), Verdict::Skipped(skipped));
}

#[tokio::test]
async fn a_file_that_went_after_the_run_is_missing_and_does_not_stand_for_itself() {
    let fixture = Fixture::new(&[
        ("one/a/A.java", "package a; class A {}"),
        ("two/a/A.java", "package a; class A {}"),
        ("three/b/A.java", "package b; class A {}"),
    ]);
    let workspace = fixture.indexed().await;
    let gone = fixture.tree().join("one/a/A.java");
    fs::remove_file(&gone).unwrap();
    let tree = fs::canonicalize(fixture.tree()).unwrap();
    let elsewhere = ["two/a/A.java", "three/b/A.java"];
    let elsewhere = elsewhere.map(|it| tree.join(it).into_os_string().into_encoded_bytes());
    let explained = workspace.explain_path(&gone, &IndexReport::default());
    assert_eq!(explained.verdict, Verdict::Missing { elsewhere: elsewhere.to_vec() });
}
