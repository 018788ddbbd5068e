//! `nova index`: brings the index up to date and prints what is in it.

use std::io::{self, Write};
use std::process::ExitCode;

use nova_router::Look;
use nova_router::report::{Contents, IndexReport};

use crate::args::{GlobalArgs, IndexArgs};
use crate::output::json;
use crate::output::messages::Messages;
use crate::session::Session;
use nova_router::in_words::counts::counted;
use nova_worker::size::Size;

pub(crate) async fn run(
    global: &GlobalArgs,
    args: &IndexArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    let mut session =
        Session::open(global, &args.tree, Some(args), Look::AtEverything, messages).await?;
    let contents = session.contents().await?;
    let report = &session.report;
    let mut out = io::stdout().lock();
    if args.json {
        let object = json::index_report(report, &contents, session.roots());
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
    let names = Size(contents.dictionary_bytes);
    let cached = contents.index_bytes + contents.dictionary_bytes;
    let share = 100.0 * cached as f64 / (contents.source_bytes as f64).max(1.0);
    let (files, symbols) = (counted(contents.files, "file"), counted(contents.symbols, "symbol"));
    writeln!(out, "{files}, {symbols}, {source} of source")?;
    writeln!(
        out,
        "{}, {index} of index and {names} of names ({share:.1}% of the source), digest {}",
        counted(report.shards, "shard"),
        contents.digest,
    )?;
    writeln!(
        out,
        "{} scanned by {} in {:.3} s",
        counted(report.rescanned_files, "file"),
        counted(report.workers, "worker"),
        report.elapsed.as_secs_f64(),
    )?;
    if !contents.notes.is_empty() {
        let files = counted(contents.notes.len(), "file");
        writeln!(out, "{files} not in UTF-8, read as ISO-8859-1")?;
    }
    if !report.skipped.is_empty() {
        writeln!(out, "{} skipped", counted(report.skipped.len(), "file"))?;
    }
    Ok(())
}
