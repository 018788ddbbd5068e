//! Cookies: files that are made so that their events come after all that happened before them.
//!
//! One source tells everything in the order in which it happened. So who makes a file in a watched folder
//! and hears of it has heard of all that came before.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use nova_protocol::path;
use tokio::sync::watch;

const PREFIX: &[u8] = b"cookie-";

#[derive(Debug)]
pub(super) struct Cookies {
    folder: PathBuf,
    /// What the path of each begins with.
    prefix: Vec<u8>,
    next: AtomicU64,
    seen: watch::Sender<Seen>,
}

/// How far events have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    /// The greatest number of a cookie. It stands for all lower ones: a number is given out before its
    /// file is made, so whatever a lower one is to fence happened earlier still.
    number: u64,
    /// How often events went missing.
    gaps: u64,
}

/// A cookie that waits to be seen; its file goes with it.
#[derive(Debug)]
pub(super) struct Cookie {
    file: PathBuf,
    number: u64,
    gaps: u64,
    seen: watch::Receiver<Seen>,
}

impl Cookies {
    pub(super) fn new(folder: &Path) -> Self {
        let prefix = [&path::to_bytes(folder)[..], b"/", PREFIX].concat();
        Self {
            folder: folder.to_path_buf(),
            prefix,
            next: AtomicU64::new(1),
            seen: watch::Sender::new(Seen::default()),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a cookie.
    pub(super) fn make(&self) -> io::Result<Cookie> {
        let seen = self.seen.subscribe();
        let gaps = seen.borrow().gaps;
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let name = [PREFIX, number.to_string().as_bytes()].concat();
        let cookie = Cookie { file: self.folder.join(path::from_bytes(&name)), number, gaps, seen };
        File::create_new(&cookie.file)?;
        Ok(cookie)
    }

    /// Whether something was told of a cookie; takes note, as whatever it was came after its making.
    pub(super) fn see(&self, path: &[u8]) -> bool {
        let Some(digits) = path.strip_prefix(&self.prefix[..]) else { return false };
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        let Some(number) = number else { return false };
        self.seen.send_if_modified(|seen| {
            let is_news = seen.number < number;
            seen.number = seen.number.max(number);
            is_news
        });
        true
    }

    /// Events are missing: nobody who waits can tell what happened before.
    pub(super) fn note_gap(&self) {
        self.seen.send_modify(|seen| seen.gaps += 1);
    }
}

impl Cookie {
    /// Waits until it is seen; `false` if events went missing meanwhile.
    pub(super) async fn is_seen(&mut self) -> bool {
        let (number, gaps) = (self.number, self.gaps);
        let seen = self.seen.wait_for(|seen| seen.number >= number || seen.gaps != gaps).await;
        seen.is_ok_and(|seen| seen.gaps == gaps)
    }
}

impl Drop for Cookie {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.file));
    }
}
