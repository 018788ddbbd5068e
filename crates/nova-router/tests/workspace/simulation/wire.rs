//! The wire between the router and a worker of this process: it carries frames, and what befalls them.
//!
//! ```text
//!  router ◀──▶ pipe ◀──▶ wire ◀──▶ pipe ◀──▶ worker
//!                         ▲
//!                       faults
//! ```

use bytes::BytesMut;
use nova_protocol::body;
use nova_protocol::frame::{Frame, FrameDecoder, Kind};
use nova_protocol::handshake;
use nova_protocol::limits::FRAME_PAYLOAD_BYTES_MAX;
use nova_protocol::message::Request;
use nova_protocol::path;
use nova_router::InProcess;
use nova_worker::Worker;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio_util::task::AbortOnDropHandle;

use super::faults::{Fault, Faults, Way};

const PIPE_BYTES: usize = 64 << 10;

/// The worker says hello and that it is ready; the router bids it welcome.
const HANDSHAKES: [(Way, usize); 2] = [(Way::ToRouter, 2), (Way::ToWorker, 1)];

/// Workers at wires on which these faults lie in wait.
pub(super) fn workers(faults: &Faults) -> InProcess {
    let faults = faults.clone();
    InProcess::new(move |worker, router| serve(worker, router, faults.clone()))
}

/// How a wire ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Either end, or both, hear no more of the other.
    Closed,
    /// The worker is dead.
    Killed,
}

async fn serve(worker: Worker, router: DuplexStream, faults: Faults) {
    let (near, far) = tokio::io::duplex(PIPE_BYTES);
    let serving = AbortOnDropHandle::new(tokio::spawn(worker.serve(far)));
    let (from_router, to_router) = tokio::io::split(router);
    let (from_worker, to_worker) = tokio::io::split(near);
    let end = {
        let mut there = Lane::new(Way::ToWorker, from_router, to_worker, &faults);
        let mut back = Lane::new(Way::ToRouter, from_worker, to_router, &faults);
        tokio::select! {
            end = there.carry_all() => end,
            end = back.carry_all() => end,
        }
    };
    if end == End::Closed {
        // How it ended is nothing to the router, which hears no more of it.
        drop(serving.await);
    }
}

/// One way of a wire.
struct Lane<'f> {
    way: Way,
    from: ReadHalf<DuplexStream>,
    to: WriteHalf<DuplexStream>,
    faults: &'f Faults,
    /// The last whole answer that was carried.
    answer: Vec<u8>,
}

impl<'f> Lane<'f> {
    fn new(
        way: Way,
        from: ReadHalf<DuplexStream>,
        to: WriteHalf<DuplexStream>,
        faults: &'f Faults,
    ) -> Self {
        Self { way, from, to, faults, answer: Vec::new() }
    }

    async fn carry_all(&mut self) -> End {
        let Err(end) = self.carry_frames().await else { return End::Closed };
        end
    }

    async fn carry_frames(&mut self) -> Result<(), End> {
        for _ in 0..HANDSHAKES.iter().find(|(way, _)| *way == self.way).map_or(0, |it| it.1) {
            let frame = self.read_handshake().await.map_err(closed)?;
            self.carry(&frame).await?;
        }
        let mut decoder = FrameDecoder::new(FRAME_PAYLOAD_BYTES_MAX);
        loop {
            while let Some(frame) = decoder.next_frame().unwrap() {
                self.note(&frame);
                let mut bytes = BytesMut::new();
                frame.encode(&mut bytes);
                self.carry(&bytes).await?;
                if matches!(frame.kind, Kind::Response | Kind::Error) && frame.end {
                    self.answer = bytes.to_vec();
                }
            }
            if self.from.read_buf(decoder.buffer()).await.map_err(closed)? == 0 {
                return Ok(());
            }
        }
    }

    async fn read_handshake(&mut self) -> std::io::Result<Vec<u8>> {
        let mut header = [0; handshake::HEADER_BYTES];
        self.from.read_exact(&mut header).await?;
        let body_bytes = handshake::Header::decode(header).unwrap().body_bytes;
        let mut frame = header.to_vec();
        frame.resize(header.len() + body_bytes, 0);
        self.from.read_exact(&mut frame[header.len()..]).await?;
        Ok(frame)
    }

    /// The worker is about to write a shard.
    fn note(&self, frame: &Frame) {
        if frame.kind == Kind::Request
            && let Ok((Request::IndexShard(request), _)) = body::decode_request(&frame.payload)
        {
            self.faults.about_to_write(&path::from_bytes(&request.output));
        }
    }

    /// Carries a frame as far as it gets.
    async fn carry(&mut self, frame: &[u8]) -> Result<(), End> {
        match self.faults.next(self.way) {
            None => {}
            Some(Fault::Kill) => return Err(End::Killed),
            Some(Fault::Cut) => {
                self.write(&frame[..frame.len() / 2]).await?;
                return Err(End::Closed);
            }
            Some(Fault::Hang) => {
                let _hanging = self.faults.hang();
                return std::future::pending().await;
            }
            Some(Fault::Delay(delay)) => {
                let _paused = self.faults.pause_clock();
                tokio::time::sleep(delay).await;
            }
            Some(Fault::Repeat) => self.write(frame).await?,
            Some(Fault::RepeatAnswer) => {
                let answer = std::mem::take(&mut self.answer);
                self.write(&answer).await?;
            }
        }
        self.write(frame).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.to.write_all(bytes).await.map_err(closed)
    }
}

/// A pipe in memory has no errors but that its other end is gone.
fn closed(_: std::io::Error) -> End {
    End::Closed
}
