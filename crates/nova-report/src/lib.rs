//! Answers in words for people and as objects for programs, the same in every frontend.
//!
//! For whoever has an answer of the router and is to show it: paths as they are clicked and as programs read them, the
//! objects of `--json`, and why a symbol ranks where it does or a file is not there. Not for asking, and not for
//! colours, columns of a terminal or any protocol of an editor: those are the frontends'.
//!
//! ```text
//!  nova-router ─ Answer, PathExplanation, Skipped ─▶ explain_query, explain_path ─▶ lines, or an object
//!                                                         └── json, paths, counts
//! ```

pub mod counts;
pub mod explain_path;
pub mod explain_query;
pub mod json;
pub mod paths;
