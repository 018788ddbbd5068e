//! Answers in words, the same in every frontend: paths as they are clicked and as programs read them, why a symbol
//! ranks where it does, and why a file is in the index or is not.
//!
//! Colours, objects for programs and the protocols of editors are the frontends'.

pub mod counts;
pub mod path;
pub mod paths;
pub mod query;
