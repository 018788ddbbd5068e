//! From Java text to shard files, and to answers.

mod round_trip;
mod search;
mod support;
