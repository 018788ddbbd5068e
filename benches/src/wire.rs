//! A wire between a worker and its router, on this machine: it counts what passes, and can be as slow as one
//! to another town.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that are under way at most, each way: more than any wire here holds.
const UNDER_WAY_BYTES_MAX: usize = 4 << 20;
/// Bytes that are passed on at a time.
const CHUNK_BYTES: usize = 16 << 10;

/// How slow a wire is.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// How long a byte is under way.
    pub latency: Duration,
    /// Bytes that pass in a second, each way.
    pub bytes_per_second: u64,
}

/// Passes on what comes from who connects to it.
#[derive(Debug)]
pub struct Wire {
    /// Where to connect to it.
    pub port: u16,
    passed: Arc<Passed>,
}

/// What has passed.
#[derive(Debug, Default)]
struct Passed {
    bytes: AtomicU64,
}

impl Wire {
    /// A wire to a port of this machine; as fast as it is if no speed is said.
    pub fn new(to: u16, speed: Option<Speed>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let passed = Arc::new(Passed::default());
        let counted = Arc::clone(&passed);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                // Nobody there yet: whoever connected tries again.
                let Ok(far) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                // A connection that breaks off has ended.
                drop(connect(&near, &far, speed, &counted));
            }
        });
        Ok(Self { port, passed })
    }

    /// Bytes that have passed, both ways.
    pub fn bytes(&self) -> u64 {
        self.passed.bytes.load(Ordering::Relaxed)
    }
}

fn connect(
    near: &TcpStream,
    far: &TcpStream,
    speed: Option<Speed>,
    passed: &Arc<Passed>,
) -> io::Result<()> {
    for (from, to) in [(near, far), (far, near)] {
        from.set_nodelay(true)?;
        let (from, to, passed) = (from.try_clone()?, to.try_clone()?, Arc::clone(passed));
        let under_way = Arc::new(UnderWay::default());
        let arriving = Arc::clone(&under_way);
        thread::spawn(move || {
            drop(send(&from, &under_way, speed, &passed));
            under_way.push(None, Instant::now());
        });
        thread::spawn(move || {
            while let Some(chunk) = arriving.pop() {
                if (&to).write_all(&chunk).is_err() {
                    break;
                }
            }
            drop(to.shutdown(Shutdown::Both));
        });
    }
    Ok(())
}

fn send(
    mut from: &TcpStream,
    under_way: &UnderWay,
    speed: Option<Speed>,
    passed: &Passed,
) -> io::Result<()> {
    let mut buffer = [0; CHUNK_BYTES];
    let mut free_at = Instant::now();
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        passed.bytes.fetch_add(count as u64, Ordering::Relaxed);
        let mut arrives_at = Instant::now();
        if let Some(Speed { latency, bytes_per_second }) = speed {
            let takes = Duration::from_secs_f64(count as f64 / bytes_per_second as f64);
            free_at = free_at.max(Instant::now()) + takes;
            thread::sleep(free_at.saturating_duration_since(Instant::now()));
            arrives_at = free_at + latency;
        }
        under_way.push(Some(buffer[..count].to_vec()), arrives_at);
    }
}

/// Chunks that were sent and have not arrived; nothing for the end.
#[derive(Debug, Default)]
struct UnderWay {
    chunks: Mutex<VecDeque<(Option<Vec<u8>>, Instant)>>,
    changed: Condvar,
}

impl UnderWay {
    fn push(&self, chunk: Option<Vec<u8>>, arrives_at: Instant) {
        let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        while chunks.len() * CHUNK_BYTES > UNDER_WAY_BYTES_MAX {
            chunks = self.changed.wait(chunks).unwrap_or_else(PoisonError::into_inner);
        }
        chunks.push_back((chunk, arrives_at));
        self.changed.notify_all();
    }

    fn pop(&self) -> Option<Vec<u8>> {
        let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        let (chunk, arrives_at) = loop {
            if let Some(first) = chunks.pop_front() {
                break first;
            }
            chunks = self.changed.wait(chunks).unwrap_or_else(PoisonError::into_inner);
        };
        self.changed.notify_all();
        drop(chunks);
        thread::sleep(arrives_at.saturating_duration_since(Instant::now()));
        chunk
    }
}
