//! A place of its own for each test: a source tree, a cache folder, a home, a folder for temporary
//! files. When it is dropped it asserts that no run left anything behind.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::programs::programs;
use crate::run::{Run, wait_for};

/// More than a tick of the clock that files are stamped by.
const STAMPS_SETTLE_TIME: Duration = Duration::from_millis(100);

/// The folder of one test.
pub(crate) struct Sandbox {
    folder: TempDir,
    /// The folder without links in its path.
    real: PathBuf,
    clean_runs: AtomicU32,
}

impl Sandbox {
    /// A tree of these files, `(path below the tree, text)`.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("nova-").tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        for name in ["tree", "home", "tmp"] {
            fs::create_dir(real.join(name)).unwrap();
        }
        let sandbox = Self { folder, real, clean_runs: AtomicU32::new(0) };
        for (path, text) in files {
            sandbox.write(path, text);
        }
        sandbox
    }

    /// A path in the sandbox, outside of the tree.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.real.join(relative)
    }

    /// A path in the tree.
    pub(crate) fn file(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.real.join("tree").join(relative)
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    /// Writes a file of the tree, and its folders.
    pub(crate) fn write(&self, relative: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.file(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Writes whom to trust into the folder `trust`, at one moment.
    pub(crate) fn trust(&self, workers: &str) {
        let (new, path) = (self.path("trust/workers.toml.new"), self.path("trust/workers.toml"));
        fs::write(&new, workers).unwrap();
        fs::rename(new, path).unwrap();
    }

    /// `nova` with these arguments and `--cache-dir cache`, started in the sandbox.
    pub(crate) fn nova<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        // Before the arguments, which may contain `--`.
        self.run(&programs().nova, &["--cache-dir", "cache"], args)
    }

    /// `nova` with the cache that it chooses itself, below the sandbox's home.
    pub(crate) fn nova_at_home<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        self.run(&programs().nova, &[], args)
    }

    /// `nova-worker` with these arguments.
    pub(crate) fn nova_worker<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        self.run(&programs().nova_worker, &[], args)
    }

    /// Any other program.
    pub(crate) fn program<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Run {
        self.run(program.as_ref(), &[], args)
    }

    /// `nova index --json tree`.
    #[track_caller]
    pub(crate) fn index(&self) -> Value {
        self.index_with(&[])
    }

    /// `nova index --json tree` with further options.
    #[track_caller]
    pub(crate) fn index_with(&self, options: &[&str]) -> Value {
        self.nova(["index", "--json", "tree"].iter().chain(options)).ok().json()
    }

    /// All the symbols of the tree, as sorted JSON lines.
    #[track_caller]
    pub(crate) fn symbols(&self) -> Vec<String> {
        sorted_lines(&self.nova(["export", "tree"]).ok().text())
    }

    /// The names that a search finds.
    #[track_caller]
    pub(crate) fn found(&self, query: &str) -> Vec<String> {
        self.nova(["search", "--json", query, "tree"]).ok().names()
    }

    /// What runs into an empty cache say of the tree: its symbols and its digest.
    #[track_caller]
    pub(crate) fn clean(&self) -> (Vec<String>, Value) {
        self.in_clean_cache(|nova| {
            let digest = nova(&["index", "--json"]).ok().json()["digest"].clone();
            (sorted_lines(&nova(&["export"]).ok().text()), digest)
        })
    }

    /// Has `nova` at the tree with a cache of its own.
    pub(crate) fn in_clean_cache<T>(&self, look: impl FnOnce(&dyn Fn(&[&str]) -> Run) -> T) -> T {
        let cache = format!("clean-{}", self.clean_runs.fetch_add(1, Ordering::Relaxed));
        let outcome =
            look(&|args| self.nova_at_home(args.iter().chain(&["--cache-dir", &cache, "tree"])));
        fs::remove_dir_all(self.path(&cache)).unwrap();
        outcome
    }

    /// Asserts that the index, brought up to date, is that of a clean run.
    #[track_caller]
    pub(crate) fn assert_like_clean(&self) {
        let digest = self.index()["digest"].clone();
        let (clean_symbols, clean_digest) = self.clean();
        assert_same(&self.symbols(), &clean_symbols);
        assert_eq!(digest, clean_digest);
    }

    /// The same by digest alone, for a tree of which the symbols would take too long to compare.
    #[track_caller]
    pub(crate) fn assert_digest_like_clean(&self) {
        assert_eq!(self.index()["digest"], self.clean_digest());
    }

    /// What a run into an empty cache says of the tree.
    #[track_caller]
    pub(crate) fn clean_digest(&self) -> Value {
        self.in_clean_cache(|nova| nova(&["index", "--json"]).ok().json()["digest"].clone())
    }

    /// Waits until the clock has moved on so far that a file written before is known to be unchanged
    /// by its stamp alone.
    pub(crate) fn let_stamps_settle(&self) {
        let written = std::time::Instant::now();
        let settled = || (written.elapsed() > STAMPS_SETTLE_TIME).then_some(());
        wait_for("the clock", 2 * STAMPS_SETTLE_TIME, settled);
    }

    fn run<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        first: &[&str],
        args: impl IntoIterator<Item = A>,
    ) -> Run {
        let mut command = Command::new(program);
        command
            .args(first)
            .args(args)
            .current_dir(&self.real)
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for variable in [
            "XDG_CACHE_HOME",
            "XDG_CONFIG_HOME",
            "NOVA_LOG",
            "NOVA_AUTH_TOKEN",
            "NO_COLOR",
            "RUST_BACKTRACE",
        ] {
            command.env_remove(variable);
        }
        Run::new(command)
    }

    /// The names in the cache folder that no run may leave there.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let names = |folder: PathBuf| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        let is_kept = |name: &String| {
            let is_shard = name.starts_with("shard_") && name.ends_with(".bin");
            ["layout.json", "names.bin", "quarantine.json", "lock", "CACHEDIR.TAG"]
                .contains(&name.as_str())
                || is_shard
        };
        let in_cache = names(self.cache()).filter(|name| !is_kept(name));
        in_cache.chain(names(self.path("tmp"))).collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let leftovers = self.leftovers();
            assert!(leftovers.is_empty(), "left behind: {leftovers:?}");
        }
        // Folders that a test made inaccessible would stay.
        debug_assert!(self.folder.path().exists());
    }
}

/// Asserts that two sorted lists of lines are the same, and names what is not.
#[track_caller]
pub(crate) fn assert_same(actual: &[String], expected: &[String]) {
    let less = |of: &[String], by: &[String]| -> Vec<String> {
        of.iter().filter(|line| by.binary_search(line).is_err()).take(5).cloned().collect()
    };
    let (wrong, missing) = (less(actual, expected), less(expected, actual));
    assert!(actual == expected, "wrong: {wrong:#?}\nmissing: {missing:#?}");
}

pub(crate) fn sorted_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// A class with so many fields and methods.
pub(crate) fn large_class(package: &str, name: &str, members: usize) -> String {
    use std::fmt::Write;
    let mut text = format!("package {package};\n\npublic class {name} {{\n");
    for i in 0..members {
        writeln!(text, "    private int field{i};\n    int method{i}(int a) {{ return a + {i}; }}")
            .unwrap();
    }
    text + "}\n"
}

/// A class with so many fields, of names that no packing makes much shorter.
pub(crate) fn unpackable_class(package: &str, name: &str, members: u64) -> String {
    let first: u64 = name.bytes().fold(0, |first, byte| (first << 8) | u64::from(byte));
    let field = |at: u64| {
        let name = (first + at).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("int n{name:x};")
    };
    let fields: Vec<String> = (0..members).map(field).collect();
    format!("package {package}; class {name} {{ {} }}", fields.join(" "))
}
