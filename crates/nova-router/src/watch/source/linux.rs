//! Linux's events, as they come from inotify.
//!
//! Watches are given and taken by whoever asks, without waiting for the thread that listens; the table of
//! names, which both share, is held meanwhile, so no event is read whose folder has no name yet. Whoever
//! writes a file is told of at every write, and again when it is closed: what was read between the two is
//! read once more. Reading a file is no event.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use inotify::{Event, EventMask, Inotify, WatchDescriptor, WatchMask, Watches};
use nova_protocol::path;

use super::{Change, ChangeKind, Refusal, Signal, Sink, Source};
use crate::folder;

/// Some thousand events at a time.
const BUFFER_BYTES: usize = 64 << 10;
/// A folder that is always there. Taking its watch back makes an event, and so wakes the thread to its end.
const ALARM: &str = "/";

/// Starts a thread that listens until the source is dropped.
pub(in super::super) fn open(sink: Sink) -> Result<Box<dyn Source>, String> {
    let start = || -> io::Result<Listened> {
        let inotify = Inotify::init()?;
        let mut watches = inotify.watches();
        let alarm = watches.add(ALARM, WatchMask::DELETE_SELF | WatchMask::ONLYDIR)?;
        let shared = Arc::new(Shared::default());
        let listener = Listener { inotify, shared: Arc::clone(&shared), sink };
        thread::Builder::new().name("nova-watch".to_owned()).spawn(move || listener.listen())?;
        Ok(Listened { watches, alarm, shared })
    };
    match start() {
        Ok(source) => Ok(Box::new(source)),
        Err(error) => Err(format!(
            "the system gives no watcher: {error} \
             (fs.inotify.max_user_instances and fs.inotify.max_user_watches raise its limits)"
        )),
    }
}

#[derive(Default)]
struct Shared {
    names: Mutex<Names>,
    is_over: AtomicBool,
}

impl Shared {
    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is watched under which name. A folder that was renamed may be watched under both, with one watch:
/// it then counts by the name that came last.
#[derive(Default)]
struct Names {
    of_watches: HashMap<WatchDescriptor, Vec<u8>>,
    watches: HashMap<Vec<u8>, WatchDescriptor>,
}

impl Names {
    /// Returns a watch that has no name any more.
    fn add(&mut self, name: Vec<u8>, watch: WatchDescriptor) -> Option<WatchDescriptor> {
        let before = self.watches.insert(name.clone(), watch.clone());
        let nameless = before.filter(|before| *before != watch && self.forget(before, &name));
        self.of_watches.insert(watch, name);
        nameless
    }

    /// Returns a watch that has no name any more.
    fn remove(&mut self, name: &[u8]) -> Option<WatchDescriptor> {
        let watch = self.watches.remove(name)?;
        self.forget(&watch, name).then_some(watch)
    }

    /// A watch that is gone.
    fn remove_watch(&mut self, watch: &WatchDescriptor) {
        if let Some(name) = self.of_watches.remove(watch)
            && self.watches.get(&name) == Some(watch)
        {
            self.watches.remove(&name);
        }
    }

    /// Whether the watch counted by this name.
    fn forget(&mut self, watch: &WatchDescriptor, name: &[u8]) -> bool {
        let is_by_it = self.of_watches.get(watch).is_some_and(|known| known == name);
        if is_by_it {
            self.of_watches.remove(watch);
        }
        is_by_it
    }
}

/// The asker's end.
struct Listened {
    watches: Watches,
    alarm: WatchDescriptor,
    shared: Arc<Shared>,
}

impl Listened {
    fn take_back(&mut self, watch: WatchDescriptor) {
        if watch != self.alarm {
            // It may have gone with its folder.
            drop(self.watches.remove(watch));
        }
    }
}

impl Source for Listened {
    fn watch(&mut self, folder: &Path) -> Result<(), Refusal> {
        let mask = WatchMask::CREATE
            | WatchMask::DELETE
            | WatchMask::MOVED_FROM
            | WatchMask::MOVED_TO
            | WatchMask::MODIFY
            | WatchMask::CLOSE_WRITE
            | WatchMask::ATTRIB
            | WatchMask::DELETE_SELF
            | WatchMask::MOVE_SELF
            | WatchMask::ONLYDIR
            | WatchMask::DONT_FOLLOW;
        let shared = Arc::clone(&self.shared);
        let mut names = shared.names();
        let watch = self.watches.add(folder, mask).map_err(|error| Refusal::of(&error))?;
        let nameless = names.add(path::to_bytes(folder).into_owned(), watch);
        nameless.into_iter().for_each(|watch| self.take_back(watch));
        Ok(())
    }

    fn unwatch(&mut self, folder: &Path) {
        let nameless = self.shared.names().remove(&path::to_bytes(folder));
        nameless.into_iter().for_each(|watch| self.take_back(watch));
    }
}

impl Drop for Listened {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        drop(self.watches.remove(self.alarm.clone()));
    }
}

/// The thread's end.
struct Listener {
    inotify: Inotify,
    shared: Arc<Shared>,
    sink: Sink,
}

impl Listener {
    fn listen(mut self) {
        let mut buffer = vec![0; BUFFER_BYTES];
        while !self.shared.is_over.load(Ordering::SeqCst) {
            match self.inotify.read_events_blocking(&mut buffer) {
                Ok(events) => {
                    for event in events {
                        if let Some(signal) = signal(&event, &self.shared) {
                            (self.sink)(signal);
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    (self.sink)(Signal::End(format!("events cannot be read: {error}")));
                    return;
                }
            }
        }
    }
}

/// `None` for what changes nothing, or happened to what is not watched any more.
fn signal(event: &Event<&std::ffi::OsStr>, shared: &Shared) -> Option<Signal> {
    if event.mask.contains(EventMask::Q_OVERFLOW) {
        return Some(Signal::Gap("the system's queue of events has overflowed".to_owned()));
    }
    let mut names = shared.names();
    if event.mask.contains(EventMask::IGNORED) {
        names.remove_watch(&event.wd);
        return None;
    }
    let folder = names.of_watches.get(&event.wd)?;
    let path = match event.name {
        Some(name) => folder::join(folder, &path::to_bytes(Path::new(name))),
        None => folder.clone(),
    };
    let is_folder = event.mask.contains(EventMask::ISDIR) || event.name.is_none();
    let kind = change_kind(event.mask, is_folder)?;
    Some(Signal::Change(Change { path, kind }))
}

fn change_kind(mask: EventMask, is_folder: bool) -> Option<ChangeKind> {
    let vanished = EventMask::DELETE
        | EventMask::MOVED_FROM
        | EventMask::DELETE_SELF
        | EventMask::MOVE_SELF
        | EventMask::UNMOUNT;
    let kind = if mask.intersects(EventMask::CREATE | EventMask::MOVED_TO) {
        if is_folder { ChangeKind::Appeared } else { ChangeKind::FileAppeared }
    } else if mask.intersects(vanished) {
        ChangeKind::Vanished
    } else if mask.contains(EventMask::ATTRIB) && is_folder {
        ChangeKind::Attributes
    } else if mask.intersects(EventMask::ATTRIB | EventMask::MODIFY | EventMask::CLOSE_WRITE) {
        ChangeKind::Content
    } else {
        return None;
    };
    Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_counts_by_its_last_name_and_is_taken_back_with_it() {
        let place = tempfile::tempdir().unwrap();
        let inotify = Inotify::init().unwrap();
        let watch_of = |name: &str| {
            let folder = place.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            inotify.watches().add(&folder, WatchMask::CREATE).unwrap()
        };
        let (first, second) = (watch_of("first"), watch_of("second"));
        let mut names = Names::default();
        assert_eq!(names.add(b"/w/a".to_vec(), first.clone()), None);
        // Renamed, and seen under its new name first.
        assert_eq!(names.add(b"/w/b".to_vec(), first.clone()), None);
        assert_eq!(names.remove(b"/w/a"), None);
        assert_eq!(names.of_watches.get(&first).unwrap(), b"/w/b");
        // Another folder has the name now.
        assert_eq!(names.add(b"/w/b".to_vec(), second.clone()), Some(first.clone()));
        names.remove_watch(&first);
        assert_eq!(names.remove(b"/w/b"), Some(second));
        assert!(names.of_watches.is_empty() && names.watches.is_empty());
    }

    #[tokio::test]
    async fn the_root_of_all_folders_can_be_watched_and_unwatched() {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let sink: Sink = Arc::new(move |signal| drop(told.send(signal)));
        let mut source = open(sink).unwrap();
        source.watch(Path::new(ALARM)).unwrap();
        source.unwatch(Path::new(ALARM));
        let place = tempfile::tempdir().unwrap();
        source.watch(place.path()).unwrap();
        std::fs::write(place.path().join("A.java"), "").unwrap();
        let path = path::to_bytes(&place.path().join("A.java")).into_owned();
        let expected = Signal::Change(Change { path, kind: ChangeKind::FileAppeared });
        let hearing = async {
            while heard.recv().await.expect("the source lives") != expected {}
            drop(source);
            // The channel closes when the thread has ended.
            while heard.recv().await.is_some() {}
        };
        let patience = std::time::Duration::from_secs(30);
        tokio::time::timeout(patience, hearing).await.expect("it is heard within the time");
    }
}
