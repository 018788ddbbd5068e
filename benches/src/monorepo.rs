//! A monorepo of any size, made of the JDK: its files again and again, in other packages, with names
//! that are made of its names.
//!
//! ```text
//! corpus ─▶ Template: a file without bodies, its names cut out ─┐
//!       └─▶ Names: the names, how common each is, their humps ──┴─▶ Java text ─▶ scanned ─▶ shards
//! ```
//!
//! What is common in the JDK is common here: `toString` is everywhere, and the rarer a name is the
//! likelier another takes its place. The same corpus makes the same monorepo.

mod names;
mod template;

use std::collections::HashSet;

use nova_index::AddFileError;

use crate::corpus::Corpus;
use crate::workspace::{Workspace, scanned};
use names::Names;
use template::{Piece, Template};

/// What is generated.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Source roots, each a shard of its own.
    pub shards: u32,
    /// Symbols in all of them.
    pub symbols: u64,
}

/// Neighbouring files of the corpus that come together: about a package.
const FILES_PER_RUN: usize = 20;
/// Shards whose packages begin alike.
const SHARDS_PER_TEAM: u32 = 10;

/// Writes the shards, one at a time.
pub fn generate(workspace: &mut Workspace, corpus: &Corpus, size: Size) -> anyhow::Result<()> {
    let mut files: Vec<_> = corpus.files.iter().collect();
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let scanned: Vec<_> = files.iter().map(|file| template::declarations(&file.text)).collect();
    let names = Names::new(&scanned);
    let templates: Vec<_> = scanned.iter().filter_map(|it| Template::new(it, &names)).collect();
    anyhow::ensure!(!templates.is_empty(), "the corpus declares nothing");
    let mut symbols = 0;
    for shard in 0..size.shards {
        let until = size.symbols * u64::from(shard + 1) / u64::from(size.shards);
        symbols += generate_shard(workspace, shard, &templates, &names, until - symbols)?;
    }
    Ok(())
}

/// Returns how many symbols the shard has: as many as asked for, and what the last file has beyond.
fn generate_shard(
    workspace: &mut Workspace,
    shard: u32,
    templates: &[Template],
    names: &Names,
    symbols_min: u64,
) -> anyhow::Result<u64> {
    let mut random = Random::new(u64::from(shard));
    let hump = |random: &mut Random| names.any_hump(random.next()).to_ascii_lowercase();
    let team = hump(&mut Random::new(!u64::from(shard / SHARDS_PER_TEAM)));
    let service = hump(&mut random);
    let mut builder = workspace.next_shard(&format!("{team}/{service}-{shard}/src/main/java"));
    let place = Place { names, prefix: format!("com.example.{team}.{service}"), shard };
    let (mut symbols, mut paths) = (0, HashSet::new());
    let mut text = String::new();
    while symbols < symbols_min {
        let first = random.below(templates.len());
        for template in templates.iter().skip(first).take(FILES_PER_RUN) {
            let package = place.package(&template.package);
            let name = place.type_name(template.main_type);
            let path = format!("{}/{name}.java", package.replace('.', "/"));
            if symbols >= symbols_min || !paths.insert(path.clone()) {
                continue;
            }
            text.clear();
            place.write(template, random.next(), &mut text);
            let file = scanned(&path, &text);
            match builder.add(&file) {
                Err(full @ AddFileError::ShardFull { .. }) => return Err(full.into()),
                added => added?,
            }
            symbols += file.symbol_count() as u64;
        }
    }
    workspace.write_shard(builder)?;
    Ok(symbols)
}

/// Where a template becomes a file.
struct Place<'n> {
    names: &'n Names,
    prefix: String,
    shard: u32,
}

impl Place<'_> {
    fn write(&self, template: &Template, file_seed: u64, text: &mut String) {
        text.push_str("package ");
        text.push_str(&self.package(&template.package));
        text.push_str(";\n");
        for (at, piece) in (0..).zip(&template.pieces) {
            match piece {
                Piece::Text(written) => text.push_str(written),
                Piece::Type(name) => text.push_str(&self.type_name(*name)),
                Piece::Member(name) => {
                    let variant = self.names.variant(*name, mixed(file_seed, at));
                    text.push_str(&self.names.derived(*name, variant));
                }
                Piece::Import { package, name } => {
                    let is_kept = self.variant_of_type(*name) == 0;
                    let package = if is_kept { package.clone() } else { self.package(package) };
                    text.push_str(&format!("import {package}.{};\n", self.type_name(*name)));
                }
            }
        }
    }

    /// `java.util.concurrent` → `com.example.team.service.util.concurrent`.
    fn package(&self, package: &str) -> String {
        let below = package.split_once('.').map_or("", |(_, below)| below);
        let dot = if below.is_empty() { "" } else { "." };
        format!("{}{dot}{below}", self.prefix)
    }

    /// A type has one name all over its shard.
    fn type_name(&self, name: u32) -> String {
        self.names.derived(name, self.variant_of_type(name))
    }

    fn variant_of_type(&self, name: u32) -> u64 {
        self.names.variant(name, mixed(u64::from(self.shard), u64::from(name)))
    }
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(mixed(SEED, seed))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mixed(SEED, self.0)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

const SEED: u64 = 0x6e6f_7661;

/// SplitMix64's finisher over two numbers.
fn mixed(a: u64, b: u64) -> u64 {
    let mut it = a.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(b);
    it = it.wrapping_add(0x9e37_79b9_7f4a_7c15);
    it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    it ^ (it >> 31)
}
