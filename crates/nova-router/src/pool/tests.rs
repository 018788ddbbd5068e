//! The pool with workers in this very process; those that die are processes, in `tests/`.

use super::*;
use crate::cache::Cache;
use bytes::Bytes;
use nova_index::Shard;
use nova_protocol::message::{Location, OpenFile, SourceRoot};
use nova_rpc::Caller;

/// A pool in a folder of its own.
struct Fixture {
    _folder: tempfile::TempDir,
    pool: Pool,
    quarantine: Arc<Quarantine>,
}

fn pool(launch: Launch, supervision: Supervision, rehydration: Rehydration) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path().join("cache"));
    let run = Arc::new(cache.start_run().unwrap());
    let quarantine = Arc::new(Quarantine::new(cache.clone()));
    let options =
        WorkerOptions { count: 1, one_per_shard: false, launch, guests: None, supervision };
    let cache_dir = cache.folder().to_path_buf();
    let folders = (cache_dir, Arc::default());
    let pool = Pool::open(options, run, folders, Arc::clone(&quarantine), rehydration).unwrap();
    Fixture { _folder: folder, pool, quarantine }
}

fn update(version: u64, text: &'static str) -> UpdateFile {
    UpdateFile {
        shard: 0,
        identity: [0; 16],
        root: SourceRoot {
            identity: Bytes::new(),
            location: Location::Folder(Bytes::from_static(b"/src")),
        },
        path: Bytes::from_static(b"A.java"),
        session: 1,
        version,
        text: Some(Bytes::from_static(text.as_bytes())),
        stamp: None,
        file_bytes_max: 1 << 20,
    }
}

#[tokio::test]
async fn a_worker_is_given_what_it_must_know_before_any_work() {
    let rehydration = Rehydration::new(|caller: Caller| async move {
        let file = OpenFile {
            session: 1,
            path: Bytes::from_static(b"/src/A.java"),
            version: 5,
            text: Bytes::from_static(b"class Newer {}"),
        };
        let load = nova_protocol::message::LoadFiles { files: vec![file] };
        caller.call(&Request::LoadFiles(load), None).await.unwrap();
    });
    let fixture =
        pool(Launch::InProcess(InProcess::default()), Supervision::default(), rehydration);
    let updated = fixture.pool.update_file(update(3, "class Older {}")).await.unwrap();
    assert_eq!(updated.version, 5);
}

#[tokio::test]
async fn edits_at_the_same_moment_start_one_worker_and_keep_it() {
    let fixture = pool(
        Launch::InProcess(InProcess::default()),
        Supervision::default(),
        Rehydration::default(),
    );
    let edit = |version| fixture.pool.update_file(update(version, "class A {}"));
    let edits = tokio::join!(edit(1), edit(2), edit(3), edit(4));
    assert!([edits.0, edits.1, edits.2, edits.3].iter().all(Result::is_ok));
    edit(5).await.unwrap();
    assert_eq!(fixture.pool.connected(), 1);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told_with_what_to_look_at() {
    let launch = Launch::Process { executable: "/nowhere/nova".into(), arguments: Vec::new() };
    let fixture = pool(launch, Supervision::default(), Rehydration::default());
    let error = fixture.pool.update_file(update(1, "")).await.unwrap_err().to_string();
    assert!(error.contains("/nowhere/nova") && error.contains("see whether"), "{error}");
}

#[tokio::test]
async fn a_program_that_ends_at_once_is_told_with_its_last_words_and_not_tried_at_every_edit() {
    let folder = tempfile::tempdir().unwrap();
    let starts = folder.path().join("starts");
    let script = format!("echo start >>{}; echo 'no such luck' >&2; exit 3", starts.display());
    let arguments = vec!["-c".into(), script.into()];
    let launch = Launch::Process { executable: "/bin/sh".into(), arguments };
    let fixture = pool(launch, Supervision::default(), Rehydration::default());
    let edit = || async { fixture.pool.update_file(update(1, "")).await.unwrap_err().to_string() };
    let count = || std::fs::read_to_string(&starts).unwrap().lines().count();
    let error = edit().await;
    assert!(error.contains("no such luck") && error.contains("exit status: 3"), "{error}");
    let starts_before = count();
    assert_eq!(edit().await, error);
    assert_eq!(count(), starts_before);
}

#[tokio::test(start_paused = true)]
async fn a_worker_of_this_process_that_breaks_off_before_it_has_joined_is_not_waited_for() {
    let launch = Launch::InProcess(InProcess::new(async |_, pipe| drop(pipe)));
    let fixture = pool(launch, Supervision::default(), Rehydration::default());
    let error = fixture.pool.update_file(update(1, "")).await.unwrap_err().to_string();
    assert!(error.contains("did not join"), "{error}");
}

#[tokio::test]
async fn quarantined_text_is_answered_as_skipped_without_a_worker() {
    let fixture = pool(
        Launch::InProcess(InProcess::default()),
        Supervision::default(),
        Rehydration::default(),
    );
    let hash = nova_index::ContentHash::of(b"class Bad {}");
    let reason = "killed its worker (SIGSEGV)".to_owned();
    fixture.quarantine.add(crate::quarantine::Entry::new((b"", b"A.java"), reason, hash, None));
    let updated = fixture.pool.update_file(update(7, "class Bad {}")).await.unwrap();
    let delta = Shard::from_bytes(updated.index, &ShardIdentity([0; 16])).unwrap();
    let file = delta.files().next().unwrap();
    assert!(file.flags().skipped);
    assert_eq!(file.note(), "quarantined: killed its worker (SIGSEGV)");
    assert_eq!((updated.version, fixture.pool.connected()), (7, 0));
    fixture.pool.update_file(update(8, "class Good {}")).await.unwrap();
    assert_eq!(fixture.pool.connected(), 1);
}
