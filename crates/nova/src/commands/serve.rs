//! `nova serve`: keeps a workspace open, for the other commands to ask.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nova_router::client::{self, Stopped};
use nova_router::daemon::{End, StartDaemonError};
use nova_router::{Daemon, Record, WorkspaceOptions};
use serde_json::json;
use tokio::time::sleep;

use crate::args::{GlobalArgs, ServeArgs};
use crate::guests;
use crate::interrupt::{self, Interrupted};
use crate::output::messages::Messages;
use crate::period::Period;
use crate::session::workspace_options;
use nova_router::in_words::paths;
use nova_worker::args::own_executable;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Nobody knows any more of one in the background that nobody has asked for so long.
const DETACHED_IDLE: Period = Period(Duration::from_secs(3 * 3600));

/// What was started in the background listens by then, or never will.
const START_TIMEOUT: Duration = Duration::from_secs(20);
const LOOK_PAUSE: Duration = Duration::from_millis(5);

pub(crate) async fn run(
    global: &GlobalArgs,
    args: &ServeArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    let options = workspace_options(global, &args.indexing, guests::options(&args.guests, true)?)?;
    if args.stop {
        stop(&options, args, messages).await
    } else if args.detach {
        detach(&options, args, messages).await
    } else {
        serve(options, args, messages).await
    }
}

/// Serves until somebody wants it to end.
async fn serve(
    options: WorkspaceOptions,
    args: &ServeArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    let cancel = interrupt::watch();
    let daemon = match Daemon::start(options, VERSION).await {
        Err(StartDaemonError::Running(Some(record))) => bail!("{}", already(&record)),
        other => other?,
    };
    let record = daemon.record();
    let roots: Vec<_> = record.roots().map(|root| paths::shown(&root)).collect();
    let (pid, roots) = (record.pid, roots.join(", "));
    tell(args, messages, record, true, &format!("serving {roots} (process {pid})"))?;
    match daemon.serve(args.idle_timeout.map(|period| period.0), &cancel).await {
        End::Asked | End::Idle => Ok(ExitCode::SUCCESS),
        End::Cancelled => Err(Interrupted.into()),
        End::Displaced => bail!("the cache folder was deleted: start nova serve again"),
    }
}

async fn stop(
    options: &WorkspaceOptions,
    args: &ServeArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    let pid = match client::stop(options, VERSION).await? {
        Stopped::NobodyThere => {
            messages.remark("no nova serve is running for this workspace");
            None
        }
        Stopped::Ended { pid } => {
            messages.remark(&format!("ended (process {pid})"));
            Some(pid)
        }
    };
    if args.json {
        print(&json!({ "pid": pid, "stopped": pid.is_some() }))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts the same command as a process of its own, and waits until it listens.
async fn detach(
    options: &WorkspaceOptions,
    args: &ServeArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    interrupt::watch();
    if let Some(record) = client::who_serves(options, VERSION).await {
        tell(args, messages, &record, false, &already(&record))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut log = client::open_log(options)?;
    let said_before = log.metadata().context("cannot read the log")?.len();
    let mut command = Command::new(own_executable()?);
    command
        .args(arguments(std::env::args_os().skip(1), args.idle_timeout.is_none()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.try_clone().context("cannot write to the log")?);
    // What is typed at the terminal is not for it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().context("cannot start nova serve")?;
    let started = Instant::now();
    loop {
        // In this order: what has ended by now was looked for after its end.
        let ended = child.try_wait().context("cannot wait for nova serve")?;
        if let Some(record) = client::who_serves(options, VERSION).await {
            let (is_new, pid) = (record.pid == child.id(), record.pid);
            let serving = format!("serving in the background (process {pid})");
            let text = if is_new { serving } else { already(&record) };
            tell(args, messages, &record, is_new, &text)?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(status) = ended {
            bail!("nova serve did not start ({status}): {}", last_words(&mut log, said_before));
        }
        if started.elapsed() > START_TIMEOUT {
            drop(child.kill());
            bail!("nova serve did not listen within {START_TIMEOUT:?}");
        }
        sleep(LOOK_PAUSE).await;
    }
}

/// The arguments of the process in the background: these, but for its being in the background.
fn arguments(given: impl Iterator<Item = OsString>, is_idle_default: bool) -> Vec<OsString> {
    let mut given = given.peekable();
    let mut arguments = Vec::new();
    while let Some(argument) = given.next_if(|argument| argument != "--") {
        if argument == "--detach" {
            arguments
                .extend(is_idle_default.then(|| format!("--idle-timeout={DETACHED_IDLE}").into()));
        } else {
            arguments.push(argument);
        }
    }
    arguments.extend(given);
    arguments
}

fn last_words(log: &mut File, said_before: u64) -> String {
    let mut said = Vec::new();
    // Without them it did not start all the same.
    let read = log.seek(SeekFrom::Start(said_before)).and_then(|_| log.read_to_end(&mut said));
    if let Err(error) = read {
        tracing::debug!("cannot read the log: {error}");
    }
    let said = String::from_utf8_lossy(&said);
    said.lines().next_back().unwrap_or("it said nothing").to_owned()
}

fn already(record: &Record) -> String {
    format!("nova serve is running already (process {})", record.pid)
}

fn tell(
    args: &ServeArgs,
    messages: Messages,
    record: &Record,
    is_new: bool,
    text: &str,
) -> io::Result<()> {
    messages.remark(text);
    if args.json {
        let roots: Vec<_> = record.roots().map(|root| paths::as_data(&root)).collect();
        print(&json!({ "pid": record.pid, "roots": roots, "started": is_new }))?;
    }
    Ok(())
}

fn print(object: &serde_json::Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{object}")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_in_the_background_gets_the_same_arguments_without_detach() {
        let check = |given: &[&str], is_idle_default, expected: &[&str]| {
            let given = given.iter().map(OsString::from);
            assert_eq!(arguments(given, is_idle_default), expected);
        };
        check(&["serve", "--detach", "a"], true, &["serve", "--idle-timeout=3h", "a"]);
        let timed = ["--idle-timeout", "5s"];
        check(&["serve", "--detach", timed[0], timed[1]], false, &["serve", timed[0], timed[1]]);
        check(&["serve", "--", "--detach"], true, &["serve", "--", "--detach"]);
    }
}
