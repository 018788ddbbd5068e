//! Editors at a router that dies.

use std::time::Duration;

use nova_router::client::AskError;
use nova_router::{Client, DocumentVersion, Look, Position, Question, TextChange};

use crate::fixture::Fixture;

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
