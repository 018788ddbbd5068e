//! A watched workspace: what changes on the disk is in the view without anybody asking.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use nova_router::{InProcess, Look, WatchMode, Workspace};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::Fixture;

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(30);

async fn watched(fixture: &Fixture) -> (Arc<Workspace>, DropGuard) {
    watch(fixture.workspace()).await
}

async fn watch(workspace: Arc<Workspace>) -> (Arc<Workspace>, DropGuard) {
    workspace.watch().await.unwrap();
    workspace.catch_up(Look::AtChanges, &CancellationToken::new()).await.unwrap();
    assert_eq!(workspace.watch_mode(), Some(WatchMode::Events));
    let tending = tend(&workspace);
    (workspace, tending)
}

fn tend(workspace: &Arc<Workspace>) -> DropGuard {
    let (workspace, cancel) = (Arc::clone(workspace), CancellationToken::new());
    let until = cancel.clone();
    tokio::spawn(async move { workspace.tend(&until).await });
    cancel.drop_guard()
}

/// Lets nothing through to workers while it is closed.
#[derive(Clone)]
struct Gate(Arc<tokio::sync::watch::Sender<bool>>);

impl Gate {
    fn open() -> Self {
        Self(Arc::new(tokio::sync::watch::Sender::new(true)))
    }

    fn set_open(&self, is_open: bool) {
        self.0.send_replace(is_open);
    }

    fn workers(&self) -> InProcess {
        let gate = self.clone();
        InProcess::new(move |worker, pipe| gate.clone().serve(worker, pipe))
    }

    async fn serve(self, worker: nova_worker::Worker, pipe: DuplexStream) {
        let (near, far) = tokio::io::duplex(64 << 10);
        let (mut from_worker, mut to_worker) = tokio::io::split(near);
        let (mut from_router, mut to_router) = tokio::io::split(pipe);
        let mut is_open = self.0.subscribe();
        let there = async {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from_router.read(&mut buffer).await {
                is_open.wait_for(|is_open| *is_open).await.unwrap();
                to_worker.write_all(&buffer[..count]).await.unwrap();
            }
        };
        let back = tokio::io::copy(&mut from_worker, &mut to_router);
        let (served, ..) = tokio::join!(worker.serve(far), there, back);
        served.unwrap();
    }
}

/// The names of all types, in order.
fn types(workspace: &Workspace) -> Vec<String> {
    let view = workspace.view();
    let types = view.symbols().filter(|symbol| symbol.kind().is_type());
    let mut names: Vec<_> = types.map(|symbol| symbol.name().to_owned()).collect();
    names.sort();
    names
}

async fn becomes(workspace: &Workspace, expected: &[&str]) {
    let seen = async {
        while types(workspace) != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, seen).await;
    assert!(seen.is_ok(), "{:?} never becomes {expected:?}", types(workspace));
}

#[tokio::test]
async fn whatever_is_done_to_files_and_folders_is_seen_unasked() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class A {}")]);
    let (workspace, _tending) = watched(&fixture).await;
    let tree = fixture.real_tree();
    fixture.write("a/A.java", "package a; class A2 {}");
    becomes(&workspace, &["A2"]).await;
    fixture.write("a/B.java~", "package a; class B {}");
    fs::rename(tree.join("a/B.java~"), tree.join("a/B.java")).unwrap();
    becomes(&workspace, &["A2", "B"]).await;
    fixture.write("b/c/C.java", "package b.c; class C {}");
    becomes(&workspace, &["A2", "B", "C"]).await;
    fs::rename(tree.join("b"), tree.join("d")).unwrap();
    fixture.write("d/c/D.java", "package d.c; class D {}");
    becomes(&workspace, &["A2", "B", "C", "D"]).await;
    fixture.write(".gitignore", "d/\n");
    becomes(&workspace, &["A2", "B"]).await;
    fs::remove_file(tree.join(".gitignore")).unwrap();
    becomes(&workspace, &["A2", "B", "C", "D"]).await;
    fs::remove_dir_all(tree.join("a")).unwrap();
    fixture.write("e/src/E.java", "class E {}");
    becomes(&workspace, &["C", "D", "E"]).await;
}

#[tokio::test]
async fn who_asks_before_anything_is_watched_keeps_nobody_from_watching() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class A {}")]);
    let (workspace, cancel) = (fixture.workspace(), CancellationToken::new());
    workspace.catch_up(Look::AtChanges, &cancel).await.unwrap();
    workspace.watch().await.unwrap();
    fixture.write("a/B.java", "package a; class B {}");
    workspace.catch_up(Look::AtChanges, &cancel).await.unwrap();
    assert_eq!(types(&workspace), ["A", "B"]);
    fixture.write("a/C.java", "package a; class C {}");
    workspace.catch_up(Look::AtChanges, &cancel).await.unwrap();
    assert_eq!(types(&workspace), ["A", "B", "C"]);
}

#[cfg(unix)]
#[tokio::test]
async fn what_takes_a_files_place_is_looked_into_only_if_it_is_of_the_tree() {
    let fixture = Fixture::new(&[
        ("a/A.java", "package a; class A {}"),
        ("a/B.java", "package a; class B {}"),
        ("a/C.java", "package a; class C {}"),
    ]);
    let (workspace, _tending) = watched(&fixture).await;
    let (tree, outside) = (fixture.real_tree(), fixture.folder.path().join("Secret.java"));
    fs::write(&outside, "class Secret {}").unwrap();
    fs::remove_file(tree.join("a/A.java")).unwrap();
    std::os::unix::fs::symlink(&outside, tree.join("a/A.java")).unwrap();
    becomes(&workspace, &["B", "C"]).await;
    fs::remove_file(tree.join("a/B.java")).unwrap();
    fixture.write("a/B.java/Inner.java", "class Inner {}");
    becomes(&workspace, &["C", "Inner"]).await;
    fs::remove_file(tree.join("a/C.java")).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(tree.join("a/C.java")).status();
    assert!(pipe.unwrap().success());
    becomes(&workspace, &["Inner"]).await;
}

#[tokio::test]
async fn rules_that_stand_beyond_the_folders_of_the_tree_are_seen_as_well() {
    let fixture = Fixture::new(&[
        (".git/info/readme", ""),
        ("a/A.java", "package a; class A {}"),
        ("b/B.java", "package b; class B {}"),
    ]);
    let (workspace, _tending) = watched(&fixture).await;
    fixture.write(".git/info/exclude", "a/\n");
    becomes(&workspace, &["B"]).await;
    fs::write(fixture.folder.path().join(".ignore"), "tree/b/\n").unwrap();
    becomes(&workspace, &[]).await;
    fs::remove_file(fixture.real_tree().join(".git/info/exclude")).unwrap();
    becomes(&workspace, &["A"]).await;
    // A repository within it has a say, too.
    fixture.write("a/.git/info/readme", "");
    fixture.write("a/C.java", "package a; class C {}");
    becomes(&workspace, &["A", "C"]).await;
    let cancel = CancellationToken::new();
    workspace.catch_up(Look::AtEverything, &cancel).await.unwrap();
    fixture.write("a/.git/info/exclude", "C.java\n");
    becomes(&workspace, &["A"]).await;
}

#[tokio::test]
async fn a_root_that_goes_and_comes_again_is_seen_again() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class A {}")]);
    let (workspace, _tending) = watched(&fixture).await;
    fs::remove_dir_all(fixture.tree()).unwrap();
    becomes(&workspace, &[]).await;
    fixture.write("a/Again.java", "package a; class Again {}");
    becomes(&workspace, &["Again"]).await;
    fixture.write("a/Later.java", "package a; class Later {}");
    becomes(&workspace, &["Again", "Later"]).await;
}

#[tokio::test]
async fn a_file_that_becomes_too_large_is_said_to_be_skipped() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class A {}")]);
    let (workspace, _tending) = watched(&fixture).await;
    let skipped = async || {
        let report = workspace.catch_up(Look::AtChanges, &CancellationToken::new()).await;
        report.unwrap().skipped.len()
    };
    fixture.write("a/A.java", &" ".repeat(17 << 20));
    assert_eq!(skipped().await, 1);
    fixture.write("a/A.java", "package a; class A {}");
    assert_eq!(skipped().await, 0);
}

#[tokio::test]
async fn an_edit_is_taken_in_without_a_survey() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class A {}")]);
    let (workspace, _tending) = watched(&fixture).await;
    let cancel = CancellationToken::new();
    for round in 0..50 {
        fixture.write("a/A.java", &format!("package a; class A{round} {{}}"));
        let report = workspace.catch_up(Look::AtChanges, &cancel).await.unwrap();
        assert_eq!(types(&workspace), [format!("A{round}")]);
        assert_eq!(report.look, Look::AtChanges);
    }
    let again = workspace.catch_up(Look::AtEverything, &cancel).await.unwrap();
    assert_eq!(again.look, Look::AtEverything);
}

/// Types, each in a file of its own.
fn write_types(fixture: &Fixture, names: impl Iterator<Item = u32>) {
    names.for_each(|i| {
        fixture.write(&format!("a/T{i}.java"), &format!("package a; class T{i} {{}}"));
    });
}

#[tokio::test]
async fn a_new_file_beside_known_ones_is_taken_in_without_a_survey() {
    let fixture = Fixture::new(&[
        (".gitignore", "*Gen.java\n"),
        ("a/A.java", "package a; class A {}"),
        ("a/b/B.java", "package a.b; class B {}"),
    ]);
    let (workspace, _tending) = watched(&fixture).await;
    let catch_up = async || {
        let report = workspace.catch_up(Look::AtChanges, &CancellationToken::new()).await.unwrap();
        (report.look, types(&workspace).join(" "))
    };
    fixture.write("a/New.java", "package a; class New {}");
    fixture.write("a/IgnoredGen.java", "package a; class IgnoredGen {}");
    assert_eq!(catch_up().await, (Look::AtChanges, "A B New".to_owned()));
    fixture.write("a/New.java", "package a; class Newer {}");
    fs::rename(fixture.tree().join("a/A.java"), fixture.tree().join("a/b/C.java")).unwrap();
    assert_eq!(catch_up().await, (Look::AtChanges, "A B Newer".to_owned()));
    fs::remove_file(fixture.tree().join("a/New.java")).unwrap();
    assert_eq!(catch_up().await, (Look::AtChanges, "A B".to_owned()));
    workspace.fold().await.unwrap();
    assert_eq!(workspace.unfolded_files(), 0);
    assert_eq!(catch_up().await, (Look::AtChanges, "A B".to_owned()));
    // What comes first in a folder speaks for its package, so that takes a look at the tree.
    fixture.write("a/b/A.java", "package other; class First {}");
    assert_eq!(catch_up().await, (Look::AtEverything, "A B First".to_owned()));
    fs::remove_file(fixture.tree().join("a/b/A.java")).unwrap();
    assert_eq!(catch_up().await, (Look::AtChanges, "A B".to_owned()));
    // Nothing is shown of the folder any more, so what it means takes a look at the tree.
    fixture.write("a/Again.java", "package a; class Again {}");
    assert_eq!(catch_up().await, (Look::AtEverything, "A Again B".to_owned()));
}

#[tokio::test]
async fn a_survey_that_changes_overtake_is_begun_anew_without_coming_to_its_end() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class A {}")]);
    let gate = Gate::open();
    let (workspace, _tending) = watch(fixture.workspace_with(gate.workers())).await;
    gate.set_open(false);
    let planned_for = async |files: u64| {
        let planned = async {
            while workspace.progress().files_total < files {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let planned = tokio::time::timeout(PATIENCE, planned).await;
        assert!(planned.is_ok(), "{files} are not planned for: {:?}", workspace.progress());
    };
    write_types(&fixture, 0..100);
    planned_for(100).await;
    // No worker can do anything, so the run that goes on comes to no end by itself.
    write_types(&fixture, 100..200);
    planned_for(200).await;
    gate.set_open(true);
    workspace.catch_up(Look::AtChanges, &CancellationToken::new()).await.unwrap();
    assert_eq!(types(&workspace).len(), 201);
}

#[tokio::test]
async fn what_somebody_did_not_wait_for_is_seen_unasked() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class A {}")]);
    let gate = Gate::open();
    let (workspace, tending) = watch(fixture.workspace_with(gate.workers())).await;
    drop(tending);
    gate.set_open(false);
    fixture.write("a/B.java", "package a; class B {}");
    let cancel = CancellationToken::new();
    let waiting = workspace.catch_up(Look::AtChanges, &cancel);
    let waited = tokio::time::timeout(Duration::from_millis(100), waiting).await;
    assert!(waited.is_err(), "no worker can do anything");
    gate.set_open(true);
    let _tending = tend(&workspace);
    becomes(&workspace, &["A", "B"]).await;
}

#[cfg(unix)]
#[tokio::test]
async fn what_could_not_be_looked_at_is_looked_at_again_unasked() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class A {}")]);
    let (workspace, _tending) = watched(&fixture).await;
    let unfinished = workspace.cache_folder().join("layout.json.new");
    std::os::unix::fs::symlink("/dev/full", &unfinished).unwrap();
    // It needs a place in the layout.
    fixture.write("other/src/b/B.java", "package b; class B {}");
    let cancel = CancellationToken::new();
    workspace.catch_up(Look::AtChanges, &cancel).await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(300)).await;
    fs::remove_file(&unfinished).unwrap();
    becomes(&workspace, &["A", "B"]).await;
}

#[tokio::test]
async fn a_checkout_of_thousands_of_files_is_right_at_the_end() {
    let files: Vec<_> = (0..5000).map(|i| (format!("p{}/C{i}.java", i % 50), i)).collect();
    let write = |fixture: &Fixture, branch: &str| {
        for (path, i) in &files {
            let (folder, _) = path.split_once('/').unwrap();
            fixture.write(path, &format!("package {folder}; class {branch}{i} {{}}"));
        }
    };
    let fixture = Fixture::new(&[]);
    write(&fixture, "Main");
    let (workspace, _tending) = watched(&fixture).await;
    assert_eq!(types(&workspace).len(), 5000);
    write(&fixture, "Other");
    for (path, _) in files.iter().step_by(10) {
        fs::remove_file(fixture.tree().join(path)).unwrap();
    }
    let cancel = CancellationToken::new();
    workspace.catch_up(Look::AtChanges, &cancel).await.unwrap();
    let types = types(&workspace);
    assert_eq!(types.len(), 4500);
    assert!(types.iter().all(|name| name.starts_with("Other")));
}
