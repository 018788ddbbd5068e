//! One connection at work: a task that reads, writes and watches over the peer.
//!
//! The task never waits for whoever works on a request. Which end of the protocol it drives is the
//! business of its [`End`].

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use bytes::{Buf, BytesMut};
use nova_protocol::{
    Goodbye, ProtocolError,
    frame::{Frame, FrameDecoder},
    limits::{CLOSE_TIMEOUT, Limits},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::Notify,
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{closed::Closed, pace::Pace};

/// Room for this much is made before each read.
const READ_BYTES: usize = 64 * 1024;

/// Frames are gathered into one write until they reach this much.
const WRITE_BYTES: usize = 64 * 1024;

/// A handle to a connection, to watch for its end or to bring it about. It keeps nothing open.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Control>);

/// A stream after its handshake.
#[derive(Debug)]
pub(crate) struct Link<S> {
    pub(crate) stream: S,
    /// What this side takes.
    pub(crate) own: Limits,
    /// What the peer takes.
    pub(crate) peer: Limits,
    pub(crate) keepalive: Keepalive,
    /// What the peer is held to; nothing for one that is trusted with that.
    pub(crate) pace: Option<Pace>,
}

/// After how much silence to ask, and to give up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keepalive {
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

/// One end of the protocol, with those who wait for it.
pub(crate) trait End: Send + 'static {
    /// Takes a frame; says whether it was the peer's last.
    fn receive(&mut self, frame: Frame) -> Result<Option<Goodbye>, ProtocolError>;
    /// The next frame to write.
    fn next_frame(&mut self) -> Option<Frame>;
    /// Queues a ping.
    fn ping(&mut self, id: u64);
    /// Tells those who wait that the connection has ended, once or twice. What is queued may still be
    /// written.
    fn closed(&mut self, closed: &Closed);
    /// Queues the last frame; what was queued before is given up unless it is to be `kept`.
    fn goodbye(&mut self, goodbye: &Goodbye, kept: bool);
}

/// What the connection's task shares with those who use the connection.
#[derive(Debug)]
pub(crate) struct Shared<E> {
    end: Mutex<E>,
    /// Something may be there to write.
    wake: Notify,
}

#[derive(Debug)]
struct Control {
    /// Somebody wants the connection to end.
    stop: CancellationToken,
    /// It has ended, and `closed` says why.
    ended: CancellationToken,
    closed: OnceLock<Closed>,
}

impl Connection {
    /// Waits for the connection's end and says why it came.
    pub async fn closed(&self) -> Closed {
        self.0.ended.cancelled().await;
        self.0.closed.get().cloned().unwrap_or(Closed::HungUp)
    }

    /// Whether it has ended.
    pub fn is_closed(&self) -> bool {
        self.0.ended.is_cancelled()
    }

    /// Starts to end it: what is queued is written, then a goodbye, for at most [`CLOSE_TIMEOUT`].
    pub fn close(&self) {
        self.0.stop.cancel();
    }
}

impl<E: End> Shared<E> {
    pub(crate) fn new(end: E) -> Arc<Self> {
        Arc::new(Shared { end: Mutex::new(end), wake: Notify::new() })
    }

    /// Looks at the end without giving it anything to write.
    pub(crate) fn lock(&self) -> MutexGuard<'_, E> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the end, and writes what that gives it to write.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut E) -> T) -> T {
        let result = change(&mut self.lock());
        self.wake.notify_one();
        result
    }
}

/// Starts the connection's task.
pub(crate) fn start<S, E>(link: Link<S>, shared: Arc<Shared<E>>) -> Connection
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    E: End,
{
    let control = Arc::new(Control {
        stop: CancellationToken::new(),
        ended: CancellationToken::new(),
        closed: OnceLock::new(),
    });
    let ending = Ending { shared, control: Arc::clone(&control) };
    tokio::spawn(drive(link, ending));
    Connection(control)
}

async fn drive<S, E>(link: Link<S>, ending: Ending<E>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    E: End,
{
    let Ending { shared, control } = &ending;
    let (read, write) = tokio::io::split(link.stream);
    let mut writer = Writer { stream: write, buffer: BytesMut::new(), shared };
    let mut reading = pin!(read_frames(read, &link.own, link.keepalive, link.pace, shared));
    // Without a fixed order: under a flood of input the reader uses up the task's budget in each turn
    // that it begins.
    let closed = tokio::select! {
        closed = &mut reading => closed,
        // Whoever closed the stream has perhaps said why.
        error = writer.run() => {
            timeout(CLOSE_TIMEOUT, &mut reading).await.unwrap_or_else(|_| error.into())
        }
        () = control.stop.cancelled() => Closed::ByUs,
    };
    tracing::debug!("connection ended: {closed}");
    control.closed.get_or_init(|| closed.clone());
    shared.lock().closed(&closed);
    if let Some(goodbye) = closed.goodbye() {
        shared.lock().goodbye(&goodbye, matches!(closed, Closed::ByUs));
        if !matches!(timeout(CLOSE_TIMEOUT, writer.finish()).await, Ok(Ok(()))) {
            tracing::debug!("the goodbye did not arrive");
        }
    }
}

/// Tells everyone who waits that the connection has ended. It belongs to the task from its first moment:
/// a task may be dropped together with its runtime before it ran at all.
struct Ending<E: End> {
    shared: Arc<Shared<E>>,
    control: Arc<Control>,
}

impl<E: End> Drop for Ending<E> {
    fn drop(&mut self) {
        let closed = self.control.closed.get_or_init(|| Closed::HungUp);
        self.shared.lock().closed(closed);
        self.control.ended.cancel();
    }
}

/// Reads until there is nothing more to read.
async fn read_frames<S: AsyncRead, E: End>(
    mut stream: ReadHalf<S>,
    own: &Limits,
    keepalive: Keepalive,
    mut pace: Option<Pace>,
    shared: &Shared<E>,
) -> Closed {
    let mut decoder = FrameDecoder::new(own.frame_payload_bytes_max);
    let mut watch = Watch::new(keepalive);
    loop {
        decoder.buffer().reserve(READ_BYTES);
        tokio::select! {
            // What has arrived counts before the time that has passed.
            biased;
            read = stream.read_buf(decoder.buffer()) => match read {
                Ok(0) => return Closed::HungUp,
                Ok(bytes) => {
                    watch.heard();
                    if let Some(pace) = &mut pace {
                        pace.read(bytes);
                    }
                    match receive_frames(&mut decoder, &mut pace, shared) {
                        Ok(None) => {}
                        Ok(Some(goodbye)) => return Closed::ByPeer(goodbye),
                        Err(closed) => return closed,
                    }
                    if let Some(pause) = pace.as_ref().and_then(Pace::pause) {
                        sleep(pause).await;
                    }
                }
                Err(error) => return error.into(),
            },
            silence = watch.silence() => match silence {
                Silence::Ask(id) => shared.update(|end| end.ping(id)),
                Silence::GiveUp => return Closed::Silent(keepalive.timeout),
            },
        }
    }
}

fn receive_frames<E: End>(
    decoder: &mut FrameDecoder,
    pace: &mut Option<Pace>,
    shared: &Shared<E>,
) -> Result<Option<Goodbye>, Closed> {
    shared.update(|end| {
        while let Some(frame) = decoder.next_frame()? {
            pace.as_mut().map_or(Ok(()), |pace| pace.receive(frame.kind))?;
            if let Some(goodbye) = end.receive(frame)? {
                return Ok(Some(goodbye));
            }
        }
        Ok(None)
    })
}

/// Counts intervals of silence. Not time: if this very process was stopped for a while, the peer has
/// not been silent, and one interval passes before it is judged.
struct Watch {
    ticks: tokio::time::Interval,
    silent: u128,
    silent_max: u128,
    pings: u64,
}

enum Silence {
    Ask(u64),
    GiveUp,
}

impl Watch {
    fn new(keepalive: Keepalive) -> Self {
        let interval = keepalive.interval.max(Duration::from_millis(1));
        let mut ticks = interval_at(Instant::now() + interval, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let silent_max = keepalive.timeout.as_nanos().div_ceil(interval.as_nanos());
        Watch { ticks, silent: 0, silent_max, pings: 0 }
    }

    fn heard(&mut self) {
        self.silent = 0;
    }

    /// Waits for an interval to pass in silence.
    async fn silence(&mut self) -> Silence {
        self.ticks.tick().await;
        self.silent += 1;
        if self.silent > self.silent_max {
            return Silence::GiveUp;
        }
        self.pings += 1;
        Silence::Ask(self.pings)
    }
}

struct Writer<'a, S, E> {
    stream: WriteHalf<S>,
    /// Whole frames, less what is written of the first: whoever goes on writing begins here.
    buffer: BytesMut,
    shared: &'a Shared<E>,
}

impl<S: AsyncWrite, E: End> Writer<'_, S, E> {
    /// Writes whatever there is to write, until that fails.
    async fn run(&mut self) -> std::io::Error {
        loop {
            if let Err(error) = self.write_queued().await {
                return error;
            }
            self.shared.wake.notified().await;
        }
    }

    /// Writes what is left, and ends the stream.
    async fn finish(&mut self) -> std::io::Result<()> {
        self.write_queued().await?;
        self.stream.shutdown().await
    }

    async fn write_queued(&mut self) -> std::io::Result<()> {
        loop {
            self.fill();
            if !self.buffer.has_remaining() {
                return self.stream.flush().await;
            }
            self.stream.write_all_buf(&mut self.buffer).await?;
        }
    }

    fn fill(&mut self) {
        let mut end = self.shared.lock();
        while self.buffer.len() < WRITE_BYTES {
            let Some(frame) = end.next_frame() else { return };
            frame.encode(&mut self.buffer);
        }
    }
}
