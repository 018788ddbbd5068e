//! The messages between router and worker, sans-IO.

pub mod message;
pub mod path;
