//! Has a worker that is elsewhere build a shard's index.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nova_protocol::message::{IndexShard, Progress, Request, RequestError, Response, ShardIndexed};
use nova_protocol::shipping::{FetchIndex, IndexBuilt, PIECE_BYTES_MAX};
use nova_rpc::{CallError, Responder};
use tokio::task::{JoinHandle, spawn_blocking};

use super::manifest::{self, Manifest, output};
use super::ship::ship;
use super::{Agent, AgentError, merge};
use crate::scan_all::failed;
use crate::serve::panicked;
use crate::shipping::pack::unpack;

/// How often a worker may say that it lacks texts: files change, and stores have limits.
const ROUNDS_MAX: u32 = 8;
/// Pieces of an index that are asked for at a time.
const PIECES_ON_THE_WAY_MAX: usize = 8;
/// An index of so much for each byte of source, and so much beside that, is none.
const INDEX_BYTES_PER_SOURCE_BYTE_MAX: u64 = 64;
const INDEX_BYTES_BESIDE_MAX: u64 = 64 << 20;

impl Agent {
    pub(super) async fn index_shard(
        self: &Arc<Self>,
        request: IndexShard,
        responder: &Responder,
    ) -> Result<ShardIndexed, AgentError> {
        let request = Arc::new(request);
        let shared = Arc::clone(&request);
        let manifest =
            spawn_blocking(move || manifest::read(&shared)).await.map_err(panicked)??;
        let rescanned_files = manifest.build.files.len() as u64;
        if manifest.build.files.is_empty() {
            let merged =
                move || merge::merge(&request, &manifest.kept, None, manifest.build.read_at_ns);
            let index_bytes = spawn_blocking(merged).await.map_err(panicked)??;
            return Ok(ShardIndexed { index_bytes, rescanned_files });
        }
        let (manifest, index, index_bytes) = self.build(&request, manifest, responder).await?;
        let is_merged = merge::is_needed(&request, &manifest.kept);
        let output = output(&request);
        let path = if is_merged { output.with_extension("part") } else { output };
        let unfinished = Unfinished { path: path.clone(), is_kept: false };
        self.fetch(index, index_bytes, path.clone(), manifest.bytes, responder).await?;
        let finish = move || {
            let mut unfinished = unfinished;
            let scanned = merge::check(&path, &manifest.build).map_err(AgentError::Caught)?;
            if !is_merged {
                unfinished.is_kept = true;
                return Ok(index_bytes);
            }
            let read_at_ns = manifest.build.read_at_ns;
            let merged = merge::merge(&request, &manifest.kept, Some(&scanned), read_at_ns);
            drop(scanned);
            Ok::<u64, AgentError>(merged?)
        };
        let index_bytes = spawn_blocking(finish).await.map_err(panicked)??;
        Ok(ShardIndexed { index_bytes, rescanned_files })
    }

    /// Sends what is lacking until the index is built; answers what the worker calls it, and its length.
    async fn build(
        &self,
        request: &Arc<IndexShard>,
        mut manifest: Manifest,
        responder: &Responder,
    ) -> Result<(Manifest, u64, u64), AgentError> {
        let shipped_bytes = Arc::new(AtomicU64::new(0));
        for _ in 0..ROUNDS_MAX {
            let shipped = Arc::clone(&shipped_bytes);
            // To send a text is half of the work.
            let on_progress = move |now: Progress| {
                let shipped = shipped.load(Ordering::Relaxed);
                let bytes = shipped.saturating_add(now.bytes) / 2;
                responder.progress(Progress { bytes, ..now });
            };
            let build = Request::BuildIndex(manifest.build.clone());
            match self.remote.call_with_progress(&build, None, on_progress).await? {
                Response::BuildIndex(IndexBuilt::Built { index, index_bytes }) => {
                    let max = INDEX_BYTES_PER_SOURCE_BYTE_MAX.saturating_mul(manifest.bytes);
                    if index_bytes > max.saturating_add(INDEX_BYTES_BESIDE_MAX) {
                        let text = format!("its index of {index_bytes} bytes is none");
                        return Err(AgentError::Caught(text));
                    }
                    return Ok((manifest, index, index_bytes));
                }
                Response::BuildIndex(IndexBuilt::Lacking(lacking)) => {
                    let shipping = ship(&self.remote, request, manifest, lacking, &shipped_bytes);
                    manifest = reporting(shipping, responder, &shipped_bytes).await?;
                }
                _ => return Err(AgentError::Caught(CallError::WrongAnswer.to_string())),
            }
        }
        let text = "the worker lacks texts that it was given; its --store-limit may be too low";
        Err(RequestError::Failed(text.to_owned()).into())
    }

    /// Writes an index that was built to a file.
    async fn fetch(
        &self,
        index: u64,
        index_bytes: u64,
        path: PathBuf,
        bytes_before: u64,
        responder: &Responder,
    ) -> Result<(), AgentError> {
        let create = || {
            File::create(&path)
                .map_err(|error| failed(format!("cannot write {}: {error}", path.display())))
        };
        let mut file = create()?;
        let mut offsets = (0..index_bytes).step_by(PIECE_BYTES_MAX);
        let mut on_the_way: VecDeque<JoinHandle<_>> = VecDeque::new();
        loop {
            while on_the_way.len() < PIECES_ON_THE_WAY_MAX
                && let Some(offset) = offsets.next()
            {
                let remote = self.remote.clone();
                on_the_way.push_back(tokio::spawn(async move {
                    let piece = Request::FetchIndex(FetchIndex { index, offset });
                    (offset, remote.call(&piece, None).await)
                }));
            }
            let Some(piece) = on_the_way.pop_front() else { return Ok(()) };
            let (offset, response) = piece.await.map_err(panicked)?;
            let Response::FetchIndex(piece) = response? else {
                return Err(AgentError::Caught(CallError::WrongAnswer.to_string()));
            };
            let mut bytes = Vec::new();
            let expected = (index_bytes - offset).min(PIECE_BYTES_MAX as u64);
            if u64::from(piece.unpacked_bytes) != expected || unpack(&piece, &mut bytes).is_err() {
                return Err(AgentError::Caught("a piece of its index is none".to_owned()));
            }
            // The work does not stand still, however thin the wire.
            let bytes_done = bytes_before.saturating_add(offset).saturating_add(expected);
            responder.progress(Progress { files: 0, bytes: bytes_done });
            file.write_all(&bytes)
                .map_err(|error| failed(format!("cannot write {}: {error}", path.display())))?;
        }
    }
}

/// A file that is removed unless it is of use.
struct Unfinished {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_kept {
            // The run's folder takes along what stays.
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// Waits for texts to be sent, and tells meanwhile how many were.
async fn reporting<T>(
    work: impl Future<Output = T>,
    responder: &Responder,
    shipped_bytes: &AtomicU64,
) -> T {
    let mut work = std::pin::pin!(work);
    let mut tick = tokio::time::interval(crate::serve::PROGRESS_INTERVAL);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = tick.tick() => {
                let bytes = shipped_bytes.load(Ordering::Relaxed) / 2;
                responder.progress(Progress { files: 0, bytes });
            }
        }
    }
}
