//! Sends texts: packed, several messages at a time, and no more on the way than a bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nova_index::ContentHash;
use nova_protocol::message::{IndexShard, Request, RequestError};
use nova_protocol::shipping::{PIECE_BYTES_MAX, StoreTexts, TextPiece};
use nova_rpc::Caller;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};

use super::AgentError;
use super::manifest::{Manifest, manifest_file};
use crate::scan_all::Texts;
use crate::serve::panicked;
use crate::shipping::pack::pack;
use crate::source::Reader;

/// Packed bytes of a message, unless one piece has more.
const MESSAGE_BYTES: usize = 128 << 10;
/// Messages that are packed and wait for their turn.
const MESSAGES_WAITING_MAX: usize = 4;
/// Messages that the worker has not answered.
const MESSAGES_ON_THE_WAY_MAX: usize = 16;

/// Some pieces, in their order.
#[derive(Default)]
struct Batch {
    pieces: Vec<TextPiece>,
    packed_bytes: usize,
    /// It begins within a text: all before it must have arrived.
    continues: bool,
}

/// Sends the texts of a manifest's files at these positions, which ascend. A file that has changed meanwhile is put into the
/// manifest as it is now, and not sent: it will be lacking again.
pub(super) async fn ship(
    remote: &Caller,
    request: &Arc<IndexShard>,
    mut manifest: Manifest,
    lacking: Vec<u32>,
    shipped_bytes: &Arc<AtomicU64>,
) -> Result<Manifest, AgentError> {
    // Whoever named a file twice could have it sent for ever, and its neighbour left out if it is gone.
    let exist = lacking.last().is_none_or(|&last| (last as usize) < manifest.positions.len());
    if !exist || !lacking.is_sorted_by(|a, b| a < b) {
        return Err(AgentError::Caught("it lacks what it was not asked for".to_owned()));
    }
    let (batches_in, mut batches) = mpsc::channel::<Batch>(MESSAGES_WAITING_MAX);
    let (request, counted) = (Arc::clone(request), Arc::clone(shipped_bytes));
    let packing = spawn_blocking(move || {
        let mut packer = Packer { batch: Batch::default(), batches: batches_in };
        let result = pack_all(&request, &mut manifest, &lacking, &mut packer, &counted);
        result.map(|()| manifest)
    });
    let mut on_the_way = JoinSet::new();
    while let Some(batch) = batches.recv().await {
        while (batch.continues && !on_the_way.is_empty())
            || on_the_way.len() >= MESSAGES_ON_THE_WAY_MAX
        {
            arrived(on_the_way.join_next().await)?;
        }
        let remote = remote.clone();
        on_the_way.spawn(async move {
            let texts = Request::StoreTexts(StoreTexts { pieces: batch.pieces });
            remote.call(&texts, None).await.map(drop)
        });
        // It takes its place in the queue before the next one does.
        tokio::task::yield_now().await;
    }
    while !on_the_way.is_empty() {
        arrived(on_the_way.join_next().await)?;
    }
    Ok(packing.await.map_err(panicked)??)
}

type Arrived = Option<Result<Result<(), nova_rpc::CallError>, tokio::task::JoinError>>;

fn arrived(arrived: Arrived) -> Result<(), AgentError> {
    match arrived {
        Some(Ok(result)) => Ok(result?),
        Some(Err(error)) => Err(panicked(error).into()),
        None => Ok(()),
    }
}

fn pack_all(
    request: &IndexShard,
    manifest: &mut Manifest,
    lacking: &[u32],
    packer: &mut Packer,
    shipped_bytes: &AtomicU64,
) -> Result<(), RequestError> {
    let mut reader = Reader::new(&manifest.places, &request.files, request.file_bytes_max);
    let mut gone = Vec::new();
    for &lacking in lacking {
        let at = lacking as usize;
        let position = manifest.positions[at];
        match reader.read(position) {
            Ok(text) if text.content_hash.0 == manifest.build.files[at].content_hash => {
                shipped_bytes.fetch_add(text.content.len() as u64, Ordering::Relaxed);
                if !packer.pack(text.content, text.content_hash) {
                    return Err(RequestError::Cancelled);
                }
            }
            Ok(text) => {
                manifest.build.files[at] =
                    manifest_file(request, position, text.stamp, text.content_hash);
            }
            // Whoever looks at the tree next will see what became of it.
            Err(_) => gone.push(at),
        }
    }
    packer.flush(false);
    for at in gone.into_iter().rev() {
        manifest.build.files.remove(at);
        manifest.positions.remove(at);
    }
    Ok(())
}

struct Packer {
    batch: Batch,
    batches: mpsc::Sender<Batch>,
}

impl Packer {
    /// Packs a text; false if nobody wants it any more.
    fn pack(&mut self, text: &[u8], content_hash: ContentHash) -> bool {
        let text_bytes = text.len() as u64;
        let mut offset = 0;
        loop {
            let piece = &text[offset..text.len().min(offset + PIECE_BYTES_MAX)];
            let packed = pack(piece);
            self.batch.packed_bytes += packed.block.len();
            self.batch.pieces.push(TextPiece {
                content_hash: content_hash.0,
                text_bytes,
                offset: offset as u64,
                piece: packed,
            });
            offset += piece.len();
            let is_whole = offset == text.len();
            if self.batch.packed_bytes >= MESSAGE_BYTES && !self.flush(!is_whole) {
                return false;
            }
            if is_whole {
                return true;
            }
        }
    }

    fn flush(&mut self, continues: bool) -> bool {
        let batch = std::mem::replace(&mut self.batch, Batch { continues, ..Batch::default() });
        batch.pieces.is_empty() || self.batches.blocking_send(batch).is_ok()
    }
}
