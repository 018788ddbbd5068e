//! `nova export`: every symbol, as JSON lines or as a tags file.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use nova_router::report::Symbol;
use tempfile::NamedTempFile;

use crate::args::{ExportArgs, ExportFormat, GlobalArgs};
use crate::interrupt::Interrupted;
use crate::output::ctags::TagLines;
use crate::output::messages::Messages;
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
            .with_context(|| format!("cannot write {}", file.display()))?,
    }
    Ok(session.exit_code())
}

/// Writes a file beside the one that is wanted and renames it: nobody finds half of it.
fn write_file(session: &Session, format: ExportFormat, file: &Path) -> anyhow::Result<()> {
    let file = std::path::absolute(file)?;
    let folder = file.parent().context("it is not a file")?;
    let mut out = BufWriter::new(NamedTempFile::new_in(folder)?);
    write(session, format, folder, &mut out)?;
    let unfinished = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    make_public(&unfinished)?;
    unfinished.persist(&file)?;
    Ok(())
}

/// Gives a new file the permissions that files have as a rule, not those of temporary files.
#[cfg(unix)]
fn make_public(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_public(_: &NamedTempFile) -> io::Result<()> {
    Ok(())
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
                lines.push(symbol, &below(&symbol.file, &folder));
                Ok(())
            })?;
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
fn below(file: &[u8], folder: &Path) -> String {
    let folder = folder.as_os_str().as_encoded_bytes();
    let relative = file.strip_prefix(folder).and_then(|rest| rest.strip_prefix(b"/"));
    paths::escaped(relative.unwrap_or(file))
}
