//! Java text → declarations.

pub mod declarations;
mod signature;
pub mod tree;
