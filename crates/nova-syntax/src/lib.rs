//! Java text → declarations.

pub mod declarations;
