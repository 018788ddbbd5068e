//! Measures how the time to index grows with the number of files, on trees that it generates:
//!
//!     cargo run --release -p nova-benches --bin scale -- [FILES…]
//!
//! Without numbers it doubles from 62,500 to 1,000,000 files.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::fs;
use std::path::Path;
use std::time::Instant;

use nova_benches::nova;

const FILES_DEFAULT: [u64; 5] = [62_500, 125_000, 250_000, 500_000, 1_000_000];
const FILES_PER_PACKAGE: u64 = 20;
const PACKAGES_PER_ROOT: u64 = 50;

fn main() -> anyhow::Result<()> {
    let mut sizes = std::env::args().skip(1).map(|n| n.parse()).collect::<Result<Vec<u64>, _>>()?;
    if sizes.is_empty() {
        sizes = FILES_DEFAULT.to_vec();
    }
    let nova = nova::build()?;
    println!("| files | symbols | cold | × the row above | warm | × the row above |");
    println!("|---|---|---|---|---|---|");
    let mut above: Option<(f64, f64)> = None;
    for files in sizes {
        let scratch = tempfile::tempdir()?;
        let (tree, cache) = (scratch.path().join("tree"), scratch.path().join("cache"));
        generate(&tree, files)?;
        let (cold, symbols) = timed(&nova, &tree, &cache)?;
        let (warm, _) = timed(&nova, &tree, &cache)?;
        let ratio = |now: f64, above: Option<f64>| {
            above.map_or_else(String::new, |above| format!("{:.2}", now / above))
        };
        println!(
            "| {files} | {symbols} | {cold:.2} s | {} | {warm:.2} s | {} |",
            ratio(cold, above.map(|above| above.0)),
            ratio(warm, above.map(|above| above.1)),
        );
        above = Some((cold, warm));
    }
    Ok(())
}

/// Seconds for one run of `nova index`, and the symbols found.
fn timed(nova: &Path, tree: &Path, cache: &Path) -> anyhow::Result<(f64, u64)> {
    let started = Instant::now();
    let report = nova::index(nova, tree, cache)?;
    Ok((started.elapsed().as_secs_f64(), report["symbols"].as_u64().unwrap_or(0)))
}

/// A monorepo of modules, packages and small classes, no two of one name.
fn generate(tree: &Path, files: u64) -> anyhow::Result<()> {
    for number in 0..files {
        let package = number / FILES_PER_PACKAGE;
        let root = package / PACKAGES_PER_ROOT;
        let folder = tree.join(format!("module{root}/src/main/java/org/example/p{package}"));
        if number % FILES_PER_PACKAGE == 0 {
            fs::create_dir_all(&folder)?;
        }
        let text = format!(
            "package org.example.p{package};\n\nimport java.util.List;\n\n\
             /** Generated. */\npublic class Class{number} {{\n    \
             private final List<String> names{number};\n\n    \
             public Class{number}(List<String> names) {{\n        this.names{number} = names;\n    }}\n\n    \
             public int count{number}() {{\n        return names{number}.size();\n    }}\n}}\n"
        );
        fs::write(folder.join(format!("Class{number}.java")), text)?;
    }
    Ok(())
}
