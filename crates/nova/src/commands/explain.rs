//! `nova explain`: why symbols rank as they do; why a file or folder is in the index, or why it is not.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use nova_router::in_words::query::ExplainedQuery;
use nova_router::in_words::{path, query};

use crate::args::{ExplainArgs, GlobalArgs};
use crate::commands::search;
use crate::output::explanation;
use crate::output::messages::Messages;
use crate::session::{Session, look};

pub(crate) async fn run(
    global: &GlobalArgs,
    args: &ExplainArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    let mut session = Session::open(global, &args.tree, None, look(args.no_wait), messages).await?;
    if is_path(args.subject.as_ref()) {
        explain_path(&mut session, args).await?;
    } else {
        explain_query(&mut session, args).await?;
    }
    // The question was answered, whatever became of the rest of the tree.
    Ok(if args.tree.strict { session.exit_code() } else { ExitCode::SUCCESS })
}

async fn explain_path(session: &mut Session, args: &ExplainArgs) -> anyhow::Result<()> {
    let explanation = session.explain_path(args.subject.as_ref()).await?;
    let roots = session.roots();
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", explanation::of_path(&explanation, roots))?;
    } else {
        path::write_text(&mut out, &explanation, roots)?;
    }
    Ok(out.flush()?)
}

/// Runs the query as `nova search` would, and once more without its filters.
async fn explain_query(session: &mut Session, args: &ExplainArgs) -> anyhow::Result<()> {
    let text = args.subject.to_string_lossy();
    let question = search::question(&text, &[], args.limit, args.near.as_deref());
    let answer = session.search(&question).await?;
    let unfiltered = match query::unfiltered(&question) {
        Some(unfiltered) => Some(session.search(&unfiltered).await?.total),
        None => None,
    };
    let skipped = &session.report.skipped;
    let explained = ExplainedQuery::new(&question, &answer, unfiltered, skipped);
    let roots = session.roots();
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", explanation::of_query(&explained, roots))?;
    } else {
        explained.write_text(&mut out, roots)?;
    }
    Ok(out.flush()?)
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
    let is_certain = subject.is_absolute() || bytes.starts_with(b"./") || bytes.starts_with(b"../");
    is_certain || is_spelled_so || leads_into_archive || subject.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_a_query_by_its_spelling_or_by_being_there() {
        for path in [
            ".",
            "no/A.java",
            "./a.zip",
            "no/a.jar",
            "no.zip!/a/A.java",
            "Cargo.toml",
            "/no",
            "./no",
        ] {
            assert!(is_path(Path::new(path)), "{path}");
        }
        for query in ["HashMap", "java.util.Map", "buffer byte", "A.java", "a/b", "a.zip"] {
            assert!(!is_path(Path::new(query)), "{query}");
        }
    }
}
