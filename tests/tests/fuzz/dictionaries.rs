//! Dictionaries of names, as they come from a damaged disk.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use nova_index::{
    Dictionary, OpenDictionaryError, Revision, Shard, SymbolView, ViewShard, build_dictionary,
};

use crate::java::{TEXTS, shard};
use crate::random::Random;
use crate::runner::{Memory, Target};
use crate::sections::mutate_sections;
use crate::shards::ask;
use crate::trace::Trace;

pub(crate) const TARGET: Target = Target {
    name: "dictionaries",
    seeds,
    mutate,
    run,
    memory: Memory { per_byte: 64, beside: 256 << 10 },
};

/// See docs/dictionary-format.md.
const TABLE_OF_CONTENTS: Range<usize> = 36..324;

const QUERIES: [&str; 8] = ["", "c", "m", "C.größe", "a.b", "gröse", "R N O u", "Cmxy"];

/// The shards that the dictionaries of the corpus speak of.
static SHARDS: LazyLock<Vec<Arc<Shard>>> =
    LazyLock::new(|| vec![shard(7, "src", &TEXTS), shard(3, "test", &TEXTS[..1])]);

fn mutate(random: &mut Random, pool: &[Vec<u8>], input: &mut Vec<u8>) {
    mutate_sections(&TABLE_OF_CONTENTS, random, pool, input);
}

fn run(input: &[u8], trace: &mut Trace) {
    match Dictionary::from_bytes(Bytes::copy_from_slice(input)) {
        Ok(dictionary) => walk(Arc::new(dictionary), trace),
        Err(OpenDictionaryError::Inconsistent(problem)) => trace.note(problem),
        Err(error) => trace.note_kind(&error),
    }
}

/// Asks a view that goes by the dictionary everything that there is to be asked.
fn walk(dictionary: Arc<Dictionary>, trace: &mut Trace) {
    trace.note_count(dictionary.name_count());
    for shard in SHARDS.iter() {
        trace.note(dictionary.speaks_of(shard));
    }
    for hidden in [None, SHARDS[0].files().next().map(|file| file.id())] {
        let shards = SHARDS.iter().map(|shard| ViewShard::new(Arc::clone(shard), hidden));
        let dictionary = Some(Arc::clone(&dictionary));
        let view = SymbolView::new(Revision(1), shards.collect(), dictionary);
        for text in QUERIES {
            ask(&view, text, trace);
        }
    }
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let built = |shards| build_dictionary(shards).expect("a few shards fit");
    vec![("both", built(&SHARDS)), ("one", built(&SHARDS[..1])), ("none", built(&[]))]
}
