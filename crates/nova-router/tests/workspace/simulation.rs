//! The property that everything rests on, hunted by chance: whatever happens to the files, the editors, the
//! disk, the router, its workers and the wires to them, once it is quiet each sees the symbols of the text that
//! there is; and at no time a hit points to where its name is not.
//!
//! `NOVA_TEST_SEED` repeats a sequence, `NOVA_TEST_SEQUENCES` says how many there are.

mod dice;
mod expected;
mod faults;
mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nova_index::SymbolView;
use nova_router::report::{FailedShard, Symbol};
use nova_router::{
    Answer, DocumentVersion, Look, Position, ReconcileError, SearchRequest, Session, TextChange,
    Workspace,
};
use nova_syntax::declarations::Kind;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Fixture, request};
use dice::Dice;
use expected::{expected, line};
use faults::Faults;

const SEQUENCES: u64 = 150;
const QUIET_POINTS: usize = 4;
const STEPS_BETWEEN_MAX: usize = 12;
const EDITORS: usize = 2;
/// More than are looked at one by one.
const BRANCH_FILES: usize = 70;
const AT_A_TIME: usize = 4;
/// Longer than the router bears with workers that hang, one after the other. While somebody waits for a worker the
/// clock is paused, so this costs no time either.
const PATIENCE: Duration = Duration::from_secs(600);
/// Why a shard fails whose file is damaged after the run has opened it.
const DAMAGED_MEANWHILE: &str = "cannot build upon ";
/// What is written under these names in the cache folder, by whoever has its lock.
const UNFINISHED: [&str; 2] = ["layout.json.new", "names.bin.new"];

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
    /// What befalls workers and the disk.
    faults: Faults,
    /// What nobody has waited for yet.
    beside: JoinSet<()>,
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
        let faults = Faults::default();
        let (workspace, tending) = Self::open(&fixture, &faults, &mut dice).await;
        let editors = Self::editors(&workspace);
        let mut world = Self {
            fixture,
            tree,
            workspace,
            _tending: tending,
            editors,
            faults,
            beside: JoinSet::new(),
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
    async fn open(
        fixture: &Fixture,
        faults: &Faults,
        dice: &mut Dice,
    ) -> (Arc<Workspace>, DropGuard) {
        let workspace = fixture.workspace_with(wire::workers(faults));
        let cancel = CancellationToken::new();
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
        if self.faults.is_disk_full() {
            UNFINISHED.iter().for_each(|name| self.faults.about_to_write(&self.cache().join(name)));
        }
        match dice.below(20) {
            0..=2 => self.write(&path, &mut dice),
            3 => self.remove(&path),
            4 => self.rename(&path, &any_path(&mut dice)),
            5 if dice.below(2) == 0 => self.switch_branch(),
            5 => self.rename_folder(&mut dice),
            6..=10 => self.edit(editor, &path, &mut dice).await,
            11 => self.save(editor, &path, &mut dice).await,
            12 => self.close(editor, &path, &mut dice).await,
            13 if dice.below(2) == 0 => self.give_up_catching_up(&mut dice),
            13 => self.catch_up_beside(&mut dice).await,
            14 => drop(self.workspace.fold().await.unwrap()),
            15..=17 => self.faults.lie_in_wait(&mut dice),
            18 => self.fill_disk_or_damage(&mut dice),
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

    /// Another branch has files that this one has not, or the other way round: so many that they overtake a survey.
    fn switch_branch(&mut self) {
        let files = (0..BRANCH_FILES).map(|number| format!("branch/p/B{number}.java"));
        let (gone, new): (Vec<_>, Vec<_>) = files.partition(|file| self.disk.contains_key(file));
        fs::create_dir_all(self.tree.join("branch/p")).unwrap();
        for file in new {
            self.written += 1;
            let text = format!("package p;\nclass T{} {{}}\n", self.written);
            fs::write(self.tree.join(&file), &text).unwrap();
            self.disk.insert(file, text);
        }
        gone.iter().for_each(|file| self.remove(file));
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

    async fn save(&mut self, editor: usize, path: &str, dice: &mut Dice) {
        let Editor { session, open } = &self.editors[editor];
        if let Some((_, text)) = open.get(path) {
            let file = self.tree.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            self.disk.insert(path.to_owned(), text.clone());
            let session = session.clone();
            self.wait_or_not(async move { session.save(&file).await }, dice).await;
        }
    }

    async fn close(&mut self, editor: usize, path: &str, dice: &mut Dice) {
        let Editor { session, open } = &mut self.editors[editor];
        if open.remove(path).is_some() {
            let closing = session.close(&self.tree.join(path));
            self.wait_or_not(closing, dice).await;
        }
    }

    async fn catch_up_beside(&mut self, dice: &mut Dice) {
        let (workspace, faults) = (Arc::clone(&self.workspace), self.faults.clone());
        self.wait_or_not(async move { catch_up(&workspace, &faults).await }, dice).await;
    }

    /// A frontend asks for what there is, and goes before it has it.
    fn give_up_catching_up(&mut self, dice: &mut Dice) {
        let (workspace, patience) =
            (Arc::clone(&self.workspace), Duration::from_millis(dice.below(30) as u64));
        self.beside.spawn(async move {
            let cancel = CancellationToken::new();
            drop(timeout(patience, workspace.catch_up(Look::AtChanges, &cancel)).await);
        });
    }

    /// Waits for something, or has it go on beside what comes next.
    async fn wait_or_not(
        &mut self,
        something: impl Future<Output = ()> + Send + 'static,
        dice: &mut Dice,
    ) {
        match dice.below(2) {
            0 => something.await,
            _ => drop(self.beside.spawn(something)),
        }
    }

    async fn catch_up(&self) {
        catch_up(&self.workspace, &self.faults).await;
    }

    fn fill_disk_or_damage(&mut self, dice: &mut Dice) {
        match dice.below(2) {
            0 => self.faults.fill_disk(),
            _ => self.damage_cache(dice),
        }
    }

    /// There is room again.
    fn clear_disk(&self) {
        self.faults.clear_disk();
        // Whatever was begun there has failed, and is begun anew.
        UNFINISHED.iter().for_each(|name| drop(fs::remove_file(self.cache().join(name))));
    }

    fn cache(&self) -> PathBuf {
        self.fixture.folder.path().join("cache")
    }

    /// Another router takes over, and the editors tell it what they have open. Meanwhile the cache may have
    /// been damaged.
    async fn restart(&mut self, dice: &mut Dice) {
        self.beside.shutdown().await;
        self.workspace.close();
        if dice.below(2) == 0 {
            self.damage_cache(dice);
        }
        (self.workspace, self._tending) = Self::open(&self.fixture, &self.faults, dice).await;
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
        let files = fs::read_dir(self.cache()).unwrap();
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
        let answer = self.search(session, query).await;
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
        let answer = self.search(session, name).await;
        let is_found = |symbol: &Symbol| symbol.name == name && self.below_tree(symbol) == *path;
        assert!(answer.hits.iter().any(|(it, _)| is_found(it)), "{name} in {path} is not found");
    }

    async fn search(&self, session: &Session, query: &str) -> Answer {
        // Whoever waits in vain does so for no time.
        let _paused = self.faults.pause_clock();
        let request = SearchRequest { verify_timeout: PATIENCE, ..request(query, 1000) };
        let answer = session.search(&request).await.unwrap();
        assert_eq!(answer.pending, 0);
        answer
    }

    async fn check_quiet(&mut self) {
        while let Some(ended) = self.beside.join_next().await {
            ended.unwrap();
        }
        self.clear_disk();
        let cancel = CancellationToken::new();
        let report = self.workspace.catch_up(Look::AtChanges, &cancel).await.unwrap();
        assert_eq!(report.failed, [], "nothing is in the way any more");
        for (number, editor) in self.editors.iter().enumerate() {
            let _paused = self.faults.pause_clock();
            let caught_up = timeout(PATIENCE, editor.session.caught_up()).await;
            caught_up.expect("what is open is shown at some time");
            let seen = self.lines(&editor.session.view());
            assert_eq!(seen, expected(&self.texts_of(number)), "editor {number}");
        }
        assert_eq!(self.lines(&self.workspace.view()), expected(&self.disk), "the disk");
        self.faults.quiet();
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

/// While the disk is full, shards may fail, and so may the whole run; and a shard, if its file is damaged after the
/// run has opened it.
async fn catch_up(workspace: &Arc<Workspace>, faults: &Faults) {
    match workspace.catch_up(Look::AtChanges, &CancellationToken::new()).await {
        Ok(report) => {
            let is_damage = |failed: &FailedShard| failed.reason.starts_with(DAMAGED_MEANWHILE);
            let is_right = faults.is_disk_full() || report.failed.iter().all(is_damage);
            assert!(is_right, "{:?}", report.failed);
        }
        Err(ReconcileError::Cache(_)) if faults.is_disk_full() => {}
        Err(error) => panic!("{error}"),
    }
}

fn any_path(dice: &mut Dice) -> String {
    let root = ["one", "two/src", "two/src/nested", "."][dice.below(4)];
    let package = ["p", "p/q", "r", ""][dice.below(4)];
    let path = format!("{root}/{package}/C{}.java", dice.below(12));
    path.replace("//", "/").trim_start_matches("./").to_owned()
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
