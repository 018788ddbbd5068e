//! What an editor asks of a text, asked of real Java: no answer breaks, and those that say the same
//! thing agree.

use nova_syntax::declarations::{Declarations, Kind, Span};
use nova_syntax::extract::{Fallback, declarations};
use nova_syntax::javadoc;
use nova_syntax::reference;
use nova_syntax::structure::Structure;

use super::jdk::Jdk;

const FILES_STEP: usize = 50;
const REFERENCES_STEP: usize = 97;
const SELECTIONS_STEP: usize = 997;
const DECLARATIONS_STEP: usize = 10;
const MARKDOWN_BYTES_MAX: usize = 17 << 10;

#[test]
fn answers_to_an_editor_hold_on_jdk_25() {
    let Some(jdk) = Jdk::installed(25) else { return };
    jdk.map_sources(FILES_STEP, |path, text| {
        let found = declarations(text, Fallback::Tree).declarations;
        check_references(path, text);
        check_comments(path, text, &found);
        // Brackets in strings count, so that few files are too deep.
        let Ok(structure) = Structure::parse(text) else { return };
        check_stretches(path, text, &structure);
        check_names(path, text, &structure, &found);
        // Someone is typing.
        let text = &text[..text.floor_char_boundary(text.len() * 2 / 3)];
        check_references(path, text);
        let broken = Structure::parse(text).expect("the whole text has a structure");
        check_stretches(path, text, &broken);
    });
}

fn check_references(path: &str, text: &str) {
    for offset in (0..=text.len()).step_by(REFERENCES_STEP) {
        let Some(found) = reference::at(text, offset) else { continue };
        let span = found.span.start as usize..found.span.end as usize;
        assert_eq!(text.get(span.clone()), Some(found.name), "{path} at {offset}");
        assert!((span.start..=span.end).contains(&offset), "{path} at {offset}");
    }
}

fn check_stretches(path: &str, text: &str, structure: &Structure<'_>) {
    let folds = structure.folds();
    assert!(folds.is_sorted_by_key(|fold| fold.span.start), "{path}");
    for fold in folds {
        let folded = written(text, fold.span);
        assert!(folded.is_some_and(|folded| folded.lines().count() > 1), "{path}: {fold:?}");
    }
    for offset in (0..=text.len()).step_by(SELECTIONS_STEP) {
        let around = structure.around(offset);
        assert!(around.iter().all(|span| written(text, *span).is_some()), "{path} at {offset}");
        let widen = |pair: &[Span]| {
            pair[0] != pair[1] && pair[1].start <= pair[0].start && pair[0].end <= pair[1].end
        };
        assert!(around.windows(2).all(widen), "{path} at {offset}: {around:?}");
        structure.occurrences(offset);
    }
}

fn check_names(path: &str, text: &str, structure: &Structure<'_>, found: &Declarations) {
    let named = found.symbols.iter().filter(|it| !matches!(it.kind, Kind::Module | Kind::Package));
    for symbol in named.step_by(DECLARATIONS_STEP) {
        let (name, span) = (found.text(symbol.name), symbol.name_span);
        let reference = reference::at(text, span.start as usize);
        assert_eq!(reference.map(|it| (it.name, it.span)), Some((name, span)), "{path}");
        assert_eq!(structure.around(span.start as usize).first(), Some(&span), "{path}: {name}");
        let occurrences = structure.occurrences(span.end as usize);
        let is_own = occurrences.iter().any(|it| it.span == span && it.is_written);
        assert!(is_own, "{path}: {name} {occurrences:?}");
    }
}

fn check_comments(path: &str, text: &str, found: &Declarations) {
    for symbol in &found.symbols {
        let Some(comment) = javadoc::before(text, symbol.span.start as usize) else { continue };
        let markdown = javadoc::to_markdown(comment);
        assert!(markdown.len() < MARKDOWN_BYTES_MAX, "{path}: {comment}");
        assert_eq!(html_in(&markdown), None, "{path}: {markdown}");
    }
}

fn written(text: &str, span: Span) -> Option<&str> {
    text.get(span.start as usize..span.end as usize)
}

/// The first line that has HTML outside of code.
fn html_in(markdown: &str) -> Option<&str> {
    let mut fence = None;
    markdown.lines().find(|line| {
        let content = line.trim_start_matches(|c: char| c.is_ascii_digit() || " >-.".contains(c));
        let ticks = content.bytes().take_while(|byte| *byte == b'`').count();
        if fence.is_some() || ticks >= 3 {
            let closes = fence == Some(ticks) && content.len() == ticks;
            fence = if closes { None } else { fence.or(Some(ticks)) };
            return false;
        }
        has_html(line)
    })
}

fn has_html(line: &str) -> bool {
    let mut rest = line;
    while let Some(at) = rest.find(['\\', '`', '<']) {
        let ticks = rest[at..].bytes().take_while(|byte| *byte == b'`').count();
        let behind = &rest[at + ticks.max(1)..];
        match rest.as_bytes()[at] {
            b'\\' => rest = behind.get(1..).unwrap_or_default(),
            b'<' if behind.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)) => {
                return !behind.starts_with("http");
            }
            b'<' => rest = behind,
            _ => {
                let closing =
                    behind.match_indices(&"`".repeat(ticks)).map(|(at, _)| at).find(|at| {
                        !behind[..*at].ends_with('`') && !behind[at + ticks..].starts_with('`')
                    });
                rest = closing.map_or(behind, |at| &behind[at + ticks..]);
            }
        }
    }
    false
}
