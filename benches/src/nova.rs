//! The `nova` program under measurement: built from this checkout, with a cache folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// Builds the program and says where it is.
pub fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(["build", "--release", "-p", "nova"]).status()?;
    ensure!(status.success(), "cannot build nova");
    let own = std::env::current_exe()?;
    let nova = own.with_file_name(format!("nova{}", std::env::consts::EXE_SUFFIX));
    ensure!(nova.exists(), "{} was not built", nova.display());
    Ok(nova)
}

/// What `nova index --json` says of a tree.
pub fn index(nova: &Path, tree: &Path, cache: &Path) -> anyhow::Result<serde_json::Value> {
    let output = Command::new(nova)
        .args(["index", "--json", "--cache-dir"])
        .arg(cache)
        .arg(tree)
        .output()
        .context("cannot run nova")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}
