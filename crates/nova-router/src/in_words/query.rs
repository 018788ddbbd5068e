//! Why the matches of a query are in their order, side by side.

use std::io::{self, Write};

use crate::{
    Access, Answer, MatchClass, Nearness, PlaceMatch, Purpose, Query, Question, Reasons, Root,
    Total,
};

use crate::in_words::counts::{counted, total};
use crate::in_words::paths;
use crate::report::{Skipped, Symbol};

/// A query and what became of it.
pub struct ExplainedQuery<'a> {
    /// As it was asked.
    pub question: &'a Question,
    /// What its text means.
    pub query: Query,
    /// What was found.
    pub answer: &'a Answer,
    /// How many matches there are without the filters, if it has any.
    pub unfiltered: Option<Total>,
    /// Files that are not in the index and are called like something in the query.
    pub skipped: Vec<&'a Skipped>,
}

/// The same question without its filters, if it has any: what there is to say of a query takes that answer, too.
pub fn unfiltered(question: &Question) -> Option<Question> {
    let has_filters = question.query().unfiltered().is_some();
    has_filters.then(|| Question { unfiltered: true, ..question.clone() })
}

const HEADER: [&str; COLUMNS] =
    ["#", "match", "place", "what", "where", "near", "imports", "letters"];
const COLUMNS: usize = 8;

impl<'a> ExplainedQuery<'a> {
    /// What is to be said of the answer to a question, with how many matches there are [without its
    /// filters](unfiltered), and all files that are not in the index.
    pub fn new(
        question: &'a Question,
        answer: &'a Answer,
        unfiltered: Option<Total>,
        skipped: &'a [Skipped],
    ) -> Self {
        Self {
            question,
            query: question.query(),
            answer,
            unfiltered: unfiltered.map(|total| at_least(total, answer.total)),
            skipped: skipped.iter().filter(|it| is_called_like(it, &question.text)).collect(),
        }
    }

    /// Writes what the query means, what was left out, and a table of the matches with the reasons of
    /// their rank in the order in which they count.
    pub fn write_text(&self, out: &mut impl Write, roots: &[Root]) -> io::Result<()> {
        for (label, text) in self.summary(roots) {
            writeln!(out, "{label:9}  {text}")?;
        }
        if self.answer.total.counted() == 0 {
            return writeln!(
                out,
                "next       nova explain PATH tells whether a file is in the index"
            );
        }
        let mut rows = vec![HEADER.map(str::to_owned)];
        for (rank, (symbol, score)) in (1..).zip(&self.answer.hits) {
            rows.push(row(rank, symbol, score.reasons()));
        }
        let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
        });
        let names = self.answer.hits.iter().map(|(symbol, _)| qualified(symbol));
        writeln!(out)?;
        for (row, name) in rows.iter().zip(std::iter::once("symbol".to_owned()).chain(names)) {
            for (text, width) in row.iter().zip(widths) {
                write!(out, "{text:width$}  ")?;
            }
            writeln!(out, "{name}")?;
        }
        Ok(())
    }

    fn summary(&self, roots: &[Root]) -> Vec<(&'static str, String)> {
        let answer = self.answer;
        let mut lines =
            vec![("query", self.question.text.clone()), ("read as", self.query.to_string())];
        lines.extend(self.query.problems().iter().map(|problem| ("problem", problem.clone())));
        let shown = answer.hits.len();
        let cut =
            if answer.cut { format!(", {shown} shown: --limit shows more") } else { String::new() };
        lines.push(("matches", total(answer.total) + &cut));
        if let Some(unfiltered) = self.unfiltered {
            lines.push(("filtered", format!("{} without the filters", total(unfiltered))));
        }
        if answer.pending > 0 {
            let files = counted(answer.pending, "file");
            lines.push(("pending", format!("left out matches in {files} changing right now")));
        }
        for Skipped { path, reason } in &self.skipped {
            lines.push(("skipped", format!("{}: {reason}", paths::for_people(roots, path))));
        }
        lines
    }
}

/// A total that cannot be less than another one.
fn at_least(total: Total, other: Total) -> Total {
    match total {
        Total::AtLeast(count) => Total::AtLeast(count.max(other.counted())),
        exact => exact,
    }
}

/// Whether a file has the name of a type in the query.
fn is_called_like(file: &Skipped, query: &str) -> bool {
    let name = file.path.rsplit(|byte| *byte == b'/').next().unwrap_or(&file.path);
    let stem = name.strip_suffix(b".java").unwrap_or(name);
    let words = query.split(|char: char| !char.is_alphanumeric() && char != '_');
    words.into_iter().any(|word| word.as_bytes().eq_ignore_ascii_case(stem))
}

/// The symbol with what is around it: `java.util.HashMap.put(K key, V value): V`.
fn qualified(symbol: &Symbol) -> String {
    let around = symbol.around();
    let dot = if around.is_empty() { "" } else { "." };
    format!("{around}{dot}{}", symbol.signature)
}

fn row(rank: usize, symbol: &Symbol, reasons: Reasons) -> [String; COLUMNS] {
    let case = if reasons.case_as_typed { "" } else { ", other case" };
    [
        rank.to_string(),
        format!("{}{case}", class(reasons.class)),
        place(reasons.place).to_owned(),
        what(symbol, reasons),
        purpose(reasons.purpose).to_owned(),
        near(reasons.near).to_owned(),
        match reasons.centrality.imports_min() {
            0 => "0".to_owned(),
            least => format!("{least}+"),
        },
        symbol.name.chars().count().to_string(),
    ]
}

/// As docs/search.md calls it.
pub fn class(class: MatchClass) -> &'static str {
    match class {
        MatchClass::Absent => "none",
        MatchClass::Scattered => "scattered letters",
        MatchClass::TypoInPrefix => "prefix with a typo",
        MatchClass::Skipping => "subsequence",
        MatchClass::Typo => "name with a typo",
        MatchClass::Substring => "substring",
        MatchClass::LaterWords => "later words",
        MatchClass::WordStarts => "word starts",
        MatchClass::Humps => "whole humps",
        MatchClass::Initials => "initials",
        MatchClass::Prefix => "prefix",
        MatchClass::CapitalInitials => "capital initials",
        MatchClass::Exact => "exact",
    }
}

/// How well the place is what the query says before the name.
pub fn place(place: PlaceMatch) -> &'static str {
    match place {
        PlaceMatch::Gapped => "with gaps",
        PlaceMatch::Abbreviated => "abbreviated",
        PlaceMatch::Exact => "exact",
    }
}

fn what(symbol: &Symbol, reasons: Reasons) -> String {
    let local = if reasons.is_local { "local " } else { "" };
    let deprecated = if reasons.is_deprecated { ", deprecated" } else { "" };
    format!("{local}{} {}{deprecated}", access(reasons.access), symbol.kind.as_str())
}

/// Who may use it.
pub fn access(access: Access) -> &'static str {
    match access {
        Access::Private => "private",
        Access::Package => "package-private",
        Access::Protected => "protected",
        Access::Public => "public",
    }
}

/// What its folder is for.
pub fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Archive => "archive",
        Purpose::Generated => "generated",
        Purpose::Test => "test",
        Purpose::Main => "main",
    }
}

/// How close it stands to what the asker has before them.
pub fn near(near: Nearness) -> &'static str {
    match near {
        Nearness::Far => "-",
        Nearness::SameFolder => "same folder",
        Nearness::SameFile => "same file",
    }
}
