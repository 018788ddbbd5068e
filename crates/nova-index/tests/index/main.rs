//! From Java text to shard files, and to answers.

mod canonical;
mod damage;
mod dictionary;
mod golden;
mod hierarchy;
mod round_trip;
mod search;
mod support;
mod view;
