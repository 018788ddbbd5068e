//! What there is to say of a path, in sentences.

use std::io::{self, Write};

use crate::Root;
use crate::explain_path::{
    Cause, FolderContents, IndexedFile, LeftOut, PathExplanation, Rule, Verdict,
};

use crate::in_words::counts::counted;
use crate::in_words::paths;
use nova_worker::size::Size;

/// So many skipped files of a folder are named; the others are counted.
const SKIPPED_SHOWN_MAX: usize = 10;

/// Lines of a label and a text; those that go on with the one before have no label.
type Lines = Vec<(&'static str, String)>;

/// Writes a few lines for people: the path, the verdict, the facts, what to do.
pub fn write_text(
    out: &mut impl Write,
    explanation: &PathExplanation,
    roots: &[Root],
) -> io::Result<()> {
    let mut lines = vec![
        ("path", paths::for_people(roots, &explanation.path)),
        ("verdict", verdict(explanation, roots)),
    ];
    facts(&explanation.verdict, roots, &mut lines);
    lines.extend(next(&explanation.verdict, roots).map(|next| ("next", next)));
    let width = lines.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    for (label, text) in lines {
        writeln!(out, "{label:width$}  {text}")?;
    }
    Ok(())
}

fn verdict(explanation: &PathExplanation, roots: &[Root]) -> String {
    let path = |path: &[u8]| paths::for_people(roots, path);
    match &explanation.verdict {
        Verdict::Indexed(_) => "indexed".to_owned(),
        Verdict::Folder(FolderContents { files: 0, skipped, example: None, .. })
            if skipped.is_empty() =>
        {
            "there is no Java file in it".to_owned()
        }
        Verdict::Folder(FolderContents { files: 0, .. }) => {
            "none of its Java files is indexed".to_owned()
        }
        Verdict::Folder(_) => "a folder with indexed files".to_owned(),
        Verdict::Skipped(skipped) if skipped.path == explanation.path => {
            format!("skipped: {}", skipped.reason)
        }
        Verdict::Skipped(skipped) => {
            format!("skipped, as {} is: {}", path(&skipped.path), skipped.reason)
        }
        Verdict::Quarantined(quarantined) => format!("quarantined: {}", quarantined.reason),
        Verdict::LeftOut(left_out) => self::left_out(left_out, &explanation.path, roots),
        Verdict::Link { target: None, .. } => "a link that leads nowhere".to_owned(),
        Verdict::Link { target: Some(target), .. } => {
            format!("behind a link, which is not followed; it leads to {}", path(target))
        }
        Verdict::NotAFile => "neither a folder nor a regular file".to_owned(),
        Verdict::NotJava => "not Java: its name does not end in .java".to_owned(),
        Verdict::Missing { .. } => "there is nothing of that name".to_owned(),
        Verdict::OutsideRoots => format!("outside of what is indexed: {}", given(roots)),
        Verdict::ArchiveNotRoot { .. } => {
            "archives are indexed only when they are named as a ROOT".to_owned()
        }
        Verdict::ShardFailed(failed) => {
            format!(
                "its shard, {}, could not be brought up to date: {}",
                failed.shard, failed.reason
            )
        }
        Verdict::NotSeenYet => "not indexed yet: it has just come".to_owned(),
    }
}

fn left_out(left_out: &LeftOut, explained: &[u8], roots: &[Root]) -> String {
    let subject = if left_out.path == explained {
        String::new()
    } else {
        format!(", as {} is", paths::for_people(roots, &left_out.path))
    };
    match &left_out.cause {
        Cause::Hidden => format!("hidden{subject}: the name begins with a dot"),
        Cause::Rule(rule) => format!("ignored{subject}: {}", self::rule(rule, roots)),
    }
}

/// The rule with the place where it stands, to be clicked.
fn rule(rule: &Rule, roots: &[Root]) -> String {
    let line = rule.line.map(|line| format!(":{line}")).unwrap_or_default();
    let (file, glob) =
        (paths::for_people(roots, &rule.file), paths::printable(rule.glob.as_bytes()));
    format!("{file}{line} says {glob}")
}

fn given(roots: &[Root]) -> String {
    let roots: Vec<_> = roots.iter().map(|root| paths::shown(&root.given)).collect();
    roots.join(", ")
}

fn facts(verdict: &Verdict, roots: &[Root], lines: &mut Lines) {
    match verdict {
        Verdict::Indexed(file) => file_facts(file, roots, lines),
        Verdict::Folder(contents) => folder_facts(contents, roots, lines),
        Verdict::Quarantined(quarantined) => {
            lines.push(("since its content is", quarantined.content_hash.clone()));
        }
        Verdict::Missing { elsewhere } => {
            let label = std::iter::once("elsewhere").chain(std::iter::repeat(""));
            let paths = elsewhere.iter().map(|path| paths::for_people(roots, path));
            lines.extend(label.zip(paths));
        }
        _ => {}
    }
}

fn file_facts(file: &IndexedFile, roots: &[Root], lines: &mut Lines) {
    let unnamed = || "none, which is the unnamed package".to_owned();
    lines.push(("package", file.package.clone().unwrap_or_else(unnamed)));
    lines.push((
        "types",
        if file.types.is_empty() { "none".to_owned() } else { file.types.join(", ") },
    ));
    lines.push(("symbols", file.symbols.to_string()));
    lines.push(("size", Size(file.source_bytes).to_string()));
    lines.push(("source root", paths::for_people(roots, &file.source_root)));
    lines.push(("shard", file.shard.to_string()));
    let notes = [
        (file.flags.latin1, "as ISO-8859-1, for it is not UTF-8"),
        (file.flags.via_tree, "by the full parser, as the fast one was in doubt"),
        (file.flags.doubtful, "in doubt: some symbols may be missing or wrong"),
    ];
    let notes = notes.into_iter().filter(|(is_so, _)| *is_so);
    lines.extend(notes.map(|(_, note)| ("read", note.to_owned())));
}

fn folder_facts(contents: &FolderContents, roots: &[Root], lines: &mut Lines) {
    if contents.files > 0 {
        lines.push(("files", contents.files.to_string()));
        lines.push(("symbols", contents.symbols.to_string()));
    }
    if let Some(example) = &contents.example {
        let path = paths::for_people(roots, &example.path);
        lines.push(("for one", format!("{path}: {}", verdict(example, roots))));
    }
    let label = std::iter::once("skipped").chain(std::iter::repeat(""));
    let named =
        contents.skipped.iter().take(SKIPPED_SHOWN_MAX).map(|skipped| {
            format!("{}: {}", paths::for_people(roots, &skipped.path), skipped.reason)
        });
    lines.extend(label.zip(named));
    if let Some(more) =
        contents.skipped.len().checked_sub(SKIPPED_SHOWN_MAX).filter(|&more| more > 0)
    {
        lines.push(("", format!("and {}", counted(more, "other"))));
    }
}

/// What a person can do who wants it otherwise.
fn next(verdict: &Verdict, roots: &[Root]) -> Option<String> {
    let next = match verdict {
        Verdict::Indexed(_) | Verdict::NotAFile | Verdict::NotJava => return None,
        Verdict::Folder(FolderContents { example, .. }) => {
            return example.as_ref().and_then(|example| next(&example.verdict, roots));
        }
        // The reason names the option where there is one.
        Verdict::Skipped(_) => return None,
        Verdict::Quarantined(_) => {
            "it is tried again when it holds something else; nova index --rebuild tries all again"
                .to_owned()
        }
        Verdict::LeftOut(LeftOut { path, .. }) => format!(
            "--no-ignore indexes it; an exception for {} (a rule that begins with !) in an .ignore \
             file does so for good",
            paths::for_people(roots, path)
        ),
        Verdict::Link { target: None, .. } => return None,
        Verdict::Link { target: Some(target), .. } => {
            format!("nova explain {}", paths::for_people(roots, target))
        }
        Verdict::Missing { elsewhere } if elsewhere.is_empty() => {
            "look at how it is spelled, and from which folder".to_owned()
        }
        Verdict::Missing { .. } => "nova explain one of those".to_owned(),
        Verdict::OutsideRoots => "name a folder around it as one more ROOT".to_owned(),
        Verdict::ArchiveNotRoot { archive } => {
            format!("name {} as one more ROOT", paths::for_people(roots, archive))
        }
        Verdict::ShardFailed(_) => "nova index -v tells more".to_owned(),
        Verdict::NotSeenYet => "ask once more".to_owned(),
    };
    Some(next)
}
