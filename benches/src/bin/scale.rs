//! Measures how the time to index grows with the number of files, on trees that it generates:
//!
//!     cargo run --release -p nova-benches --bin scale -- [FILES…]
//!
//! Without numbers it doubles from 62,500 to 1,000,000 files.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::path::Path;
use std::time::Instant;

use nova_benches::nova;
use nova_benches::tree::generate;

const FILES_DEFAULT: [u64; 5] = [62_500, 125_000, 250_000, 500_000, 1_000_000];

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
