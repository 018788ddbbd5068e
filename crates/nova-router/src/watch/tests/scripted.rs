//! Orders of events, gaps and refusals that no disk brings about when asked.

use std::collections::HashMap;
use std::sync::MutexGuard;

use super::super::source::{Change, ChangeKind, Signal};
use super::super::*;
use super::set;

/// A source that does what a test says.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<Scripted>>);

#[derive(Default)]
struct Scripted {
    sinks: Vec<Sink>,
    /// `+folder` and `-folder`, in the order of the calls.
    calls: Vec<String>,
    refusals: HashMap<String, Refusal>,
    folders_max: Option<usize>,
    watched: BTreeSet<String>,
}

impl Script {
    fn get(&self) -> MutexGuard<'_, Scripted> {
        self.0.lock().unwrap()
    }

    fn opener(&self) -> Opener {
        let script = self.clone();
        Box::new(move |sink| {
            script.get().sinks.push(sink);
            script.get().watched.clear();
            Ok(Box::new(script.clone()))
        })
    }

    fn watch(&self, cookies: &tempfile::TempDir) -> Watch {
        Watch::with_source(cookies.path(), self.opener(), || Mounts::parse(b""))
    }

    fn tell(&self, signal: Signal) {
        let sink = self.get().sinks.last().cloned();
        sink.unwrap()(signal);
    }

    fn change(&self, path: &str, kind: ChangeKind) {
        self.tell(Signal::Change(Change { path: path.as_bytes().to_vec(), kind }));
    }

    fn gap(&self) {
        self.tell(Signal::Gap("as the test wants it".to_owned()));
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.get().calls)
    }
}

impl Source for Script {
    fn watch(&mut self, folder: &Path) -> Result<(), Refusal> {
        let folder = folder.to_str().unwrap().to_owned();
        let mut script = self.get();
        if !folder.starts_with("/w") {
            return Ok(());
        }
        if let Some(refusal) = script.refusals.get(&folder) {
            return Err(refusal.clone());
        }
        if script.folders_max.is_some_and(|max| script.watched.len() >= max) {
            return Err(Refusal::LimitReached);
        }
        script.calls.push(format!("+{folder}"));
        script.watched.insert(folder);
        Ok(())
    }

    fn unwatch(&mut self, folder: &Path) {
        let folder = folder.to_str().unwrap().to_owned();
        self.get().calls.push(format!("-{folder}"));
        self.get().watched.remove(&folder);
    }
}

async fn started(script: &Script, folders: &[&str]) -> (tempfile::TempDir, Watch) {
    let cookies = tempfile::tempdir().unwrap();
    let watch = script.watch(&cookies);
    assert_eq!(watch.take(), Changes::anything());
    watch.set_folders(set(folders.iter().copied()), set([])).await;
    script.calls();
    (cookies, watch)
}

fn only(path: &str) -> Changes {
    Changes { paths: set([path]), is_complete: true }
}

#[tokio::test(start_paused = true)]
async fn a_single_change_is_told_after_a_short_quiet() {
    let script = Script::default();
    let (_cookies, watch) = started(&script, &["/w"]).await;
    let start = Instant::now();
    script.change("/w/A.java", ChangeKind::Content);
    assert_eq!(watch.changes().await, only("/w/A.java"));
    assert!(start.elapsed() <= Duration::from_millis(25), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn changes_that_keep_coming_are_told_in_batches_of_bounded_time() {
    let script = Script::default();
    let (_cookies, watch) = started(&script, &["/w"]).await;
    let writing = async {
        for number in 0..100 {
            script.change(&format!("/w/A{number}.java"), ChangeKind::Content);
            sleep(Duration::from_millis(10)).await;
        }
    };
    let reading = async {
        let (mut told, mut batches) = (BTreeSet::new(), 0);
        while told.len() < 100 {
            let start = Instant::now();
            told.append(&mut watch.changes().await.paths);
            assert!(start.elapsed() <= Duration::from_millis(230), "{:?}", start.elapsed());
            batches += 1;
        }
        batches
    };
    let ((), batches) = tokio::join!(writing, reading);
    assert!((4..=7).contains(&batches), "{batches}");
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_told_once_and_ends_waiting_fences() {
    let script = Script::default();
    let (_cookies, watch) = started(&script, &["/w"]).await;
    script.change("/w/A.java", ChangeKind::Content);
    let start = Instant::now();
    let (is_fenced, ()) = tokio::join!(watch.fence(), async {
        let cookies = &watch.ledger.cookies;
        while std::fs::read_dir(cookies.folder()).unwrap().count() == 0 {
            tokio::task::yield_now().await;
        }
        script.gap();
    });
    assert!(!is_fenced && start.elapsed() < FENCE_TIMEOUT);
    script.change("/w/A.java", ChangeKind::Content);
    assert_eq!(watch.changes().await, Changes::anything());
    script.change("/w/B.java", ChangeKind::Content);
    assert_eq!(watch.changes().await, only("/w/B.java"));
}

#[tokio::test(start_paused = true)]
async fn a_fence_holds_when_its_cookie_was_seen_and_no_longer_than_its_time() {
    let script = Script::default();
    let (cookies, watch) = started(&script, &["/w"]).await;
    let (is_fenced, ()) = tokio::join!(watch.fence(), async {
        let cookie = loop {
            if let Some(cookie) = std::fs::read_dir(cookies.path()).unwrap().next() {
                break cookie.unwrap().path();
            }
            tokio::task::yield_now().await;
        };
        script.change("/w/A.java", ChangeKind::Content);
        script.change(cookie.to_str().unwrap(), ChangeKind::FileAppeared);
    });
    assert!(is_fenced);
    assert_eq!(watch.take(), only("/w/A.java"));
    assert!(watch.take().is_empty());
    let start = Instant::now();
    assert!(!watch.fence().await);
    assert_eq!(start.elapsed().as_secs(), FENCE_TIMEOUT.as_secs());
    assert_eq!(std::fs::read_dir(cookies.path()).unwrap().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_told_that_anything_may_have_changed() {
    let script = Script::default();
    let (_cookies, watch) = started(&script, &["/w"]).await;
    for number in 0..100_000 {
        script.change(&format!("/w/A{number}.java"), ChangeKind::Content);
    }
    assert_eq!(watch.changes().await, Changes::anything());
    assert!(watch.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_enough_watches_it_polls_until_fewer_are_wanted() {
    let script = Script::default();
    script.get().folders_max = Some(2);
    let (_cookies, watch) = started(&script, &["/w", "/w/a", "/w/b"]).await;
    let WatchMode::Polling { reason } = watch.mode() else { panic!("it claims to hear events") };
    assert!(reason.contains("max_user_watches"), "{reason}");
    assert!(!watch.fence().await);
    assert_eq!(watch.take(), Changes::anything());
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(watch.changes().await, Changes::anything());
        assert!(start.elapsed() >= POLL_INTERVAL);
    }
    // What is as much as before is not tried again.
    assert!(watch.set_folders(set(["/w", "/w/a", "/w/c"]), set([])).await.is_empty());
    assert!(script.calls().is_empty());
    assert_eq!(watch.set_folders(set(["/w", "/w/a"]), set([])).await, [&b"/w"[..], b"/w/a"]);
    assert_eq!(watch.mode(), WatchMode::Events);
    script.change("/w/a/A.java", ChangeKind::Content);
    assert_eq!(watch.changes().await, only("/w/a/A.java"));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_was_given_up_is_not_believed() {
    let script = Script::default();
    script.get().folders_max = Some(1);
    let (_cookies, watch) = started(&script, &["/w", "/w/a"]).await;
    watch.set_folders(set(["/w"]), set([])).await;
    watch.take();
    let first = script.get().sinks[0].clone();
    first(Signal::Gap("too late".to_owned()));
    first(Signal::Change(Change { path: b"/w/A.java".to_vec(), kind: ChangeKind::Content }));
    assert!(watch.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_source_that_ends_is_replaced_when_folders_are_set_again() {
    let script = Script::default();
    let (_cookies, watch) = started(&script, &["/w"]).await;
    script.tell(Signal::End("as the test wants it".to_owned()));
    assert_eq!(watch.changes().await, Changes::anything());
    assert_ne!(watch.mode(), WatchMode::Events);
    assert_eq!(watch.set_folders(set(["/w"]), set([])).await, [b"/w"]);
    assert_eq!(script.get().sinks.len(), 2);
    script.change("/w/A.java", ChangeKind::Content);
    assert_eq!(watch.changes().await, only("/w/A.java"));
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_cannot_be_watched_is_told_once() {
    let script = Script::default();
    script.get().refusals.insert("/w/closed".to_owned(), Refusal::Denied("no".to_owned()));
    script.get().refusals.insert("/w/gone".to_owned(), Refusal::Missing);
    let (_cookies, watch) = started(&script, &["/w", "/w/closed"]).await;
    assert_eq!(watch.mode(), WatchMode::Events);
    assert_eq!(watch.take(), Changes::anything());
    for expected in [only("/w/gone"), Changes { paths: set([]), is_complete: true }] {
        let newly = watch.set_folders(set(["/w", "/w/closed", "/w/gone"]), set([])).await;
        assert!(newly.is_empty());
        assert_eq!(watch.take(), expected);
    }
    script.get().refusals.clear();
    let newly = watch.set_folders(set(["/w", "/w/closed"]), set([])).await;
    assert_eq!(newly, [b"/w/closed"]);
}

#[tokio::test(start_paused = true)]
async fn watches_that_go_are_given_back_before_others_are_taken() {
    let script = Script::default();
    let (_cookies, watch) = started(&script, &["/w", "/w/b", "/w/c"]).await;
    // Seen by a walk before its events: one folder, one watch, under two names.
    let newly = watch.set_folders(set(["/w", "/w/a", "/w/c"]), set([])).await;
    assert_eq!(newly, [b"/w/a"]);
    assert_eq!(script.calls(), ["-/w/b", "+/w/a"]);
    script.change("/w/b", ChangeKind::Vanished);
    script.change("/w/a", ChangeKind::Appeared);
    assert_eq!(watch.take(), only("/w/a"));
    let newly = watch.set_folders(set(["/w", "/w/a", "/w/c"]), set([])).await;
    assert_eq!(newly, [b"/w/a"]);
    assert_eq!(script.calls(), ["-/w/a", "+/w/a"]);
}

#[tokio::test(start_paused = true)]
async fn a_network_file_system_is_polled() {
    let script = Script::default();
    let cookies = tempfile::tempdir().unwrap();
    let mounts = || Mounts::parse(b"1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / /w/far rw - nfs4 y rw\n");
    let watch = Watch::with_source(cookies.path(), script.opener(), mounts);
    assert!(watch.set_folders(set(["/w", "/w/far"]), set([])).await.is_empty());
    let WatchMode::Polling { reason } = watch.mode() else { panic!("it claims to hear events") };
    assert!(reason.contains("/w/far") && reason.contains("nfs4"), "{reason}");
    assert_eq!(watch.changes().await, Changes::anything());
    assert_eq!(watch.set_folders(set(["/w"]), set([])).await, [b"/w"]);
    assert_eq!(watch.mode(), WatchMode::Events);
}

#[tokio::test(start_paused = true)]
async fn a_system_without_events_is_polled() {
    let cookies = tempfile::tempdir().unwrap();
    let open: Opener = Box::new(|_| Err("too many instances".to_owned()));
    let watch = Watch::with_source(cookies.path(), open, || Mounts::parse(b""));
    assert_eq!(watch.mode(), WatchMode::Polling { reason: "too many instances".to_owned() });
    assert!(watch.set_folders(set(["/w"]), set([])).await.is_empty());
    assert_eq!(watch.changes().await, Changes::anything());
}

#[tokio::test(start_paused = true)]
async fn a_topmost_folder_that_becomes_another_is_noticed_without_events() {
    let script = Script::default();
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let (_cookies, watch) = started(&script, &[root.to_str().unwrap()]).await;
    let replaced = place.path().join("replaced");
    std::fs::create_dir(&replaced).unwrap();
    let replacing = || {
        std::fs::remove_dir(&root).unwrap();
        std::fs::rename(&replaced, &root).unwrap();
    };
    replacing();
    assert_eq!(watch.changes().await, Changes::anything());
    let folders = || set([root.to_str().unwrap()]);
    assert_eq!(watch.set_folders(folders(), set([])).await.len(), 1);
    std::fs::remove_dir(&root).unwrap();
    assert_eq!(watch.changes().await, Changes::anything());
    watch.set_folders(folders(), set([])).await;
    let is_quiet = timeout(POLL_INTERVAL * 5, watch.changes()).await.is_err();
    std::fs::create_dir(&root).unwrap();
    assert_eq!(watch.changes().await, Changes::anything());
    // The source of this test watches whatever it is told to, so the folder that is gone counts as watched.
    assert!(is_quiet);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_loses_nothing() {
    let script = Script::default();
    let (_cookies, watch) = started(&script, &["/w"]).await;
    script.change("/w/A.java", ChangeKind::Content);
    assert!(timeout(Duration::from_millis(5), watch.changes()).await.is_err());
    assert_eq!(watch.changes().await, only("/w/A.java"));
}
