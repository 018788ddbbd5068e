//! Answers in words for people and as objects for programs, the same in every frontend.
//!
//! Paths as they are clicked and as programs read them, the objects of `--json`, and why a symbol ranks where it does
//! or a file is not there. Colours, the columns of a terminal and the protocols of editors are the frontends'.

pub mod counts;
pub mod json;
pub mod path;
pub mod paths;
pub mod query;
