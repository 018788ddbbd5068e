//! `nova search`: the best symbols for a query.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use nova_router::report::Symbol;
use nova_router::{Answer, Query, Question, RootError};
use nova_syntax::declarations::Kind;
use serde_json::json;

use crate::args::{GlobalArgs, SearchArgs, TreeArgs};
use crate::output::json;
use crate::output::messages::{self, Messages};
use crate::output::symbols::{self, Look};
use crate::session::{Session, look};
use nova_router::in_words::counts::{self, counted};

/// How long the files of the hits may take to be verified.
const VERIFY_TIMEOUT: Duration = Duration::from_secs(2);

/// Characters of a query that a message repeats.
const QUERY_SHOWN_MAX: usize = 100;

pub(crate) async fn run(
    global: &GlobalArgs,
    args: &SearchArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    let session = Session::open(global, &args.tree, None, look(args.no_wait), messages).await;
    let mut session = session.map_err(|error| teach_quotes(error, &args.tree))?;
    let question = question(&args.query, &args.kinds, args.limit, args.near.as_deref());
    let query = question.query();
    for problem in query.problems() {
        messages.warn(problem);
    }
    if let Some(near) = args.near.as_deref().filter(|near| !near.exists()) {
        messages.warn(&format!("--near {}: there is no such file", near.display()));
    }
    let answer = session.search(&question).await?;
    let roots = session.roots();
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        for (symbol, score) in &answer.hits {
            json::write_symbol(&mut out, roots, symbol, Some(score.get()))?;
        }
    } else {
        let is_terminal = io::stdout().is_terminal();
        let coloured = messages::wants_colour(global.color, is_terminal);
        let symbols: Vec<&Symbol> = answer.hits.iter().map(|(symbol, _)| symbol).collect();
        symbols::write(&mut out, roots, &symbols, Look { aligned: is_terminal, coloured })?;
    }
    out.flush()?;
    if args.json {
        messages::data(&about(&answer, &query));
    } else {
        tell_about(&answer, &args.query, &session, messages);
    }
    Ok(session.exit_code())
}

/// What to ask.
pub(super) fn question(text: &str, kinds: &[Kind], limit: usize, near: Option<&Path>) -> Question {
    // The path as the index has it: links on the way are resolved, if the file is there.
    let near = near.map(|path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf()));
    Question {
        text: text.to_owned(),
        kinds: kinds.to_vec(),
        unfiltered: false,
        limit,
        near,
        verify_timeout: VERIFY_TIMEOUT,
    }
}

/// What goes with the list.
fn about(answer: &Answer, query: &Query) -> serde_json::Value {
    json!({
        "revision": answer.revision,
        "ready_shards": answer.coverage.ready,
        "shards": answer.coverage.total,
        "total": answer.total.counted(),
        "total_is_exact": answer.total.is_exact(),
        "cut": answer.cut,
        "pending": answer.pending,
        "problems": query.problems(),
    })
}

fn tell_about(answer: &Answer, query: &str, session: &Session, messages: Messages) {
    let files = session.report.files;
    if answer.total.counted() == 0 && answer.pending == 0 && files > 0 {
        let query: String = query.chars().take(QUERY_SHOWN_MAX).collect();
        messages.remark(&format!("no symbol matches {query:?} in {}", counted(files, "file")));
    }
    if answer.cut {
        let shown = answer.hits.len();
        let all = counts::total(answer.total);
        messages.remark(&format!("{shown} of {all} matches; --limit shows more"));
    }
    if answer.pending > 0 {
        messages.warn(&format!(
            "left out matches in {} changing right now",
            counted(answer.pending, "file")
        ));
    }
}

/// A query of several words that was not quoted looks like a query and ROOTs that do not exist.
fn teach_quotes(error: anyhow::Error, tree: &TreeArgs) -> anyhow::Error {
    match error.downcast_ref() {
        Some(RootError::Missing { given })
            if tree.indexing.roots.contains(given) && given.components().count() == 1 =>
        {
            anyhow!(
                "{error} (if it belongs to the query: quote several words, as in \
             nova search \"buffer byte\")"
            )
        }
        _ => error,
    }
}
