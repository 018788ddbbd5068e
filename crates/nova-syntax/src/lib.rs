//! Java text → declarations.

pub mod declarations;
pub mod escapes;
pub mod scanner;
mod signature;
pub mod tree;
