//! What goes to the terminal, to pipes and to files. Results go to stdout, everything else to stderr.

pub(crate) mod ctags;
pub(crate) mod explain_path;
pub(crate) mod explain_query;
pub(crate) mod file;
pub(crate) mod json;
pub(crate) mod messages;
pub(crate) mod paths;
pub(crate) mod progress;
pub(crate) mod symbols;
