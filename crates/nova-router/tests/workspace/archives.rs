//! Archives that come and go.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use nova_router::{InProcess, Root, Workspace, WorkspaceOptions};
use tokio_util::sync::CancellationToken;
use zip::write::SimpleFileOptions;

use super::{Fixture, places, search};

fn write_archive(path: &Path, class: &str) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    zip.start_file(format!("a/{class}.java"), SimpleFileOptions::default()).unwrap();
    write!(zip, "package a; class {class} {{}}").unwrap();
    zip.finish().unwrap();
}

#[tokio::test]
async fn what_one_run_has_indexed_stays_for_those_that_name_it_again() {
    let fixture = Fixture::new(&[]);
    let archive = |class: &str| fixture.folder.path().join(format!("{class}.jar"));
    for class in ["Target1", "Target2", "Target3"] {
        write_archive(&archive(class), class);
    }
    let cache = fixture.folder.path().join("cache");
    let index = async |classes: &[&str]| {
        let roots = classes.iter().map(|class| Root::find(&archive(class)).unwrap()).collect();
        let base = Some(cache.clone());
        let options = WorkspaceOptions { roots, base, ..fixture.options(InProcess::default()) };
        let workspace = Arc::new(Workspace::open(options).unwrap());
        let report = workspace.reconcile(&CancellationToken::new()).await.unwrap();
        (report.rescanned_files, places(&search(&workspace, "Target").await))
    };
    let all = ["Target1 0", "Target2 0", "Target3 0"].map(str::to_owned);
    assert_eq!(index(&["Target1", "Target2"]).await, (2, all[..2].to_vec()));
    assert_eq!(index(&["Target3"]).await, (1, all[2..].to_vec()));
    assert_eq!(index(&["Target3", "Target2", "Target1"]).await, (0, all.to_vec()));
    // One that is broken takes no other with it.
    fs::write(archive("Target2"), "no archive").unwrap();
    let left = vec![all[0].clone(), all[2].clone()];
    assert_eq!(index(&["Target1", "Target2", "Target3"]).await, (0, left));
}
