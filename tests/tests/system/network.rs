//! A network between a router and its workers: ports, certificates, and a wire that can be cut.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::sandbox::Sandbox;

/// Ports that no system gives to those who connect, so that none of them comes in between.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A port that nobody has, and that this gives to nobody else.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    loop {
        // Other processes that test begin elsewhere.
        let offset = std::process::id() + u32::from(GIVEN.fetch_add(1, Ordering::SeqCst));
        let port = PORTS.start + (offset % PORTS.len() as u32) as u16;
        if TcpListener::bind(("localhost", port)).is_ok() {
            return port;
        }
    }
}

/// An authority in a folder of a sandbox, made by openssl, as a company's would be.
pub(crate) struct Authority<'s> {
    sandbox: &'s Sandbox,
    name: &'static str,
}

const NEW_KEY: &[&str] =
    &["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

impl<'s> Authority<'s> {
    pub(crate) fn new(sandbox: &'s Sandbox, name: &'static str) -> Self {
        let authority = Self { sandbox, name };
        let (key, certificate) = (format!("{name}-key.pem"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        let own = ["-x509", "-days", "9", "-subj", &subject, "-keyout", &key, "-out", &certificate];
        sandbox.program("openssl", NEW_KEY.iter().chain(&own)).ok();
        authority
    }

    /// Makes `<of>.pem` and `<of>-key.pem` for this host.
    pub(crate) fn certify(&self, of: &str, host: &str) {
        let (key, request, certificate) =
            (format!("{of}-key.pem"), format!("{of}.csr"), format!("{of}.pem"));
        let subject = format!("/CN={of}");
        let asked = ["-subj", &subject, "-keyout", &key, "-out", &request];
        self.sandbox.program("openssl", NEW_KEY.iter().chain(&asked)).ok();
        let extensions =
            format!("subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth,clientAuth\n");
        std::fs::write(self.sandbox.path("extensions"), extensions).unwrap();
        let (ca, ca_key) = (format!("{}.pem", self.name), format!("{}-key.pem", self.name));
        let signed = ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-days", "9"];
        let to = ["-CAcreateserial", "-extfile", "extensions", "-out", &certificate];
        self.sandbox.program("openssl", signed.iter().chain(&to)).ok();
    }
}

/// Passes bytes on between those who connect to it and a port, and counts them.
pub(crate) struct Wire {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    to: u16,
    bytes: [AtomicU64; 2],
    /// The connection is cut once so many bytes have passed; not before that if it is the greatest number.
    cut_after: AtomicU64,
    is_gone: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
}

impl Wire {
    pub(crate) fn new(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            to,
            bytes: Default::default(),
            cut_after: AtomicU64::new(u64::MAX),
            is_gone: AtomicBool::new(false),
            streams: Mutex::default(),
        });
        let wire = Arc::clone(&shared);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if wire.is_gone.load(Ordering::SeqCst) {
                    return;
                }
                // Nobody there yet: the connection just ends.
                if let Ok(far) = TcpStream::connect(("127.0.0.1", wire.to)) {
                    wire.pass(&near, &far);
                }
            }
        });
        Self { port, shared }
    }

    /// Bytes that have passed: to the router, and from it.
    pub(crate) fn bytes(&self) -> [u64; 2] {
        [0, 1].map(|way| self.shared.bytes[way].load(Ordering::SeqCst))
    }

    /// Cuts the connection once so many more bytes have passed, once.
    pub(crate) fn cut_after(&self, bytes: u64) {
        let passed: u64 = self.bytes().iter().sum();
        self.shared.cut_after.store(passed + bytes, Ordering::SeqCst);
    }

    /// Whether the cut that was asked for has been made.
    pub(crate) fn was_cut(&self) -> bool {
        self.shared.cut_after.load(Ordering::SeqCst) == u64::MAX
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.is_gone.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        self.shared.cut();
    }
}

impl Shared {
    fn pass(self: &Arc<Self>, near: &TcpStream, far: &TcpStream) {
        for stream in [near, far] {
            stream.set_nodelay(true).unwrap();
            self.streams.lock().unwrap().push(stream.try_clone().unwrap());
        }
        for (way, from, to) in [(0, near, far), (1, far, near)] {
            let (shared, from, to) =
                (Arc::clone(self), from.try_clone().unwrap(), to.try_clone().unwrap());
            thread::spawn(move || {
                // However it ends, it ends for both.
                drop(shared.copy(way, &from, &to));
                drop(from.shutdown(Shutdown::Both));
                drop(to.shutdown(Shutdown::Both));
            });
        }
    }

    fn copy(&self, way: usize, mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        loop {
            let count = from.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            let passed: u64 = self.bytes.iter().map(|it| it.load(Ordering::SeqCst)).sum();
            let cut_after = self.cut_after.load(Ordering::SeqCst);
            let left = usize::try_from(cut_after.saturating_sub(passed)).unwrap_or(usize::MAX);
            let passing = count.min(left);
            to.write_all(&buffer[..passing])?;
            self.bytes[way].fetch_add(passing as u64, Ordering::SeqCst);
            if passing < count {
                self.cut_after.store(u64::MAX, Ordering::SeqCst);
                self.cut();
                return Ok(());
            }
        }
    }

    fn cut(&self) {
        for stream in self.streams.lock().unwrap().drain(..) {
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

/// The `tcp+tls:` endpoint of a port of this machine.
pub(crate) fn tls(port: u16) -> String {
    format!("tcp+tls:localhost:{port}")
}

/// A pause that is long for a machine and short for a person.
pub(crate) const A_MOMENT: Duration = Duration::from_millis(100);
