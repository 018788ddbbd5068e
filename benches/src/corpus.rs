//! A real tree to measure with: the JDK's `src.zip`, unpacked into memory, or the folder that
//! `NOVA_BENCH_TREE` names.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::{env, process};

use nova_syntax::text;
use zip::ZipArchive;

/// The Java files of a tree.
pub struct Corpus {
    /// The files, in no particular order.
    pub files: Vec<CorpusFile>,
}

/// A Java file.
#[derive(Clone)]
pub struct CorpusFile {
    /// Below the tree's root, `/`-separated.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl Corpus {
    /// Reads the tree. Ends the process, with a message, if there is none.
    pub fn find() -> Self {
        match env::var_os("NOVA_BENCH_TREE") {
            Some(folder) => Self::from_folder(Path::new(&folder)),
            None => Self::from_archive(&jdk_sources()),
        }
    }

    /// Every so manieth file.
    pub fn sample(&self, step: usize) -> Self {
        Self { files: self.files.iter().step_by(step).cloned().collect() }
    }

    /// Bytes of all texts.
    pub fn source_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.text.len() as u64).sum()
    }

    fn from_archive(path: &Path) -> Self {
        let file = File::open(path).expect("src.zip is readable");
        let mut archive = ZipArchive::new(file).expect("src.zip is an archive");
        let mut files = Vec::new();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).expect("src.zip is intact");
            let path = entry.name().map(|name| name.to_string()).unwrap_or_default();
            if entry.is_file() && path.ends_with(".java") {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).expect("src.zip is intact");
                files.push(CorpusFile { path, text: text::decode(&bytes).text.into_owned() });
            }
        }
        Self { files }
    }

    /// Reads the Java files of a folder.
    pub fn from_folder(root: &Path) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("the folder is readable").flatten() {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if path.extension() == Some(OsStr::new("java")) {
                    let bytes = fs::read(&path).expect("the file is readable");
                    let text = text::decode(&bytes).text.into_owned();
                    let below = path.strip_prefix(root).expect("the walk began at the root");
                    files.push(CorpusFile { path: below.to_string_lossy().into_owned(), text });
                }
            }
        }
        Self { files }
    }
}

/// The sources of the JDK in `JAVA_HOME`, or of the newest one that is installed.
#[expect(clippy::print_stderr, reason = "a bench without its corpus says so")]
fn jdk_sources() -> PathBuf {
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let mut homes: Vec<_> = installed.map(|entry| entry.path()).collect();
    homes.sort_by_key(|home| std::cmp::Reverse(java_version(home)));
    let homes = env::var_os("JAVA_HOME").map(PathBuf::from).into_iter().chain(homes);
    homes.map(|home| home.join("lib/src.zip")).find(|path| path.is_file()).unwrap_or_else(|| {
        eprintln!("no lib/src.zip in JAVA_HOME or /usr/lib/jvm; name a folder in NOVA_BENCH_TREE");
        process::exit(1)
    })
}

/// The numbers of `JAVA_VERSION="25.0.1"` in the file `release` of a JDK; none if it does not say.
fn java_version(home: &Path) -> Vec<u32> {
    let release = fs::read_to_string(home.join("release")).unwrap_or_default();
    let version = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="));
    version.unwrap_or_default().split(['"', '.', '_']).filter_map(|it| it.parse().ok()).collect()
}
