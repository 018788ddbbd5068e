//! `nova completions`: a script for a shell.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory;

use crate::args::Cli;

pub(crate) fn run(shell: clap_complete::Shell) -> anyhow::Result<ExitCode> {
    // The generator panics when its output goes away; a buffer does not.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "nova", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
