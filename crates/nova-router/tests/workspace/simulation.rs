//! The property that everything rests on, hunted by chance: whatever happens to the files, the editors and
//! the router, once it is quiet each sees the symbols of the text that there is; and at no time a hit
//! points to where its name is not.
//!
//! `NOVA_TEST_SEED` repeats a sequence, `NOVA_TEST_SEQUENCES` says how many there are.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use nova_index::{FileMeta, FileSymbols, Revision, Root, Shard, ShardBuilder, ShardId};
use nova_index::{ShardIdentity, SymbolView, ViewShard};
use nova_router::report::Symbol;
use nova_router::{DocumentVersion, Look, Position, Session, TextChange, Workspace};
use nova_syntax::declarations::Kind;
use nova_syntax::extract::{self, Fallback};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Fixture, request};

const SEQUENCES: u64 = 150;
const QUIET_POINTS: usize = 4;
const STEPS_BETWEEN_MAX: usize = 12;
const EDITORS: usize = 2;
const AT_A_TIME: usize = 4;

#[test]
fn whatever_happens_once_quiet_everybody_sees_what_there_is() {
    let variable = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let (first, sequences) = match variable("NOVA_TEST_SEED") {
        Some(seed) => (seed, 1),
        None => (now, variable("NOVA_TEST_SEQUENCES").unwrap_or(SEQUENCES)),
    };
    let seeds = Mutex::new(first..first + sequences);
    let run_some = || {
        while let Some(seed) = { seeds.lock().unwrap().next() } {
            let _tell = TellSeed(seed);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(run(seed));
        }
    };
    // Mostly a sequence waits for the disk.
    std::thread::scope(|scope| (0..AT_A_TIME).for_each(|_| drop(scope.spawn(run_some))));
}

async fn run(seed: u64) {
    let mut world = World::new(Dice(seed)).await;
    for _ in 0..QUIET_POINTS {
        for _ in 0..1 + world.dice.below(STEPS_BETWEEN_MAX) {
            world.step().await;
        }
        world.check_quiet().await;
    }
    world.workspace.close();
}

/// What there is, and what the router is told of it.
struct World {
    fixture: Fixture,
    tree: PathBuf,
    workspace: Arc<Workspace>,
    /// Ends what keeps the workspace in line with the disk, if anything does.
    _tending: DropGuard,
    editors: Vec<Editor>,
    /// The texts on the disk, by path below the tree.
    disk: Texts,
    /// How many texts there were: no two are the same.
    written: u32,
    dice: Dice,
}

type Texts = BTreeMap<String, String>;

struct Editor {
    session: Session,
    open: BTreeMap<String, (i64, String)>,
}

impl World {
    async fn new(mut dice: Dice) -> Self {
        let fixture = Fixture::new(&[]);
        let tree = fixture.real_tree();
        let (workspace, tending) = Self::open(&fixture, &mut dice).await;
        let editors = Self::editors(&workspace);
        let mut world = Self {
            fixture,
            tree,
            workspace,
            _tending: tending,
            editors,
            disk: Texts::new(),
            written: 0,
            dice: Dice(0),
        };
        for _ in 0..dice.below(8) {
            let path = any_path(&mut dice);
            world.write(&path, &mut dice);
        }
        world.dice = dice;
        world.catch_up().await;
        world
    }

    /// With or without a watcher.
    async fn open(fixture: &Fixture, dice: &mut Dice) -> (Arc<Workspace>, DropGuard) {
        let (workspace, cancel) = (fixture.workspace(), CancellationToken::new());
        if dice.below(3) > 0 {
            workspace.watch().await.unwrap();
            let (tended, cancel) = (Arc::clone(&workspace), cancel.clone());
            tokio::spawn(async move { tended.tend(&cancel).await });
        }
        (workspace, cancel.drop_guard())
    }

    fn editors(workspace: &Arc<Workspace>) -> Vec<Editor> {
        let editor =
            |_| Editor { session: Session::new(Arc::clone(workspace), &[]), open: BTreeMap::new() };
        (0..EDITORS).map(editor).collect()
    }

    async fn step(&mut self) {
        let mut dice = std::mem::replace(&mut self.dice, Dice(0));
        let path = match self.any_file(&mut dice) {
            Some(path) if dice.below(3) > 0 => path,
            _ => any_path(&mut dice),
        };
        let editor = dice.below(EDITORS);
        match dice.below(16) {
            0..=2 => self.write(&path, &mut dice),
            3 => self.remove(&path),
            4 => self.rename(&path, &any_path(&mut dice)),
            5 => self.rename_folder(&mut dice),
            6..=10 => self.edit(editor, &path, &mut dice).await,
            11 => self.save(editor, &path).await,
            12 => self.close(editor, &path).await,
            13 => self.catch_up().await,
            14 => drop(self.workspace.fold().await.unwrap()),
            _ => self.restart(&mut dice).await,
        }
        if dice.below(3) == 0 {
            self.check_search(editor, &mut dice).await;
        }
        self.dice = dice;
    }

    /// Writes a file in place, or beside it and over it, as editors do.
    fn write(&mut self, path: &str, dice: &mut Dice) {
        let text = self.text(dice);
        let file = self.tree.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        if dice.below(2) == 0 {
            fs::write(&file, &text).unwrap();
        } else {
            let beside = file.with_extension("java~");
            fs::write(&beside, &text).unwrap();
            fs::rename(&beside, &file).unwrap();
        }
        self.disk.insert(path.to_owned(), text);
    }

    fn remove(&mut self, path: &str) {
        if self.disk.remove(path).is_some() {
            fs::remove_file(self.tree.join(path)).unwrap();
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        if let Some(text) = self.disk.remove(from) {
            let file = self.tree.join(to);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::rename(self.tree.join(from), file).unwrap();
            self.disk.insert(to.to_owned(), text);
        }
    }

    fn rename_folder(&mut self, dice: &mut Dice) {
        let (from, to) = [("one", "three"), ("three", "one")][dice.below(2)];
        if self.tree.join(to).exists() || !self.tree.join(from).exists() {
            return;
        }
        fs::rename(self.tree.join(from), self.tree.join(to)).unwrap();
        let moved = |path: String| match path.strip_prefix(from) {
            Some(rest) if rest.starts_with('/') => format!("{to}{rest}"),
            _ => path,
        };
        let disk = std::mem::take(&mut self.disk).into_iter();
        self.disk = disk.map(|(path, text)| (moved(path), text)).collect();
    }

    /// Opens a file, or types into it.
    async fn edit(&mut self, editor: usize, path: &str, dice: &mut Dice) {
        let text = self.text(dice);
        let file = self.tree.join(path);
        let Editor { session, open } = &mut self.editors[editor];
        match open.get_mut(path) {
            None => {
                session.open(&file, DocumentVersion(1), text.clone()).unwrap();
                open.insert(path.to_owned(), (1, text));
            }
            Some((version, now)) => {
                *version += 1;
                let inserted = format!("class Typed{} {{}}\n", self.written);
                let lines = now.lines().count() as u32;
                let at = Position { line: lines, character: 0 };
                let change = match dice.below(3) {
                    0 => TextChange { range: None, text: text.clone() },
                    _ => TextChange { range: Some((at, at)), text: inserted.clone() },
                };
                *now = if change.range.is_some() { format!("{now}{inserted}") } else { text };
                session.change(&file, DocumentVersion(*version), &[change]).unwrap();
            }
        }
    }

    async fn save(&mut self, editor: usize, path: &str) {
        let Editor { session, open } = &self.editors[editor];
        if let Some((_, text)) = open.get(path) {
            let file = self.tree.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            self.disk.insert(path.to_owned(), text.clone());
            session.save(&file).await;
        }
    }

    async fn close(&mut self, editor: usize, path: &str) {
        let Editor { session, open } = &mut self.editors[editor];
        if open.remove(path).is_some() {
            session.close(&self.tree.join(path)).await;
        }
    }

    async fn catch_up(&self) {
        let report =
            self.workspace.catch_up(Look::AtChanges, &CancellationToken::new()).await.unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
    }

    /// Another router takes over, and the editors tell it what they have open. Meanwhile the cache may have
    /// been damaged.
    async fn restart(&mut self, dice: &mut Dice) {
        self.workspace.close();
        if dice.below(2) == 0 {
            self.damage_cache(dice);
        }
        (self.workspace, self._tending) = Self::open(&self.fixture, dice).await;
        let opened: Vec<_> = self.editors.drain(..).map(|editor| editor.open).collect();
        self.editors = Self::editors(&self.workspace);
        if dice.below(2) == 0 {
            self.catch_up().await;
        }
        for (editor, open) in self.editors.iter_mut().zip(opened) {
            for (path, (version, text)) in &open {
                let version = DocumentVersion(*version);
                editor.session.open(&self.tree.join(path), version, text.clone()).unwrap();
            }
            editor.open = open;
        }
    }

    fn damage_cache(&self, dice: &mut Dice) {
        let files = fs::read_dir(self.fixture.folder.path().join("cache")).unwrap();
        let files = files.map(|entry| entry.unwrap().path());
        let mut files: Vec<_> =
            files.filter(|it| it.extension().is_some_and(|it| it == "bin")).collect();
        files.sort();
        let Some(file) = files.get(dice.below(files.len().max(1))) else { return };
        let mut bytes = fs::read(file).unwrap();
        let at = dice.below(bytes.len().max(1));
        match bytes.get_mut(at) {
            Some(byte) if dice.below(2) == 0 => *byte ^= 0x10,
            _ => bytes.truncate(at),
        }
        // What is mapped keeps its bytes: only who opens it from now on sees the damage.
        let beside = file.with_extension("damaged");
        fs::write(&beside, bytes).unwrap();
        fs::rename(beside, file).unwrap();
    }

    /// No hit points to where its name is not, and what was typed is found.
    async fn check_search(&self, editor: usize, dice: &mut Dice) {
        let Editor { session, open } = &self.editors[editor];
        let texts = self.texts_of(editor);
        let query = ["T", "m", "Typed", "class:T", ""][dice.below(5)];
        let answer = session.search(&request(query, 1000)).await.unwrap();
        assert_eq!(answer.pending, 0);
        for (symbol, _) in answer.hits.iter().filter(|(symbol, _)| symbol.kind != Kind::Package) {
            let path = self.below_tree(symbol);
            let line = texts.get(&path).and_then(|text| text.lines().nth(symbol.line as usize));
            let there = line.and_then(|line| line.get(symbol.character as usize..));
            let is_there = there.is_some_and(|there| there.starts_with(&symbol.name));
            assert!(is_there, "{} is not at {path}:{}: {line:?}", symbol.name, symbol.line);
        }
        let Some((path, (_, text))) = open.iter().nth(dice.below(open.len().max(1))) else {
            return;
        };
        let name = text.split("class ").last().and_then(|it| it.split(' ').next()).unwrap();
        let answer = session.search(&request(name, 1000)).await.unwrap();
        let is_found = |symbol: &Symbol| symbol.name == name && self.below_tree(symbol) == *path;
        assert!(answer.hits.iter().any(|(it, _)| is_found(it)), "{name} in {path} is not found");
    }

    async fn check_quiet(&mut self) {
        self.catch_up().await;
        for (number, editor) in self.editors.iter().enumerate() {
            editor.session.caught_up().await;
            let seen = self.lines(&editor.session.view());
            assert_eq!(seen, expected(&self.texts_of(number)), "editor {number}");
        }
        assert_eq!(self.lines(&self.workspace.view()), expected(&self.disk), "the disk");
    }

    fn lines(&self, view: &SymbolView) -> Vec<String> {
        let symbols = view.symbols().map(|symbol| self.workspace.symbol(symbol));
        let mut lines: Vec<_> =
            symbols.map(|symbol| line(&self.below_tree(&symbol), &symbol)).collect();
        lines.sort();
        lines
    }

    fn below_tree(&self, symbol: &Symbol) -> String {
        let path = String::from_utf8(symbol.file.clone()).unwrap();
        path.strip_prefix(&format!("{}/", self.tree.display())).unwrap_or(&path).to_owned()
    }

    /// What an editor sees: the disk, under what it has open.
    fn texts_of(&self, editor: usize) -> Texts {
        let mut texts = self.disk.clone();
        for (path, (_, text)) in &self.editors[editor].open {
            texts.insert(path.clone(), text.clone());
        }
        texts
    }

    fn any_file(&self, dice: &mut Dice) -> Option<String> {
        let at = dice.below(self.disk.len().max(1));
        self.disk.keys().nth(at).cloned()
    }

    fn text(&mut self, dice: &mut Dice) -> String {
        self.written += 1;
        let number = self.written;
        let package = ["p", "p.q", "r", ""][dice.below(4)];
        let clause =
            if package.is_empty() { String::new() } else { format!("package {package};\n") };
        let fields = "    int padding;\n".repeat(dice.below(4));
        format!("{clause}class T{number} {{\n{fields}    void m{number}() {{}}\n}}\n")
    }
}

fn any_path(dice: &mut Dice) -> String {
    let root = ["one", "two/src", "two/src/nested", "."][dice.below(4)];
    let package = ["p", "p/q", "r", ""][dice.below(4)];
    let path = format!("{root}/{package}/C{}.java", dice.below(12));
    path.replace("//", "/").trim_start_matches("./").to_owned()
}

/// The symbols of some texts, each scanned for itself.
fn expected(texts: &Texts) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, text) in texts {
        let identity = ShardIdentity([7; 16]);
        let root = Root { identity: b"src".to_vec(), archive_stamp: None };
        let mut builder = ShardBuilder::new(ShardId(0), identity, 0, vec![root]);
        let meta = FileMeta { path: path.as_bytes().to_vec(), ..FileMeta::default() };
        let declarations = extract::declarations(text, Fallback::Tree).declarations;
        builder.add(&FileSymbols::new(meta, text, declarations)).unwrap();
        let shard = Shard::from_bytes(builder.finish().unwrap().into(), &identity).unwrap();
        let parts = vec![ViewShard::new(Arc::new(shard), [])];
        let view = SymbolView::new(Revision(0), parts, None);
        lines.extend(view.symbols().map(|symbol| {
            let symbol = Symbol {
                name: symbol.name().to_owned(),
                kind: symbol.kind(),
                container: symbol.container(),
                package: symbol.package().to_owned(),
                file: Vec::new(),
                line: symbol.line(),
                character: symbol.character(),
                signature: symbol.signature(),
                modifiers: symbol.modifiers(),
                local: symbol.local(),
            };
            line(path, &symbol)
        }));
    }
    lines.sort();
    lines.dedup_by(|a, b| a == b && a.starts_with("package "));
    lines
}

/// A package is one symbol, at whichever of its files.
fn line(path: &str, symbol: &Symbol) -> String {
    let Symbol { kind: Kind::Package, name, .. } = symbol else {
        let Symbol { package, container, signature, line, character, .. } = symbol;
        return format!("{path}:{line}:{character} {package} {container} {signature}");
    };
    format!("package {name}")
}

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    /// A number below `bound`, by splitmix64.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

/// Says how to repeat a sequence that fails.
struct TellSeed(u64);

impl Drop for TellSeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("NOVA_TEST_SEED={}", self.0);
        }
    }
}
