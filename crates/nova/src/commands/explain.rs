//! `nova explain`: why a file or folder is in the index, or why it is not.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;

use crate::args::{ExplainArgs, GlobalArgs};
use crate::output::messages::Messages;
use crate::output::{explain, paths};
use crate::session::Session;

pub(crate) async fn run(
    global: &GlobalArgs,
    args: &ExplainArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    if !is_path(&args.subject) {
        bail!(
            "{}: not a path: nothing is there, and it does not look like one; name a file or \
             folder, as in nova explain ./src/Foo.java",
            paths::shown(&args.subject)
        );
    }
    let session = Session::open(global, &args.tree, None, messages).await?;
    let explanation = session.workspace.explain_path(&args.subject, &session.report);
    let roots = session.workspace.roots();
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", explain::to_json(&explanation, roots))?;
    } else {
        explain::write_text(&mut out, &explanation, roots)?;
    }
    out.flush()?;
    // The question was answered, whatever became of the rest of the tree.
    Ok(if args.tree.strict { session.exit_code() } else { ExitCode::SUCCESS })
}

/// Whether this names a place rather than symbols: something is there, or it is spelled like the path
/// of a file that could be.
fn is_path(subject: &Path) -> bool {
    const ENDINGS: [&[u8]; 3] = [b".java", b".zip", b".jar"];
    let bytes = subject.as_os_str().as_encoded_bytes();
    let is_separator = |byte: &u8| std::path::is_separator(char::from(*byte));
    let is_spelled_so =
        bytes.iter().any(is_separator) && ENDINGS.iter().any(|end| bytes.ends_with(end));
    let leads_into_archive = bytes.windows(2).any(|pair| pair == b"!/");
    is_spelled_so || leads_into_archive || subject.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_a_query_by_its_spelling_or_by_being_there() {
        for path in [".", "no/A.java", "./a.zip", "no/a.jar", "no.zip!/a/A.java", "Cargo.toml"] {
            assert!(is_path(Path::new(path)), "{path}");
        }
        for query in ["HashMap", "java.util.Map", "buffer byte", "A.java", "a/b", "a.zip"] {
            assert!(!is_path(Path::new(query)), "{query}");
        }
    }
}
