//! `nova index`: brings the index up to date and prints what is in it.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::bail;
use nova_router::report::{Contents, IndexReport};

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
    let (report, contents) = (&session.report, session.workspace.contents());
    let mut out = io::stdout().lock();
    if args.json {
        let object = json::index_report(report, &contents, session.workspace.roots());
        writeln!(out, "{object}")?;
    } else {
        write_summary(&mut out, report, &contents)?;
    }
    out.flush()?;
    Ok(session.exit_code())
}

fn write_summary(
    out: &mut impl Write,
    report: &IndexReport,
    contents: &Contents,
) -> io::Result<()> {
    let (source, index) = (Size(contents.source_bytes), Size(contents.index_bytes));
    let share = 100.0 * contents.index_bytes as f64 / (contents.source_bytes as f64).max(1.0);
    writeln!(out, "{} files, {} symbols, {source} of source", contents.files, contents.symbols)?;
    writeln!(
        out,
        "{} shards, {index} of index ({share:.1}% of the source), digest {}",
        report.shards, contents.digest,
    )?;
    writeln!(
        out,
        "{} files scanned by {} workers in {:.3} s",
        report.rescanned_files,
        report.workers,
        report.elapsed.as_secs_f64(),
    )?;
    if !contents.notes.is_empty() {
        writeln!(out, "{} files are not UTF-8 and were read as ISO-8859-1", contents.notes.len())?;
    }
    if !report.skipped.is_empty() {
        writeln!(out, "{} files were skipped", report.skipped.len())?;
    }
    Ok(())
}
