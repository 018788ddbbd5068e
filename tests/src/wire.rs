//! A wire between a worker and its router, on this machine. It counts what passes, can be as bad as one to another
//! town, and can be cut at any byte or between any two frames.
//!
//! ```text
//! worker ─▶ sending ─▶ under way ─▶ arriving ─▶ router    and the same the other way
//!           rate       latency,     counts,
//!                      loss         cuts
//! ```
//!
//! It knows of Nova where a frame ends, and nothing else.

mod conditions;
mod frames;
mod under_way;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

pub use conditions::{Conditions, Loss};

use conditions::Sending;
use frames::Frames;
use under_way::UnderWay;

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 16 << 10;
/// How long who connects waits for somebody at the other end; less than either side waits for a handshake.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether somebody is there.
const CONNECT_PAUSE: Duration = Duration::from_millis(5);

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From who connects to the wire.
    ToRouter = 0,
    /// To who connects to the wire.
    ToWorker = 1,
}

/// Both directions, in the order in which counts are given.
pub const WAYS: [Way; 2] = [Way::ToRouter, Way::ToWorker];

/// Passes on what comes from those who connect to it. When it is dropped, its connections end.
#[derive(Debug)]
pub struct Wire {
    /// Where to connect to it.
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    to: u16,
    conditions: Conditions,
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: [u64; 2],
    frames: [u64; 2],
    cut: Option<Cut>,
    /// A cut is being made: nothing passes meanwhile.
    is_held: bool,
    is_gone: bool,
    /// What has passed to the router, if that is to be kept.
    recorded: Option<Vec<u8>>,
    /// How many cuts were made: who connected before the last one is cut off.
    cuts: u64,
    /// How many have connected.
    connected: u64,
    connections: Vec<Weak<Connection>>,
}

/// A cut to come.
struct Cut {
    at: Point,
    /// What happens before the ends see it.
    act: Box<dyn FnOnce() + Send>,
}

/// Where a cut is made, in what has passed since the wire was made.
#[derive(Debug, Clone, Copy)]
enum Point {
    /// After so many bytes, both ways together.
    Bytes(u64),
    /// After so many frames one way.
    Frame(Way, u64),
}

impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.fmt(f)
    }
}

#[derive(Debug)]
struct Connection {
    worker: TcpStream,
    router: TcpStream,
    cuts_before: u64,
}

impl Wire {
    /// A wire to a port of this machine, as good as the machine.
    pub fn new(to: u16) -> io::Result<Self> {
        Self::with(to, Conditions::default())
    }

    /// A wire under these conditions, each way.
    pub fn with(to: u16, conditions: Conditions) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (state, released) = Default::default();
        let shared = Arc::new(Shared { to, conditions, state, released });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for worker in listener.incoming().flatten() {
                if accepting.lock().is_gone {
                    return;
                }
                let shared = Arc::clone(&accepting);
                // A connection that comes to nothing has ended, which is all there is to say.
                thread::spawn(move || drop(shared.connect(worker)));
            }
        });
        Ok(Self { port, shared })
    }

    /// Keeps what passes to the router from now on.
    pub fn record(&self) {
        self.shared.lock().recorded = Some(Vec::new());
    }

    /// What has passed to the router since.
    pub fn recorded(&self) -> Vec<u8> {
        self.shared.lock().recorded.clone().unwrap_or_default()
    }

    /// Bytes that have arrived: at the router, and at the worker.
    pub fn bytes(&self) -> [u64; 2] {
        self.shared.lock().bytes
    }

    /// Frames that have arrived, those of the handshake included. None is seen through TLS.
    pub fn frames(&self) -> [u64; 2] {
        self.shared.lock().frames
    }

    /// Cuts the connection once so many more bytes have passed, once.
    pub fn cut_after(&self, bytes: u64) {
        let mut state = self.shared.lock();
        let passed: u64 = state.bytes.iter().sum();
        state.cut = Some(Cut { at: Point::Bytes(passed + bytes), act: Box::new(|| {}) });
    }

    /// Once so many more frames have passed one way, nothing passes either way; `act` is called, and the connection
    /// is cut. After none is when the first bytes come.
    pub fn after_frames(&self, way: Way, frames: u64, act: impl FnOnce() + Send + 'static) {
        let mut state = self.shared.lock();
        let at = Point::Frame(way, state.frames[way as usize] + frames);
        state.cut = Some(Cut { at, act: Box::new(act) });
    }

    /// Takes a cut that is still to come back; answers whether there was one.
    pub fn leave_whole(&self) -> bool {
        self.shared.lock().cut.take().is_some()
    }

    /// Whether the cut that was asked for has been made.
    pub fn was_cut(&self) -> bool {
        let state = self.shared.lock();
        state.cut.is_none() && !state.is_held
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.lock().is_gone = true;
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        self.shared.lock().end_connections();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, worker: TcpStream) -> io::Result<()> {
        let router = self.find_router()?;
        for stream in [&worker, &router] {
            stream.set_nodelay(true)?;
        }
        let mut state = self.lock();
        let connection = Arc::new(Connection { worker, router, cuts_before: state.cuts });
        state.connections.retain(|it| it.strong_count() > 0);
        state.connections.push(Arc::downgrade(&connection));
        let number = state.connected;
        state.connected += 1;
        drop(state);
        for way in WAYS {
            let under_way = Arc::new(UnderWay::default());
            let sending = Sending::new(self.conditions, 2 * number + way as u64);
            let (from, sent) = (Arc::clone(&connection), Arc::clone(&under_way));
            thread::spawn(move || {
                // However it ends, all that was sent arrives.
                drop(from.send(way, sending, &sent));
                sent.end();
            });
            let (shared, to) = (Arc::clone(self), Arc::clone(&connection));
            thread::spawn(move || {
                drop(shared.deliver(way, &under_way, &to));
                under_way.end();
                // However it ends, it ends for both.
                to.end();
            });
        }
        Ok(())
    }

    fn find_router(&self) -> io::Result<TcpStream> {
        let deadline = Instant::now() + CONNECT_PATIENCE;
        loop {
            match TcpStream::connect(("127.0.0.1", self.to)) {
                Err(_) if Instant::now() < deadline && !self.lock().is_gone => {
                    thread::sleep(CONNECT_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }

    fn deliver(&self, way: Way, under_way: &UnderWay, to: &Connection) -> io::Result<()> {
        let mut frames = Frames::default();
        let mut stream = to.to(way);
        while let Some(chunk) = under_way.next() {
            let Some((passing, cut)) = self.pass(way, &chunk, &mut frames, to.cuts_before) else {
                return Ok(());
            };
            let written = stream.write_all(&chunk[..passing]);
            if let Some(cut) = cut {
                (cut.act)();
                let mut state = self.lock();
                state.end_connections();
                state.cuts += 1;
                state.is_held = false;
                self.released.notify_all();
            }
            written?;
        }
        Ok(())
    }

    /// How much of a chunk passes, which is counted, and the cut that is to be made after it; nothing if the
    /// connection was cut.
    fn pass(
        &self,
        way: Way,
        chunk: &[u8],
        frames: &mut Frames,
        cuts_before: u64,
    ) -> Option<(usize, Option<Cut>)> {
        let mut state = self.lock();
        while state.is_held {
            state = self.released.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.cuts != cuts_before {
            return None;
        }
        let passed: u64 = state.bytes.iter().sum();
        let at = state.cut.as_ref().map(|cut| cut.at);
        let (bytes_left, frames_left) = match at {
            Some(Point::Bytes(bytes)) => (bytes.saturating_sub(passed), u64::MAX),
            Some(Point::Frame(of, count)) if of == way => {
                (u64::MAX, count.saturating_sub(state.frames[way as usize]))
            }
            _ => (u64::MAX, u64::MAX),
        };
        let allowed = chunk.len().min(usize::try_from(bytes_left).unwrap_or(usize::MAX));
        let (passing, ended) = frames.pass(&chunk[..allowed], frames_left);
        state.bytes[way as usize] += passing as u64;
        if let (Way::ToRouter, Some(recorded)) = (way, &mut state.recorded) {
            recorded.extend_from_slice(&chunk[..passing]);
        }
        state.frames[way as usize] += ended;
        if passing as u64 != bytes_left && ended != frames_left {
            return Some((passing, None));
        }
        state.is_held = true;
        Some((passing, state.cut.take()))
    }
}

impl State {
    fn end_connections(&mut self) {
        self.connections.drain(..).filter_map(|it| it.upgrade()).for_each(|it| it.end());
    }
}

impl Connection {
    fn from(&self, way: Way) -> &TcpStream {
        match way {
            Way::ToRouter => &self.worker,
            Way::ToWorker => &self.router,
        }
    }

    fn to(&self, way: Way) -> &TcpStream {
        match way {
            Way::ToRouter => &self.router,
            Way::ToWorker => &self.worker,
        }
    }

    fn end(&self) {
        for stream in [&self.worker, &self.router] {
            // One that has ended already cannot be ended.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    fn send(&self, way: Way, mut sending: Sending, under_way: &UnderWay) -> io::Result<()> {
        let mut buffer = [0; CHUNK_BYTES];
        let mut from = self.from(way);
        loop {
            let count = from.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            for (part, arrives_at) in sending.send(&buffer[..count]) {
                under_way.push(part.to_vec(), arrives_at);
            }
        }
    }
}
