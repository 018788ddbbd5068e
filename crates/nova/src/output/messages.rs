//! Words for people, on stderr: warnings, errors, the log.
#![expect(clippy::print_stderr, reason = "this is the one place that does it")]

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, ColorChoice};
use crate::interrupt::{self, Interrupted};

/// How much a person wants to hear.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Messages {
    /// Warnings and remarks are left out.
    is_silent: bool,
}

impl Messages {
    pub(crate) fn new(cli: &Cli) -> Self {
        Self { is_silent: cli.global.quiet || cli.command.is_json() }
    }

    pub(crate) fn is_silent(self) -> bool {
        self.is_silent
    }

    /// Something went wrong, and the command goes on.
    pub(crate) fn warn(self, text: &str) {
        if !self.is_silent {
            eprintln!("{}: {text}", painted("warning", AnsiColor::Yellow));
        }
    }

    /// Something that is good to know.
    pub(crate) fn remark(self, text: &str) {
        if !self.is_silent {
            eprintln!("{text}");
        }
    }
}

/// Something that makes the command fail.
pub(crate) fn error(text: &str) {
    eprintln!("{}: {text}", painted("error", AnsiColor::Red));
}

/// The end of a command that failed: a message, unless nobody is there to read it, and the exit code.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    let is_closed_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(is_closed_pipe) {
        return ExitCode::SUCCESS;
    }
    if error.is::<Interrupted>() {
        return ExitCode::from(interrupt::EXIT_CODE);
    }
    self::error(&format!("{error:#}"));
    ExitCode::FAILURE
}

/// A time in its largest whole unit.
pub(crate) fn rough(age: Duration) -> String {
    const UNITS: [(&str, u64); 4] =
        [("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1)];
    let seconds = age.as_secs().max(1);
    let unit = UNITS.iter().find(|(_, length)| seconds >= 2 * length);
    unit.map_or_else(
        || "a moment".to_owned(),
        |(name, length)| format!("{} {name}", seconds / length),
    )
}

/// One line on stderr that is data.
pub(crate) fn data(json: &serde_json::Value) {
    eprintln!("{json}");
}

/// Sends the log to stderr, as much of it as was asked for.
pub(crate) fn start_log(cli: &Cli) {
    let level = match cli.global.verbose {
        _ if cli.global.quiet => "error",
        0 if cli.command.is_json() => "error",
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env("NOVA_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(wants_colour(cli.global.color, io::stderr().is_terminal()))
        .with_target(false)
        .without_time()
        .init();
    COLOUR.store(
        wants_colour(cli.global.color, io::stderr().is_terminal()),
        std::sync::atomic::Ordering::Relaxed,
    );
}

/// Whether messages are painted; set once, before the first one.
static COLOUR: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Whether output is painted, given what it goes to.
pub(crate) fn wants_colour(choice: ColorChoice, is_terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}

fn painted(word: &str, colour: AnsiColor) -> String {
    if COLOUR.load(std::sync::atomic::Ordering::Relaxed) {
        let style = Style::new().bold().fg_color(Some(colour.into()));
        format!("{style}{word}{style:#}")
    } else {
        word.to_owned()
    }
}
