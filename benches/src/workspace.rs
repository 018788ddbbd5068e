//! Scanned files as the product keeps them: shard files and a dictionary in a folder, mapped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use nova_index::{
    ContentHash, Dictionary, FileMeta, FileSymbols, Revision, Root, Shard, ShardBuilder, ShardId,
    ShardIdentity, SymbolView, ViewShard, build_dictionary, write_index,
};
use nova_syntax::extract::{self, Fallback};

use crate::corpus::{Corpus, CorpusFile};
use crate::memory::Anonymous;

/// A folder of numbered shard files and one dictionary.
pub struct Workspace {
    folder: PathBuf,
    shards: u32,
}

/// What it took to derive a dictionary.
pub struct DictionaryBuild {
    /// From open shards to bytes.
    pub time: Duration,
    /// How much more anonymous memory there was at the height of it than before.
    pub peak_bytes: u64,
}

impl Workspace {
    /// An empty one.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), shards: 0 }
    }

    /// One that lies in a folder already.
    pub fn existing(folder: &Path) -> anyhow::Result<Self> {
        let mut workspace = Self::new(folder);
        while workspace.shard_path(workspace.shards).exists() {
            workspace.shards += 1;
        }
        Ok(workspace)
    }

    /// The modules of a JDK, each a shard, as the product cuts them unless they are very large.
    pub fn of_modules(folder: &Path, corpus: &Corpus) -> anyhow::Result<Self> {
        let mut modules = BTreeMap::<&str, Vec<&CorpusFile>>::new();
        for file in &corpus.files {
            let module = file.path.split_once('/').map_or("", |(module, _)| module);
            modules.entry(module).or_default().push(file);
        }
        let mut workspace = Self::new(folder);
        for (module, files) in modules {
            let mut builder = workspace.next_shard(module);
            for file in files {
                let below = file.path.strip_prefix(module).unwrap_or(&file.path);
                builder.add(&scanned(below.trim_start_matches('/'), &file.text))?;
            }
            workspace.write_shard(builder)?;
        }
        Ok(workspace)
    }

    /// A builder for the shard of one source root.
    pub fn next_shard(&self, root: &str) -> ShardBuilder {
        let root = Root { identity: root.as_bytes().to_vec(), archive_stamp: None };
        ShardBuilder::new(ShardId(self.shards), identity(self.shards), 0, vec![root])
    }

    /// Writes what the builder of the next shard gathered.
    pub fn write_shard(&mut self, builder: ShardBuilder) -> anyhow::Result<()> {
        write_index(&self.shard_path(self.shards), &builder.finish()?)?;
        self.shards += 1;
        Ok(())
    }

    /// Derives the dictionary and writes it.
    pub fn write_dictionary(&self) -> anyhow::Result<DictionaryBuild> {
        let shards = self.open_shards()?;
        let watch = Anonymous::watch();
        let started = Instant::now();
        let bytes = build_dictionary(&shards)?;
        let time = started.elapsed();
        let build = DictionaryBuild { time, peak_bytes: watch.growth_bytes() };
        write_index(&self.dictionary_path(), &bytes)?;
        Ok(build)
    }

    /// Maps all of it.
    pub fn open(&self) -> anyhow::Result<SymbolView> {
        let dictionary = Dictionary::open(&self.dictionary_path())?;
        let shards = self.open_shards()?.into_iter().map(|it| ViewShard::new(it, [])).collect();
        Ok(SymbolView::new(Revision(1), shards, Some(Arc::new(dictionary))))
    }

    /// Size of all shard files.
    pub fn shard_bytes(&self) -> anyhow::Result<u64> {
        (0..self.shards).map(|shard| Ok(fs::metadata(self.shard_path(shard))?.len())).sum()
    }

    fn open_shards(&self) -> anyhow::Result<Vec<Arc<Shard>>> {
        let open = |shard| {
            let opened = Shard::open(&self.shard_path(shard), &identity(shard));
            Ok(Arc::new(opened.with_context(|| format!("cannot open shard {shard}"))?))
        };
        (0..self.shards).map(open).collect()
    }

    fn shard_path(&self, shard: u32) -> PathBuf {
        self.folder.join(format!("{shard:04}.shard"))
    }

    fn dictionary_path(&self) -> PathBuf {
        self.folder.join("dictionary")
    }
}

/// A file of the shard's only root.
pub fn scanned(path: &str, text: &str) -> FileSymbols {
    let meta = FileMeta {
        path: path.as_bytes().to_vec(),
        content_hash: ContentHash::of(text.as_bytes()),
        source_bytes: text.len() as u64,
        ..FileMeta::default()
    };
    let declarations = extract::declarations(text, Fallback::Tree).declarations;
    FileSymbols::new(meta, text, declarations)
}

fn identity(shard: u32) -> ShardIdentity {
    let mut identity = *b"a benched shard\0";
    identity[12..].copy_from_slice(&shard.to_le_bytes());
    ShardIdentity(identity)
}
