//! Java text → declarations.
//!
//! For whoever wants to know what a Java file declares, without a compiler, a classpath or a build:
//! names, kinds, containers, modifiers, signatures and places, of one text at a time. Not for
//! anything that needs to know what a name refers to; and this crate knows nothing of files, source
//! roots, shards or processes.
//!
//! ```text
//!  bytes ─ text ─▶ str ─ escapes ─▶ str ─ scanner ─▶ Declarations ─ lines ─▶ positions
//!                                    │       in doubt     ▲
//!                                    └──────── tree ──────┘
//! ```
//!
//! [`extract::declarations`] is the whole way from text to declarations.
//! [`package_clause::package_clause`] is a short cut for those who want no more than the package.
//!
//! [`header`] reads what a signature says of supertypes and parameters, and [`scope`] tells which full names a name
//! that is written in a text may have.
//!
//! For an editor, which looks at one place of one text at a time, there is more: [`reference`] tells
//! what name stands there, [`javadoc`] what a declaration's comment says, and [`structure`], from a
//! tree that stands broken text, what belongs together.

pub mod declarations;
pub mod escapes;
pub mod extract;
pub mod header;
pub mod javadoc;
mod keywords;
pub mod lines;
pub mod package_clause;
pub mod reference;
pub mod scanner;
pub mod scope;
mod signature;
mod stretches;
pub mod structure;
pub mod text;
pub mod tree;
