//! Measures `nova` beside ctags and ripgrep on one tree and prints the table of ratios:
//!
//!     cargo run --release -p nova-benches --bin compare -- PATH/TO/UNPACKED/SOURCES
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;
use nova_benches::hyperfine::{Measured, Times, measure};
use nova_benches::memory::peak_resident_bytes;
use nova_benches::nova;

const RUNS: u32 = 10;

fn main() -> anyhow::Result<()> {
    let tree = std::env::args_os().nth(1).context("name a folder of Java sources")?;
    let tree = std::fs::canonicalize(PathBuf::from(tree))?;
    let nova = nova::build()?;
    let scratch = tempfile::tempdir()?;
    let (cold, warm) = (scratch.path().join("cold"), scratch.path().join("warm"));
    let report = nova::index(&nova, &tree, &warm)?;
    let number = |field: &str| report[field].as_f64().unwrap_or(0.0);

    let (nova, tree) = (nova.display().to_string(), tree.display().to_string());
    let (cold, warm) = (cold.display().to_string(), warm.display().to_string());
    let command = |name, command: String, prepare: &str| Measured {
        name,
        command,
        prepare: prepare.to_owned(),
    };
    let tags = scratch.path().join("tags").display().to_string();
    let times = measure(
        &[
            command(
                "ctags",
                format!("ctags -R --languages=Java --fields=+nKzS --sort=no -f {tags} {tree}"),
                "true",
            ),
            command("rg", format!("rg -c -t java class {tree}"), "true"),
            command(
                "nova index, cold",
                format!("{nova} index --cache-dir {cold} {tree}"),
                &format!("rm -rf {cold}"),
            ),
            command(
                "nova search, warm",
                format!("{nova} search --cache-dir {warm} HashMap {tree}"),
                "true",
            ),
        ],
        RUNS,
    )?;
    let [ctags, rg, index, search] = times[..] else { anyhow::bail!("hyperfine lost a command") };

    std::fs::remove_dir_all(&cold)?;
    let mut indexing = Command::new(&nova);
    indexing.args(["index", "--cache-dir", &cold, &tree]).stdout(Stdio::null());
    let memory = peak_resident_bytes(&mut indexing)?;

    println!(
        "\n{} files, {:.1} MB of source, {} symbols\n",
        number("files"),
        number("source_bytes") / 1e6,
        number("symbols")
    );
    println!("| what | median | min … max | × ctags | × rg |");
    println!("|---|---|---|---|---|");
    row("ctags", ctags, ctags, rg);
    row("rg", rg, ctags, rg);
    row("nova index, cold", index, ctags, rg);
    row("nova search, warm", search, ctags, rg);
    println!(
        "\nindex size {:.2}% of the source",
        100.0 * number("index_bytes") / number("source_bytes")
    );
    println!("peak resident memory of router and workers {:.0} MB", memory as f64 / 1e6);
    Ok(())
}

fn row(name: &str, times: Times, ctags: Times, rg: Times) {
    let (in_ctags, in_rg) = (times.median / ctags.median, times.median / rg.median);
    println!(
        "| {name} | {:.3} s | {:.3} … {:.3} | {in_ctags:.3} | {in_rg:.2} |",
        times.median, times.min, times.max
    );
}
