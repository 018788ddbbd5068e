//! `nova index`: brings the index up to date and prints what is in it.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::bail;
use nova_router::report::IndexReport;

use crate::args::{GlobalArgs, IndexArgs};
use crate::output::json;
use crate::output::messages::Messages;
use crate::session::Session;
use crate::size::Size;

pub(crate) async fn run(
    global: &GlobalArgs,
    args: &IndexArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    if global.workers == Some(0) && args.listen.is_none() {
        bail!("--workers 0 leaves nobody to do the work, unless --listen takes workers in");
    }
    let session = Session::open(global, &args.tree, Some(args), messages).await?;
    let mut out = io::stdout().lock();
    if args.json {
        let object = json::index_report(&session.report, session.workspace.roots());
        writeln!(out, "{object}")?;
    } else {
        write_summary(&mut out, &session.report)?;
    }
    out.flush()?;
    Ok(session.exit_code())
}

fn write_summary(out: &mut impl Write, report: &IndexReport) -> io::Result<()> {
    let share = 100.0 * report.index_bytes as f64 / (report.source_bytes as f64).max(1.0);
    writeln!(
        out,
        "{} files, {} symbols, {} of source",
        report.files,
        report.symbols,
        Size(report.source_bytes),
    )?;
    writeln!(
        out,
        "{} shards, {} of index ({share:.1}% of the source), digest {}",
        report.shards,
        Size(report.index_bytes),
        report.digest,
    )?;
    writeln!(
        out,
        "{} files scanned by {} workers in {:.3} s",
        report.rescanned_files,
        report.workers,
        report.elapsed.as_secs_f64(),
    )?;
    if !report.notes.is_empty() {
        writeln!(out, "{} files are not UTF-8 and were read as ISO-8859-1", report.notes.len())?;
    }
    if !report.skipped.is_empty() {
        writeln!(out, "{} files were skipped", report.skipped.len())?;
    }
    Ok(())
}
