//! `nova export`: every symbol, as JSON lines or as a tags file.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use nova_router::report::Symbol;

use crate::args::{ExportArgs, ExportFormat, GlobalArgs};
use crate::interrupt::Interrupted;
use crate::output::ctags::TagLines;
use crate::output::file::OutputFile;
use crate::output::messages::{self, Messages};
use crate::output::{json, paths};
use crate::session::Session;

/// Symbols written between two looks at whether the command was interrupted.
const SYMBOLS_PER_LOOK: usize = 1024;

pub(crate) async fn run(
    global: &GlobalArgs,
    args: &ExportArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    let session = Session::open(global, &args.tree, None, messages).await?;
    match &args.output {
        None => {
            let folder = std::env::current_dir().unwrap_or_default();
            let mut out = BufWriter::new(io::stdout().lock());
            write(&session, args.format, &folder, &mut out)?;
            out.flush()?;
        }
        Some(file) => write_file(&session, args.format, file)
            .with_context(|| format!("cannot write {}", paths::shown(file)))?,
    }
    Ok(session.exit_code())
}

/// Writes the file that was named, whole or not at all.
fn write_file(session: &Session, format: ExportFormat, file: &Path) -> anyhow::Result<()> {
    let absolute = std::path::absolute(file)?;
    let mut out = BufWriter::new(OutputFile::create(file)?);
    write(session, format, absolute.parent().unwrap_or(&absolute), &mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(file.finish()?)
}

fn write(
    session: &Session,
    format: ExportFormat,
    folder: &Path,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let roots = session.workspace.roots();
    match format {
        ExportFormat::Jsonl => {
            each_symbol(session, |symbol| json::write_symbol(out, roots, symbol, None))
        }
        ExportFormat::Ctags => {
            let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| PathBuf::from(folder));
            let mut lines = TagLines::default();
            each_symbol(session, |symbol| {
                lines.push(symbol, below(&symbol.file, &folder));
                Ok(())
            })?;
            if lines.left_out() > 0 {
                let symbols = messages::counted(lines.left_out(), "symbol");
                session.messages.warn(&format!(
                    "left out {symbols}: a tags file cannot name files with a tab or a newline in \
                     their names"
                ));
            }
            Ok(lines.write(out)?)
        }
    }
}

fn each_symbol(
    session: &Session,
    mut write: impl FnMut(&Symbol) -> io::Result<()>,
) -> anyhow::Result<()> {
    let view = session.workspace.view();
    for (number, symbol) in view.symbols().enumerate() {
        if number % SYMBOLS_PER_LOOK == 0 && session.cancel.is_cancelled() {
            return Err(Interrupted.into());
        }
        write(&session.workspace.symbol(symbol))?;
    }
    Ok(())
}

/// A path as a tags file in `folder` names it: relative if it is below, so that both can be moved
/// together.
fn below<'f>(file: &'f [u8], folder: &Path) -> &'f [u8] {
    let folder = folder.as_os_str().as_encoded_bytes();
    let relative = file.strip_prefix(folder).and_then(|rest| rest.strip_prefix(b"/"));
    relative.unwrap_or(file)
}
