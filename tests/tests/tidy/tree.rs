//! The files of the repository, and complaints about them.

use std::fmt;
use std::path::Path;
use std::process::Command;

/// Some files, by path.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

/// A file: its path below the repository's top, `/`-separated, and its text.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What is wrong, where, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    path: String,
    line: usize,
    advice: String,
}

impl Tree {
    /// Every file that is, or is about to be, under version control.
    pub(crate) fn of_repository() -> Self {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("`tests` is in the top");
        let listed = Command::new("git")
            // Whoever owns the checkout, it is only read.
            .args(["-c", "safe.directory=*"])
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(top)
            .output()
            .expect("git lists the files to check");
        assert!(listed.status.success(), "git: {}", String::from_utf8_lossy(&listed.stderr));
        let paths = String::from_utf8(listed.stdout).expect("paths here are UTF-8");
        let files = paths.split_terminator('\0').filter_map(|path| {
            // One that is deleted but still in git's index is none.
            let bytes = std::fs::read(top.join(path)).ok()?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Some(File { path: path.to_owned(), text })
        });
        Self { files: files.collect() }
    }

    /// A tree for the test of a check.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Self { files: files.iter().map(file).collect() }
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// The crates' own Rust files, without their tests.
    pub(crate) fn crate_sources(&self) -> impl Iterator<Item = &File> {
        self.rust().filter(|file| {
            let is_source = file.path.starts_with("crates/") && file.path.contains("/src/");
            is_source && !file.path.ends_with("/tests.rs")
        })
    }

    /// Whether there is such a file, or a folder with files in it.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.iter().any(|file| match file.path.strip_prefix(path) {
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        })
    }
}

impl File {
    /// The lines with their numbers, from one.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// A complaint about one line of this file.
    pub(crate) fn complaint(&self, line: usize, advice: impl Into<String>) -> Complaint {
        Complaint { path: self.path.clone(), line, advice: advice.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.advice)
    }
}

/// Asserts that a check complains about these lines of a tree, in this order, and about nothing else.
#[track_caller]
pub(crate) fn assert_complaints(
    check: fn(&Tree) -> Vec<Complaint>,
    files: &[(&str, &str)],
    expected: &[&str],
) {
    let complaints = check(&Tree::of(files));
    let places: Vec<String> =
        complaints.iter().map(|it| format!("{}:{}", it.path, it.line)).collect();
    assert_eq!(places, expected, "{complaints:#?}");
}
