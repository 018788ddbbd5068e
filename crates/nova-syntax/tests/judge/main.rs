//! tree-sitter judges the scanner: on real Java, mutated Java and small nasty Java, both must agree
//! on every declaration. `docs/judge.md` says what is compared, and lists the exceptions.

mod editor;
mod jdk;
mod mutation;
mod nasty;
mod verdict;

use jdk::Jdk;
use verdict::{Verdict, judge};

/// A full run takes the better part of a minute for each JDK even if optimised, so that other
/// builds judge every fiftieth file.
const FILES_STEP: usize = if cfg!(debug_assertions) { 50 } else { 1 };

/// At most one file of so many may leave the scanner in doubt.
const FILES_PER_DOUBT_MIN: usize = 1_000;

const DISAGREEMENTS_SHOWN_MAX: usize = 20;

#[test]
fn they_agree_on_every_declaration_of_jdk_17() {
    check_jdk(17, &[]);
}

#[test]
fn they_agree_on_every_declaration_of_jdk_25() {
    check_jdk(25, &[]);
}

/// `tree_errors` are the files that the grammar cannot parse, with the reasons in `docs/judge.md`.
#[track_caller]
fn check_jdk(feature: u32, tree_errors: &[&str]) {
    let Some(jdk) = Jdk::installed(feature) else { return };
    let verdicts = jdk.map_sources(FILES_STEP, |path, text| (path.to_owned(), judge(text)));

    let disagreements: Vec<String> = verdicts
        .iter()
        .filter_map(|(path, verdict)| match verdict {
            Verdict::Disagree(difference) => Some(format!("{path}: {difference}")),
            _ => None,
        })
        .collect();
    let shown = &disagreements[..disagreements.len().min(DISAGREEMENTS_SHOWN_MAX)];
    assert!(
        disagreements.is_empty(),
        "{} of {} files differ:\n{}",
        disagreements.len(),
        verdicts.len(),
        shown.join("\n")
    );

    let with_tree_error = paths(&verdicts, |verdict| matches!(verdict, Verdict::NoTree(_)));
    let expected: Vec<&str> =
        paths(&verdicts, |_| true).into_iter().filter(|path| tree_errors.contains(path)).collect();
    assert_eq!(with_tree_error, expected, "files that the grammar cannot parse");

    let doubtful = paths(&verdicts, |verdict| matches!(verdict, Verdict::Doubt(_)));
    assert!(
        doubtful.len() * FILES_PER_DOUBT_MIN < verdicts.len().max(FILES_PER_DOUBT_MIN),
        "the scanner is in doubt on {} of {} files: {doubtful:#?}",
        doubtful.len(),
        verdicts.len(),
    );
}

fn paths(verdicts: &[(String, Verdict)], keep: impl Fn(&Verdict) -> bool) -> Vec<&str> {
    verdicts.iter().filter(|(_, verdict)| keep(verdict)).map(|(path, _)| path.as_str()).collect()
}
