//! The sources of the installed JDKs, read from their `src.zip`.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use rayon::prelude::*;
use zip::ZipArchive;

/// The source file in which each JDK states its own version.
const VERSION_PATH: &str = "java.base/java/lang/VersionProps.java";
const VERSION_FIELD: &str = "VERSION_SPECIFICATION =";

/// One JDK's source archive, in memory.
pub(crate) struct Jdk {
    archive: Archive,
    /// The archive's Java files, sorted.
    paths: Vec<String>,
}

type Archive = ZipArchive<Cursor<Arc<[u8]>>>;

impl Jdk {
    /// The installed JDK of this feature version. Without one there is nothing to judge: in
    /// continuous integration that fails the test, elsewhere the test passes with a note.
    #[expect(clippy::print_stderr, reason = "the note of a test")]
    pub(crate) fn installed(feature: u32) -> Option<Self> {
        let mut installed = archives().into_iter().map(|path| Self::open(&path));
        let found = installed.find(|jdk| jdk.feature() == Some(feature));
        if found.is_none() {
            let message = format!("no sources of JDK {feature} in JAVA_HOME or /usr/lib/jvm");
            assert!(env::var_os("CI").is_none(), "{message}");
            eprintln!("skipped: {message}");
        }
        found
    }

    /// What `f` makes of every `step`th file's path and content, in the order of the paths.
    pub(crate) fn map_sources<R: Send>(
        &self,
        step: usize,
        f: impl Fn(&str, &str) -> R + Sync,
    ) -> Vec<R> {
        let sources = self.paths.par_iter().step_by(step);
        let with_archive = sources.map_init(
            || self.archive.clone(),
            |archive, path| f(path, &read(archive, path).expect("the JDK's sources are UTF-8")),
        );
        with_archive.collect()
    }

    fn open(path: &Path) -> Self {
        let bytes: Arc<[u8]> = fs::read(path).expect("src.zip is readable").into();
        let archive = ZipArchive::new(Cursor::new(bytes)).expect("src.zip is an archive");
        let names = archive.file_names().map(|name| name.expect("names are UTF-8").into_owned());
        let java: BTreeSet<String> = names.filter(|name| name.ends_with(".java")).collect();
        let paths = java.into_iter().collect();
        Self { archive, paths }
    }

    fn feature(&self) -> Option<u32> {
        let text = read(&mut self.archive.clone(), VERSION_PATH)?;
        let (_, value) = text.split_once(VERSION_FIELD)?;
        value.split('"').nth(1)?.parse().ok()
    }
}

fn read(archive: &mut Archive, path: &str) -> Option<String> {
    let mut text = String::new();
    archive.by_name(path).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}

/// Every `src.zip` of `JAVA_HOME` and `/usr/lib/jvm`, each once.
fn archives() -> BTreeSet<PathBuf> {
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let homes = env::var_os("JAVA_HOME").map(PathBuf::from).into_iter();
    homes
        .chain(installed.map(|entry| entry.path()))
        .flat_map(|home| [home.join("lib/src.zip"), home.join("src.zip")])
        .filter_map(|path| path.canonicalize().ok())
        .collect()
}
