//! Scanning alone, on one core, and a full tree-sitter parse of a sample beside it.
//!
//! The corpus is the JDK's `src.zip`, unpacked into memory, or the folder that `NOVA_BENCH_TREE`
//! names. Run with `cargo bench -p nova-benches --bench scan`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, process};

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use nova_syntax::declarations::Declarations;
use nova_syntax::extract::{self, Fallback};
use nova_syntax::scanner::scan;
use nova_syntax::{escapes, text, tree};
use zip::ZipArchive;

/// A tree costs some fifty times what a scan does, so every so manieth file must do.
const TREE_SAMPLE_STEP: usize = 100;

criterion_group!(benches, scanning);
criterion_main!(benches);

fn scanning(criterion: &mut Criterion) {
    let corpus = Corpus::find();
    let mut group = criterion.benchmark_group("scan");
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .measurement_time(Duration::from_secs(5));

    group.throughput(corpus.throughput());
    group.bench_function("scanner", |bencher| bencher.iter(|| corpus.symbols(scanned)));
    group.bench_function("scanner and fallback", |bencher| {
        bencher.iter(|| corpus.symbols(extracted));
    });
    let sample = corpus.sample(TREE_SAMPLE_STEP);
    group.throughput(sample.throughput());
    group.bench_function("tree-sitter", |bencher| bencher.iter(|| sample.symbols(parsed)));
    group.finish();
}

fn scanned(text: &str) -> Declarations {
    scan(escapes::translate(text).text()).declarations
}

fn extracted(text: &str) -> Declarations {
    extract::declarations(text, Fallback::Tree).declarations
}

fn parsed(text: &str) -> Declarations {
    tree::parse(escapes::translate(text).text()).unwrap_or_default()
}

/// The texts to scan.
struct Corpus(Vec<String>);

impl Corpus {
    fn find() -> Self {
        match env::var_os("NOVA_BENCH_TREE") {
            Some(folder) => Self::from_folder(Path::new(&folder)),
            None => Self::from_archive(&jdk_sources()),
        }
    }

    fn from_archive(path: &Path) -> Self {
        let file = File::open(path).expect("src.zip is readable");
        let mut archive = ZipArchive::new(file).expect("src.zip is an archive");
        let mut texts = Vec::new();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).expect("src.zip is intact");
            if entry.is_file() && entry.name().is_ok_and(|name| name.ends_with(".java")) {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).expect("src.zip is intact");
                texts.push(text::decode(&bytes).text.into_owned());
            }
        }
        Self(texts)
    }

    fn from_folder(folder: &Path) -> Self {
        let mut texts = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("the folder is readable").flatten() {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if path.extension() == Some(OsStr::new("java")) {
                    let bytes = fs::read(&path).expect("the file is readable");
                    texts.push(text::decode(&bytes).text.into_owned());
                }
            }
        }
        Self(texts)
    }

    fn sample(&self, step: usize) -> Self {
        Self(self.0.iter().step_by(step).cloned().collect())
    }

    fn symbols(&self, declarations: impl Fn(&str) -> Declarations) -> usize {
        self.0.iter().map(|text| black_box(declarations(text)).symbols.len()).sum()
    }

    fn throughput(&self) -> Throughput {
        Throughput::Bytes(self.0.iter().map(|text| text.len() as u64).sum())
    }
}

/// The sources of the JDK in `JAVA_HOME`, or of one that is installed.
#[expect(clippy::print_stderr, reason = "a bench without its corpus says so")]
fn jdk_sources() -> PathBuf {
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let mut homes: Vec<_> = installed.map(|entry| entry.path()).collect();
    homes.sort();
    let homes = env::var_os("JAVA_HOME").map(PathBuf::from).into_iter().chain(homes);
    homes.map(|home| home.join("lib/src.zip")).find(|path| path.is_file()).unwrap_or_else(|| {
        eprintln!("no lib/src.zip in JAVA_HOME or /usr/lib/jvm; name a folder in NOVA_BENCH_TREE");
        process::exit(1)
    })
}
