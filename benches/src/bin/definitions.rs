//! Measures how often the language server is right about what a name means, by what javac says:
//!
//!     java benches/definitions/Truth.java TREE/java.base java/util java/util/concurrent java/io java/net java/time > truth.tsv
//!     cargo run --release -p nova-benches --bin definitions -- TREE truth.tsv
//!
//! The tree is an unpacked `src.zip` of the JDK that `java` is of.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nova_benches::language_server::Server;
use nova_benches::nova;
use nova_syntax::header::Arity;
use serde_json::{Value, json};

/// Names that are asked about, of each use.
const NAMES_PER_USE: usize = 300;

/// A name, and what it means.
struct Name {
    path: String,
    line: u32,
    column: u32,
    meaning: String,
    parameters: Option<u32>,
}

/// What is declared at a place.
struct Declared {
    full_name: String,
    /// The type, if it is a constructor: `new C()` is a name of `C` to javac.
    constructs: Option<String>,
    parameters: Option<u32>,
}

/// Where something is declared: path, line and column.
type Place = (String, u64, u64);

#[derive(Default)]
struct Tally {
    first: usize,
    among: usize,
    single: usize,
    single_and_wrong: usize,
    times: Vec<Duration>,
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let tree = arguments.next().context("say which tree the names are of")?;
    let tree = fs::canonicalize(tree)?;
    let truth = fs::read_to_string(arguments.next().context("say what javac has found")?)?;
    let nova = nova::build()?;
    let scratch = tempfile::tempdir()?;
    let cache = scratch.path().join("cache");
    let declared = export(&nova, &tree, &cache)?;
    let mut by_use = BTreeMap::<&str, Vec<Name>>::new();
    for line in truth.lines() {
        let (used, name) = read(line).with_context(|| format!("what is this: {line}"))?;
        by_use.entry(used).or_default().push(name);
    }
    let mut server = Server::start(&nova, &tree, &cache)?;
    server.settle()?;
    println!(
        "| use | names | first right | right among them | one answer | that one wrong | p50 | p99 |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for (used, names) in by_use {
        let step = names.len().div_ceil(NAMES_PER_USE).max(1);
        let mut tally = Tally::default();
        for name in names.iter().step_by(step) {
            tally.take(name, &mut server, &declared)?;
        }
        tally.print(used);
    }
    server.end()
}

fn read(line: &str) -> Option<(&str, Name)> {
    let [path, line, column, _, used, meaning, parameters] =
        line.split('\t').collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let name = Name {
        path: path.to_owned(),
        line: line.parse().ok()?,
        column: column.parse().ok()?,
        meaning: meaning.to_owned(),
        parameters: parameters.parse().ok(),
    };
    Some((used, name))
}

/// All that is declared in a tree.
fn export(nova: &Path, tree: &Path, cache: &Path) -> anyhow::Result<HashMap<Place, Declared>> {
    let mut command = Command::new(nova);
    let output = command.args(["export", "--cache-dir"]).arg(cache).arg(tree).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut declared = HashMap::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let symbol: Value = serde_json::from_str(line)?;
        let text = |field: &str| symbol[field].as_str().unwrap_or_default();
        let parts = [text("package"), text("container"), text("name")];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let number = |field: &str| symbol[field].as_u64().unwrap_or_default();
        let path = tree.join(text("path")).to_string_lossy().into_owned();
        let is_constructor = text("kind") == "constructor";
        let found = Declared {
            full_name: parts.join("."),
            constructs: is_constructor.then(|| parts[..parts.len() - 1].join(".")),
            parameters: Arity::of(text("signature")).map(|arity| arity.parameters),
        };
        declared.insert((path, number("line"), number("character")), found);
    }
    Ok(declared)
}

impl Tally {
    fn take(
        &mut self,
        name: &Name,
        server: &mut Server,
        declared: &HashMap<Place, Declared>,
    ) -> anyhow::Result<()> {
        let Name { path, line, column, .. } = name;
        let started = Instant::now();
        let found = server.ask(
            "textDocument/definition",
            json!({
                "textDocument": { "uri": format!("file://{path}") },
                "position": { "line": line, "character": column },
            }),
        )?;
        self.times.push(server.received - started);
        let found = match found {
            Value::Array(found) => found,
            Value::Null => Vec::new(),
            one => vec![one],
        };
        let is_right = |location: &Value| {
            let path = location["uri"].as_str().unwrap_or_default().trim_start_matches("file://");
            let start = &location["range"]["start"];
            let number = |field: &str| start[field].as_u64().unwrap_or_default();
            let place = (path.to_owned(), number("line"), number("character"));
            declared.get(&place).is_some_and(|it| it.is_meant_by(name))
        };
        let is_first = found.first().is_some_and(is_right);
        self.first += usize::from(is_first);
        self.among += usize::from(found.iter().any(is_right));
        self.single += usize::from(found.len() == 1);
        self.single_and_wrong += usize::from(found.len() == 1 && !is_first);
        Ok(())
    }

    fn print(mut self, used: &str) {
        self.times.sort_unstable();
        let all = self.times.len();
        let at = |percent: usize| self.times[(all * percent).div_ceil(100).max(1) - 1];
        let [p50, p99] = [50, 99].map(at).map(|it| it.as_secs_f64() * 1e3);
        let shares = [self.first, self.among, self.single, self.single_and_wrong];
        let [first, among, single, wrong] = shares.map(|it| 100.0 * it as f64 / all as f64);
        println!(
            "| {used} | {all} | {first:.1}% | {among:.1}% | {single:.1}% | {wrong:.1}% | {p50:.1} ms | {p99:.1} ms |"
        );
    }
}

impl Declared {
    fn is_meant_by(&self, name: &Name) -> bool {
        match &self.constructs {
            Some(type_) => *type_ == name.meaning,
            None => {
                let is_called_so = self.full_name == name.meaning;
                is_called_so && name.parameters.is_none_or(|it| self.parameters == Some(it))
            }
        }
    }
}
