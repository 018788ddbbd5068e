//! What goes to the terminal, to pipes and to files. Results go to stdout, everything else to stderr.
//!
//! What is said in other frontends as well is in `nova_router::in_words`.

pub(crate) mod ctags;
pub(crate) mod explanation;
pub(crate) mod file;
pub(crate) mod json;
pub(crate) mod messages;
pub(crate) mod progress;
pub(crate) mod symbols;
