//! `nova export`: every symbol, as JSON lines or as a tags file.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use nova_router::report::Symbol;

use crate::args::{ExportArgs, ExportFormat, GlobalArgs};
use crate::output::ctags::TagLines;
use crate::output::file::OutputFile;
use crate::output::json;
use crate::output::messages::Messages;
use crate::session::{Session, look};
use nova_router::in_words::counts::counted;
use nova_router::in_words::paths;

pub(crate) async fn run(
    global: &GlobalArgs,
    args: &ExportArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    let mut session = Session::open(global, &args.tree, None, look(args.no_wait), messages).await?;
    match &args.output {
        None => {
            let folder = std::env::current_dir().unwrap_or_default();
            let mut out = BufWriter::new(io::stdout().lock());
            write(&mut session, args.format, &folder, &mut out).await?;
            out.flush()?;
        }
        Some(file) => write_file(&mut session, args.format, file)
            .await
            .with_context(|| format!("cannot write {}", paths::shown(file)))?,
    }
    Ok(session.exit_code())
}

/// Writes the file that was named, whole or not at all.
async fn write_file(
    session: &mut Session,
    format: ExportFormat,
    file: &Path,
) -> anyhow::Result<()> {
    let absolute = std::path::absolute(file)?;
    let mut out = BufWriter::new(OutputFile::create(file)?);
    write(session, format, absolute.parent().unwrap_or(&absolute), &mut out).await?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(file.finish()?)
}

async fn write(
    session: &mut Session,
    format: ExportFormat,
    folder: &Path,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    match format {
        ExportFormat::Jsonl => {
            let roots = session.roots().to_vec();
            session.each_symbol(|symbol| json::write_symbol(out, &roots, symbol, None)).await
        }
        ExportFormat::Ctags => {
            let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| PathBuf::from(folder));
            let mut lines = TagLines::default();
            let push = |symbol: &Symbol| {
                lines.push(symbol, below(&symbol.file, &folder));
                Ok(())
            };
            session.each_symbol(push).await?;
            if lines.left_out() > 0 {
                let symbols = counted(lines.left_out(), "symbol");
                session.messages.warn(&format!(
                    "left out {symbols}: a tags file cannot name files with a tab or a newline in \
                     their names"
                ));
            }
            Ok(lines.write(out)?)
        }
    }
}

/// A path as a tags file in `folder` names it: relative if it is below, so that both can be moved
/// together.
fn below<'f>(file: &'f [u8], folder: &Path) -> &'f [u8] {
    let folder = folder.as_os_str().as_encoded_bytes();
    let relative = file.strip_prefix(folder).and_then(|rest| rest.strip_prefix(b"/"));
    relative.unwrap_or(file)
}
