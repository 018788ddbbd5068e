//! Questions about one text that take its syntax to answer, and nothing else.
//!
//! The router reads no Java, so it passes them on to a worker with the text that the asker sees. The same
//! questions and answers travel between a frontend and a router, and between a router and a worker.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::message::SourceRoot;
use crate::place::{TextPosition, TextRange};

/// A question about one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectFile {
    /// The shard that the file belongs to.
    pub shard: u32,
    /// Its source root.
    pub root: SourceRoot,
    /// Its path below that.
    pub path: Bytes,
    /// The text to take for it; without one, what is on the disk.
    pub text: Option<Bytes>,
    /// A larger file is not read.
    pub file_bytes_max: u64,
    /// What is asked.
    pub inspection: Inspection,
}

/// What is asked about a text. Each is answered by the [`Inspected`] of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inspection {
    /// What it declares.
    Outline,
    /// Which name stands at a place, and what it takes to find what it means.
    Name(TextPosition),
    /// What the documentation says of the declaration whose name begins at a place.
    Documentation(TextPosition),
    /// What can be folded.
    Folds,
    /// What stands around each of these places.
    #[serde(with = "crate::bounded")]
    Around(Vec<TextPosition>),
    /// Where else the name at a place stands.
    Occurrences(TextPosition),
}

/// What is said of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inspected {
    /// There is no such file, or it cannot be read: says why, as a fragment.
    Unreadable(String),
    /// See [`Inspection::Outline`]. A parent stands before its children.
    #[serde(with = "crate::bounded")]
    Outline(Vec<Outlined>),
    /// See [`Inspection::Name`]; none if no name stands there.
    Name(Option<Box<NameInText>>),
    /// See [`Inspection::Documentation`]: Markdown; none if there is none.
    Documentation(Option<String>),
    /// See [`Inspection::Folds`], in the order of the text.
    #[serde(with = "crate::bounded")]
    Folds(Vec<Fold>),
    /// See [`Inspection::Around`]: for each place the stretches around it, the innermost first.
    #[serde(with = "crate::bounded")]
    Around(Vec<Surroundings>),
    /// See [`Inspection::Occurrences`], in the order of the text.
    #[serde(with = "crate::bounded")]
    Occurrences(Vec<Occurrence>),
}

/// A declaration in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlined {
    /// The declared name.
    pub name: String,
    /// What is declared.
    pub kind: u8,
    /// The signature as written.
    pub signature: String,
    /// The modifiers, packed.
    pub modifiers: u64,
    /// Position in the outline of the innermost enclosing named type.
    pub parent: Option<u32>,
    /// Whether it is declared inside a body, or is a member of such a type.
    pub local: bool,
    /// Where the name is written.
    pub name_range: TextRange,
    /// The whole declaration.
    pub range: TextRange,
}

/// A name that stands in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameInText {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub range: TextRange,
    /// The names before it, dot by dot.
    #[serde(with = "crate::bounded")]
    pub qualifier: Vec<String>,
    /// It is a member of something that is no plain name: of what a call returns, for one.
    pub is_member_of_unknown: bool,
    /// How it is used.
    pub role: NameRole,
    /// How many arguments it is called with, if it is.
    pub arguments: Option<u32>,
    /// The text's package; empty for the unnamed one.
    pub package: String,
    /// What the text imports.
    #[serde(with = "crate::bounded")]
    pub imports: Vec<Import>,
    /// The types around it, the innermost first.
    #[serde(with = "crate::bounded")]
    pub enclosing: Vec<EnclosingType>,
    /// The declaration whose name it is, if it is written there.
    pub declares: Option<Outlined>,
    /// The local that it means, if it means one.
    pub local: Option<Local>,
}

/// A type around a place in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnclosingType {
    /// Its simple name.
    pub name: String,
    /// What it is.
    pub kind: u8,
    /// The class that its header names as the one above it, as written, without type arguments.
    pub superclass: Option<String>,
    /// The interfaces that its header names.
    #[serde(with = "crate::bounded")]
    pub interfaces: Vec<String>,
}

/// A variable, a parameter, a type parameter or a label: what no index knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Local {
    /// Where its name is declared.
    pub range: TextRange,
    /// The line of that, without the space around it, or the beginning of a long one.
    pub line: String,
}

/// How a name is used, as far as its surroundings tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NameRole {
    /// In some other way: a type or a value.
    #[default]
    Other,
    /// A method is called.
    Call,
    /// An instance is made.
    Construction,
    /// An annotation.
    Annotation,
    /// Behind `::`.
    MethodReference,
    /// In an import.
    Import,
    /// In the package clause.
    PackageClause,
    /// A documentation comment points to it.
    DocLink,
}

/// An import clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// What is named, without a `*`.
    pub path: String,
    /// What is imported.
    pub kind: ImportKind,
}

/// The forms of an import (JLS §7.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportKind {
    /// `import a.b.C;`
    Type,
    /// `import a.b.*;`
    TypeOnDemand,
    /// `import static a.b.C.m;`
    Static,
    /// `import static a.b.C.*;`
    StaticOnDemand,
    /// `import module m;`
    Module,
}

/// A stretch of several lines that can be folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// The stretch.
    pub range: TextRange,
    /// What it is.
    pub kind: FoldKind,
}

/// What can be folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FoldKind {
    /// A comment, or several.
    Comment,
    /// The imports.
    Imports,
    /// A body between braces.
    Body,
}

/// The stretches around one place, the innermost first; each is part of the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// The stretches.
    #[serde(with = "crate::bounded")]
    pub ranges: Vec<TextRange>,
}

/// A name where it occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// Where.
    pub range: TextRange,
    /// Whether it is declared or assigned to there, rather than read.
    pub is_written: bool,
}

impl Inspection {
    /// Whether this is an answer to it.
    pub(crate) fn is_answered_by(&self, inspected: &Inspected) -> bool {
        matches!(
            (self, inspected),
            (_, Inspected::Unreadable(_))
                | (Self::Outline, Inspected::Outline(_))
                | (Self::Name(_), Inspected::Name(_))
                | (Self::Documentation(_), Inspected::Documentation(_))
                | (Self::Folds, Inspected::Folds(_))
                | (Self::Around(_), Inspected::Around(_))
                | (Self::Occurrences(_), Inspected::Occurrences(_))
        )
    }
}
