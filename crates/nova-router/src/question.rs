//! A search as someone asks it: plain data, which a query is made of where it runs.

use std::path::PathBuf;
use std::time::Duration;

use nova_index::Query;
use nova_syntax::declarations::Kind;
use tokio_util::sync::CancellationToken;

use crate::answer::SearchRequest;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What was typed.
    pub text: String,
    /// The kinds that are wanted; none for all.
    pub kinds: Vec<Kind>,
    /// Leave the filters out that are in the text, and the kinds.
    pub unfiltered: bool,
    /// How many hits are wanted.
    pub limit: usize,
    /// The file that the asker has before them, by its absolute path without links.
    pub near: Option<PathBuf>,
    /// How long the files of the hits may take to be verified.
    pub verify_timeout: Duration,
}

impl Question {
    /// What the text means.
    pub fn query(&self) -> Query {
        let query = Query::new(&self.text, &self.kinds);
        if self.unfiltered { query.unfiltered().unwrap_or(query) } else { query }
    }

    /// The request that asks this.
    pub fn request(&self, cancel: CancellationToken) -> SearchRequest {
        SearchRequest {
            query: self.query(),
            limit: self.limit,
            near: self.near.clone(),
            verify_timeout: self.verify_timeout,
            cancel,
        }
    }
}
