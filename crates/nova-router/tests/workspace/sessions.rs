//! Frontends with unsaved text: each sees its own, nobody sees another's, and the disk comes back.

use std::path::PathBuf;
use std::sync::Arc;

use nova_router::{
    Answer, DocumentError, DocumentVersion, Position, Root, Session, TextChange, Workspace,
};
use tokio_util::sync::CancellationToken;

use crate::{Fixture, places, request};

/// A session with one file to edit.
struct Editor {
    session: Session,
    file: PathBuf,
    version: i64,
}

impl Editor {
    fn new(fixture: &Fixture, workspace: &Arc<Workspace>, file: &str) -> Self {
        let session = Session::new(Arc::clone(workspace), &[]);
        Self { session, file: fixture.real_tree().join(file), version: 0 }
    }

    fn open(&mut self, text: &str) {
        self.version += 1;
        let version = DocumentVersion(self.version);
        self.session.open(&self.file, version, text.to_owned()).unwrap();
    }

    fn change(&mut self, range: Option<[(u32, u32); 2]>, text: &str) {
        self.version += 1;
        let at = |(line, character)| Position { line, character };
        let range = range.map(|[start, end]| (at(start), at(end)));
        let change = TextChange { range, text: text.to_owned() };
        self.session.change(&self.file, DocumentVersion(self.version), &[change]).unwrap();
    }

    async fn search(&self, query: &str) -> Vec<String> {
        places(&search(&self.session, query).await)
    }
}

async fn search(session: &Session, query: &str) -> Answer {
    session.search(&request(query, 50)).await.expect("nobody cancels it")
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn unsaved_text_is_seen_by_its_own_session_until_it_is_closed() {
    let fixture = Fixture::new(&[("a/A.java", "package a;\nclass Saved {}\n")]);
    let workspace = fixture.indexed().await;
    let mut editor = Editor::new(&fixture, &workspace, "a/A.java");
    let other = Editor::new(&fixture, &workspace, "a/A.java");
    editor.open("package a;\n\nclass Unsaved {}\n");
    assert_eq!(editor.search("Unsaved").await, ["Unsaved 2"]);
    assert_eq!(editor.search("Saved").await, NOTHING, "the disk's text is covered");
    for own in [&other.session, &Session::new(Arc::clone(&workspace), &[])] {
        assert_eq!(places(&search(own, "Unsaved").await), NOTHING);
        assert_eq!(places(&search(own, "Saved").await), ["Saved 1"]);
    }

    editor.session.close(&editor.file).await;
    assert_eq!(editor.search("Unsaved").await, NOTHING);
    assert_eq!(editor.search("Saved").await, ["Saved 1"]);
}

#[tokio::test]
async fn two_sessions_have_their_own_text_of_one_file() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class OnDisk {}")]);
    let workspace = fixture.indexed().await;
    let mut one = Editor::new(&fixture, &workspace, "a/A.java");
    let mut two = Editor::new(&fixture, &workspace, "a/A.java");
    one.version = 100;
    one.open("package a; class TextOfOne {}");
    two.open("package a;\nclass TextOfTwo {}");
    assert_eq!(one.search("TextOf").await, ["TextOfOne 0"]);
    assert_eq!(two.search("TextOf").await, ["TextOfTwo 1"]);
    drop(one);
    assert_eq!(two.search("TextOf").await, ["TextOfTwo 1"]);
}

#[tokio::test]
async fn keystrokes_are_found_at_once_and_the_newest_wins() {
    let fixture = Fixture::new(&[("a/A.java", "package a;\nclass A {}\n")]);
    let workspace = fixture.indexed().await;
    let mut editor = Editor::new(&fixture, &workspace, "a/A.java");
    editor.open("package a;\nclass A {}\n");
    for (at, char) in (6..).zip("Typed".chars()) {
        editor.change(Some([(1, at), (1, at)]), &char.to_string());
        let so_far = "Typed"[..at as usize - 5].to_owned() + "A";
        assert_eq!(editor.search(&so_far).await, [format!("{so_far} 1")]);
    }
    for round in 0..500 {
        editor.change(None, &format!("package a; class Round{round} {{}}"));
    }
    assert_eq!(editor.search("Round").await, ["Round499 0"]);
    let older = TextChange { range: None, text: "class Older {}".to_owned() };
    let refused = editor.session.change(&editor.file, DocumentVersion(3), &[older]);
    assert!(matches!(refused, Err(DocumentError::NotNewer { .. })), "{refused:?}");
    assert_eq!(editor.search("Older").await, NOTHING);
}

#[tokio::test]
async fn a_file_outside_of_all_roots_is_its_sessions_own() {
    let fixture = Fixture::new(&[("a/A.java", "package a; class A {}")]);
    let workspace = fixture.indexed().await;
    let mut editor = Editor::new(&fixture, &workspace, "a/A.java");
    editor.file = fixture.folder.path().join("elsewhere/Scratch.java");
    editor.open("class Scratch { int a; }");
    let found = search(&editor.session, "Scratch").await;
    assert_eq!(places(&found), ["Scratch 0"]);
    assert_eq!(found.hits[0].0.file, editor.file.as_os_str().as_encoded_bytes());
    assert_eq!(workspace.contents().files, 1);
    editor.session.close(&editor.file).await;
    assert_eq!(editor.search("Scratch").await, NOTHING);
}

#[tokio::test]
async fn a_new_file_is_found_once_before_and_after_it_is_saved() {
    let fixture = Fixture::new(&[("src/a/A.java", "package a; class A {}")]);
    let workspace = fixture.indexed().await;
    // The clause names a root that nobody knows before the file is there.
    let mut editor = Editor::new(&fixture, &workspace, "src/gen/b/Fresh.java");
    let text = "package b; class Fresh {}";
    editor.open(text);
    assert_eq!(editor.search("Fresh").await, ["Fresh 0"]);
    fixture.write("src/gen/b/Fresh.java", text);
    editor.session.save(&editor.file).await;
    workspace.reconcile(&CancellationToken::new()).await.unwrap();
    assert_eq!(editor.search("Fresh").await, ["Fresh 0"]);
    editor.change(None, "package b;\nclass Fresh {}");
    assert_eq!(editor.search("Fresh").await, ["Fresh 1"]);
    editor.session.close(&editor.file).await;
    assert_eq!(editor.search("Fresh").await, ["Fresh 0"]);
}

#[tokio::test]
async fn what_changed_is_folded_into_the_shards_and_unsaved_text_is_not() {
    let fixture = Fixture::new(&[
        ("a/A.java", "package a; class A {}"),
        ("a/B.java", "package a; class B {}"),
        ("a/C.java", "package a; class C {}"),
    ]);
    let workspace = fixture.indexed().await;
    let mut editor = Editor::new(&fixture, &workspace, "a/C.java");
    editor.open("package a; class Unsaved {}");
    fixture.write("a/A.java", "package a; class Newer {} class A {}");
    std::fs::remove_file(fixture.tree().join("a/B.java")).unwrap();
    assert_eq!(editor.search("A").await[0], "A 0");
    assert_eq!(editor.search("class:B").await, NOTHING);
    assert_eq!(workspace.unfolded_files(), 2);
    assert_eq!(workspace.fold().await.unwrap(), 2);
    assert_eq!((workspace.unfolded_files(), workspace.fold().await.unwrap()), (0, 0));
    assert_eq!(editor.search("Newer").await, ["Newer 0"]);
    assert_eq!(editor.search("Unsaved").await, ["Unsaved 0"]);

    drop((editor, workspace));
    let workspace = fixture.workspace();
    let report = workspace.reconcile(&CancellationToken::new()).await.unwrap();
    assert_eq!(report.rescanned_files, 0, "the shards are up to date");
    assert_eq!(workspace.contents().files, 2);
    let answer = workspace.search(&request("Unsaved", 9)).await.unwrap();
    assert_eq!(places(&answer), NOTHING);
}

#[tokio::test]
async fn a_session_sees_what_is_under_its_roots_alone() {
    let fixture = Fixture::new(&[
        ("one/a/A.java", "package a; class InOne {}"),
        ("two/a/A.java", "package a; class InTwo {}"),
    ]);
    let workspace = fixture.indexed().await;
    let root = Root::find(&fixture.tree().join("one")).unwrap();
    let session = Session::new(Arc::clone(&workspace), &[root]);
    assert_eq!(places(&search(&session, "class:In").await), ["InOne 0"]);
    fixture.write("one/a/A.java", "package a;\nclass InOne {}");
    fixture.write("two/a/A.java", "package a;\nclass InTwo {}");
    let everything = workspace.search(&request("class:In", 9)).await.unwrap();
    assert_eq!(places(&everything), ["InOne 1", "InTwo 1"]);
    assert_eq!(places(&search(&session, "class:In").await), ["InOne 1"]);
}
