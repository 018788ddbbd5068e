//! Places in a text, as in LSP: counted from zero, columns in UTF-16 units.

use serde::{Deserialize, Serialize};

/// A place in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TextPosition {
    /// The line; lines end with LF, CRLF or CR.
    pub line: u32,
    /// UTF-16 units since the line's start.
    pub character: u32,
}

/// A stretch of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TextRange {
    /// Where it begins.
    pub start: TextPosition,
    /// Where it ends; what stands there is no part of it.
    pub end: TextPosition,
}
