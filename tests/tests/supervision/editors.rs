//! Editors at a router that dies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nova_router::client::AskError;
use nova_router::{
    Client, DocumentVersion, Look, Position, Question, Session, TextChange, Watching,
};

use crate::fixture::{Fixture, Served, patient, signal};

/// Where the symbols of this very name are: `File.java:line`.
async fn found(client: &Client, name: &str) -> Result<Vec<String>, AskError> {
    let question = Question {
        text: name.to_owned(),
        kinds: Vec::new(),
        unfiltered: false,
        limit: 10,
        near: None,
        verify_timeout: Duration::from_secs(30),
    };
    let answer = client.search(&question).await?;
    assert_eq!(answer.pending, 0);
    let hits = answer.hits.iter().filter(|(symbol, _)| symbol.name == name);
    let place = |file: &[u8], line| {
        let file = String::from_utf8_lossy(file);
        format!("{}:{line}", file.rsplit('/').next().unwrap())
    };
    Ok(hits.map(|(symbol, _)| place(&symbol.file, symbol.line)).collect())
}

fn typed(line: u32, text: &str) -> Vec<TextChange> {
    let at = Position { line, character: 0 };
    vec![TextChange { range: Some((at, at)), text: text.to_owned() }]
}

#[tokio::test]
async fn what_an_editor_has_open_is_its_own_and_survives_the_routers_death() {
    let fixture = Fixture::new(&[
        ("a/A.java", "package a;\nclass A {}\n"),
        ("a/B.java", "package a;\nclass B {}\n"),
    ]);
    let router = fixture.serve().await;
    let (editor, other) = (fixture.frontend().await, fixture.frontend().await);
    editor.catch_up(Look::AtChanges, |_| {}).await.unwrap();
    let file = fixture.file("a/A.java");
    let text = "package a;\nclass A {}\n";
    editor.open(&file, DocumentVersion(1), text.to_owned()).await.unwrap();
    editor.change(&file, DocumentVersion(2), typed(2, "class Typed {}\n")).await.unwrap();
    assert_eq!(found(&editor, "Typed").await.unwrap(), ["A.java:2"]);
    assert_eq!(found(&other, "Typed").await.unwrap(), [""; 0]);

    router.kill();
    assert!(found(&editor, "Typed").await.is_err(), "nobody is there to ask");
    // What is typed meanwhile is not lost either.
    let change = editor.change(&file, DocumentVersion(3), typed(2, "class Between {}\n"));
    assert!(change.await.is_err());
    let _router = fixture.serve().await;
    editor.catch_up(Look::AtChanges, |_| {}).await.unwrap();
    assert_eq!(found(&editor, "Between").await.unwrap(), ["A.java:2"]);
    assert_eq!(found(&editor, "Typed").await.unwrap(), ["A.java:3"]);
    editor.change(&file, DocumentVersion(4), typed(2, "class Afterwards {}\n")).await.unwrap();
    assert_eq!(found(&editor, "Afterwards").await.unwrap(), ["A.java:2"]);
    assert_eq!(found(&other, "Between").await.unwrap(), [""; 0]);
    editor.close(&file).await.unwrap();
    assert_eq!(found(&editor, "Typed").await.unwrap(), [""; 0]);
    assert_eq!(found(&editor, "A").await.unwrap(), ["A.java:1"]);
}

#[tokio::test]
async fn what_is_typed_is_taken_in_its_order_however_fast_it_comes() {
    let fixture = Fixture::new(&[("a/A.java", "package a;\n")]);
    let _router = fixture.serve().await;
    let editor = fixture.frontend().await;
    editor.catch_up(Look::AtChanges, |_| {}).await.unwrap();
    let file = fixture.file("a/A.java");
    editor.open(&file, DocumentVersion(0), "package a;\n".to_owned()).await.unwrap();
    for version in 1..300 {
        let text = format!("class T{version} {{}}\n");
        editor.change(&file, DocumentVersion(version), typed(1, &text)).await.unwrap();
    }
    for version in [1, 150, 299] {
        let line = 300 - version;
        assert_eq!(
            found(&editor, &format!("T{version}")).await.unwrap(),
            [format!("A.java:{line}")]
        );
    }
    let older = editor.change(&file, DocumentVersion(7), typed(1, "class Older {}")).await;
    assert!(older.unwrap_err().to_string().contains("not newer"));
}

/// Times that workers are killed under two editors who type.
const DEATHS: usize = 60;

#[tokio::test]
async fn whichever_workers_die_what_was_typed_is_found() {
    let files: Vec<(String, String)> =
        (0..20).map(|i| (format!("p/A{i}.java"), format!("package p; class A{i} {{}}"))).collect();
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let fixture = Fixture::new(&files);
    let workspace = fixture.workspace(2, patient());
    fixture.index(&workspace).await;
    let editors = [(); 2].map(|()| Session::new(Arc::clone(&workspace), &[]));
    for round in 0..DEATHS {
        let workers = fixture.workers();
        // One of them, or all.
        let dying = if round % 5 == 0 { workers.len() } else { 1 };
        for (number, editor) in editors.iter().enumerate() {
            let file = fixture.file(&format!("p/A{}.java", round % 7));
            let name = format!("Typed{round}By{number}");
            let text = format!("package p;\nclass {name} {{}}");
            editor.open(&file, DocumentVersion(round as i64), text).unwrap();
            if number == 0 {
                workers.iter().take(dying).for_each(|worker| signal(*worker, "KILL"));
            }
        }
        for (number, editor) in editors.iter().enumerate() {
            let lines = async |by: usize| {
                let name = format!("Typed{round}By{by}");
                let answer = editor.search(&fixture.request(&name)).await;
                let answer = answer.expect("nobody cancels it");
                assert_eq!(answer.pending, 0);
                answer.hits.iter().filter(|(symbol, _)| symbol.name == name).count()
            };
            assert_eq!((lines(number).await, lines(1 - number).await), (1, 0), "round {round}");
        }
    }
    let view = workspace.view();
    let unsaved = view.symbols().find(|symbol| symbol.name().starts_with("Typed"));
    assert!(unsaved.is_none(), "the disk has none of it");
}

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    files: usize,
    threads: usize,
    memory_bytes: u64,
    cache_files: usize,
}

/// As much as a day of edits brings, with all that stays from the beginning of it.
const ROUNDS: u32 = 12_000;
/// What an allocator may do; a leak of a page a round is more.
const NOISE_BYTES: u64 = 12 << 20;
/// Connections that are about to end.
const NOISE_FILES: usize = 4;
/// Threads that wait for more to do for a while, and then end.
const NOISE_THREADS: usize = 6;

#[tokio::test]
async fn a_long_day_leaves_nothing_behind() {
    let fixture = Fixture::new(&[]);
    for i in 0..40 {
        fixture.write(&format!("p/A{i}.java"), &format!("package p; class A{i} {{}}"));
    }
    let router = fixture.serve().await;
    let editor = fixture.frontend().await;
    editor.catch_up(Look::AtChanges, |_| {}).await.unwrap();
    assert_eq!(editor.status().await.unwrap().watching, Watching::Events);
    let mut early = None;
    for round in 0..ROUNDS {
        let (i, file) = (round % 40, fixture.file(&format!("p/A{}.java", round % 40)));
        let text = format!("package p; class A{i} {{ int round{round}; }}");
        match round % 6 {
            0 => editor.open(&file, DocumentVersion(round.into()), text).await.unwrap(),
            1 => fixture.write(&format!("p/A{i}.java"), &text),
            2 => fixture.write(&format!("p/new{}/B.java", round % 7), &text),
            3 => drop(std::fs::remove_dir_all(fixture.file(&format!("p/new{}", round % 7)))),
            4 => {
                // Another frontend comes and goes.
                let other = fixture.frontend().await;
                other.open(&file, DocumentVersion(1), text).await.unwrap();
                found(&other, &format!("A{i}")).await.unwrap();
            }
            _ => {
                editor
                    .close(&fixture.file(&format!("p/A{}.java", (round - 5) % 40)))
                    .await
                    .unwrap();
            }
        }
        if round % 100 == 0 {
            editor.catch_up(Look::AtChanges, |_| {}).await.unwrap();
        }
        if round == ROUNDS / 3 {
            early = Some(quiet(&fixture, &router, &editor).await);
        }
    }
    let (early, late) = (early.unwrap(), quiet(&fixture, &router, &editor).await);
    assert_eq!(early.cache_files, late.cache_files);
    assert!(late.files <= early.files + NOISE_FILES, "{early:?}, then {late:?}");
    assert!(late.threads <= early.threads + NOISE_THREADS, "{early:?}, then {late:?}");
    assert!(late.memory_bytes < early.memory_bytes + NOISE_BYTES, "{early:?}, then {late:?}");
}

/// What the router holds when everything is folded.
async fn quiet(fixture: &Fixture, router: &Served, editor: &Client) -> Held {
    editor.catch_up(Look::AtChanges, |_| {}).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let status = editor.status().await.unwrap();
        if status.unfolded_files == 0 && status.frontends == 1 {
            return router.held(fixture);
        }
        assert!(Instant::now() < deadline, "never quiet: {status:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Served {
    fn held(&self, fixture: &Fixture) -> Held {
        let process = format!("/proc/{}", self.id());
        let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
        let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.unwrap().trim().trim_end_matches(" kB").parse::<u64>().unwrap();
        Held {
            files: count(&format!("{process}/fd")),
            threads: count(&format!("{process}/task")),
            memory_bytes: kilobytes << 10,
            cache_files: count(fixture.cache().to_str().unwrap()),
        }
    }
}
