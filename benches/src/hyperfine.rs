//! Runs commands under hyperfine, all in one go, so that they can be compared on a noisy machine.

use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

/// A command to measure.
pub struct Measured {
    /// What it is called in the table.
    pub name: &'static str,
    /// The command, for a shell-free run.
    pub command: String,
    /// What is run before each measurement, unmeasured.
    pub prepare: String,
}

/// How long a command took, in seconds.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Times {
    /// The middle one.
    pub median: f64,
    /// The shortest.
    pub min: f64,
    /// The longest.
    pub max: f64,
}

/// Measures each command `runs` times, after one run to warm up.
pub fn measure(commands: &[Measured], runs: u32) -> anyhow::Result<Vec<Times>> {
    #[derive(Deserialize)]
    struct Report {
        results: Vec<Times>,
    }
    let report = tempfile::NamedTempFile::new()?;
    let mut hyperfine = Command::new("hyperfine");
    hyperfine.args(["--shell=none", "--warmup=1", "--style=basic"]);
    hyperfine.arg(format!("--runs={runs}")).arg("--export-json").arg(report.path());
    for measured in commands {
        hyperfine.args(["--prepare", &measured.prepare, "--command-name", measured.name]);
    }
    hyperfine.args(commands.iter().map(|measured| &measured.command));
    let status = hyperfine.status().context("cannot run hyperfine; is it installed?")?;
    ensure!(status.success(), "hyperfine failed");
    let report: Report = serde_json::from_slice(&std::fs::read(report.path())?)?;
    Ok(report.results)
}
