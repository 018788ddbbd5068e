//! Events by notify, for the systems that `linux.rs` is not for.
//!
//! On Linux it serves tests alone: there it asks for the event of every file that is opened, and for each
//! folder that is deleted it looks through all that it watches.

use std::path::Path;

use notify::event::{AccessKind, AccessMode, CreateKind, Event, EventKind, ModifyKind, RenameMode};
use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};
use nova_protocol::path;

use super::{Change, ChangeKind, Refusal, Signal, Sink, Source};

/// Starts notify's thread, which ends when the source is dropped.
pub(in super::super) fn open(sink: Sink) -> Result<Box<dyn Source>, String> {
    let handler = move |event: notify::Result<Event>| match event {
        Ok(event) => tell(&event, &sink),
        Err(error) => sink(Signal::Gap(error.to_string())),
    };
    let watcher = RecommendedWatcher::new(handler, Config::default());
    let watcher = watcher.map_err(|error| error.to_string())?;
    Ok(Box::new(Notify { watcher }))
}

struct Notify {
    watcher: RecommendedWatcher,
}

impl Source for Notify {
    fn watch(&mut self, folder: &Path) -> Result<(), Refusal> {
        self.watcher.watch(folder, RecursiveMode::NonRecursive).map_err(|error| match error.kind {
            ErrorKind::PathNotFound => Refusal::Missing,
            ErrorKind::MaxFilesWatch => Refusal::LimitReached,
            ErrorKind::Io(error) => Refusal::of(&error),
            _ => Refusal::Failed(error.to_string()),
        })
    }

    fn unwatch(&mut self, folder: &Path) {
        // It may have gone by itself, with its folder.
        drop(self.watcher.unwatch(folder));
    }
}

fn tell(event: &Event, sink: &Sink) {
    if event.need_rescan() {
        sink(Signal::Gap("the system's queue of events has overflowed".to_owned()));
    }
    let Some(kind) = change_kind(event.kind) else { return };
    for changed in &event.paths {
        sink(Signal::Change(Change { path: path::to_bytes(changed).into_owned(), kind }));
    }
}

/// `None` for what changes nothing.
fn change_kind(kind: EventKind) -> Option<ChangeKind> {
    match kind {
        EventKind::Create(CreateKind::File) => Some(ChangeKind::FileAppeared),
        EventKind::Create(_) => Some(ChangeKind::Appeared),
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
            Some(ChangeKind::Vanished)
        }
        // The two sides have been told before.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => None,
        // Neither says whether it is a folder.
        EventKind::Modify(ModifyKind::Name(_)) => Some(ChangeKind::Appeared),
        EventKind::Modify(ModifyKind::Data(_))
        | EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(ChangeKind::Content),
        EventKind::Access(_) => None,
        EventKind::Modify(_) | EventKind::Any => Some(ChangeKind::Attributes),
        EventKind::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{DataChange, Flag, MetadataKind, RemoveKind};
    use std::sync::{Arc, Mutex};

    fn told(event: Event) -> Vec<Signal> {
        let signals = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&signals);
        let sink: Sink = Arc::new(move |signal| told.lock().unwrap().push(signal));
        tell(&event, &sink);
        std::mem::take(&mut signals.lock().unwrap())
    }

    #[test]
    fn an_overflow_is_a_gap() {
        let signals = told(Event::new(EventKind::Other).set_flag(Flag::Rescan));
        assert!(matches!(signals[..], [Signal::Gap(_)]), "{signals:?}");
    }

    #[test]
    fn what_changes_nothing_is_not_told() {
        fn check(kind: EventKind, expected: Option<ChangeKind>) {
            let signals = told(Event::new(kind).add_path("/w/a".into()));
            let signal = |kind| Signal::Change(Change { path: b"/w/a".to_vec(), kind });
            assert_eq!(signals, expected.map(signal).into_iter().collect::<Vec<_>>(), "{kind:?}");
        }
        let access = |kind| EventKind::Access(kind);
        let modify = |kind| EventKind::Modify(kind);
        let rename = |mode| modify(ModifyKind::Name(mode));
        check(access(AccessKind::Open(AccessMode::Any)), None);
        check(access(AccessKind::Read), None);
        check(access(AccessKind::Close(AccessMode::Read)), None);
        check(access(AccessKind::Close(AccessMode::Write)), Some(ChangeKind::Content));
        check(modify(ModifyKind::Data(DataChange::Any)), Some(ChangeKind::Content));
        check(modify(ModifyKind::Metadata(MetadataKind::Any)), Some(ChangeKind::Attributes));
        check(modify(ModifyKind::Any), Some(ChangeKind::Attributes));
        check(rename(RenameMode::From), Some(ChangeKind::Vanished));
        check(rename(RenameMode::To), Some(ChangeKind::Appeared));
        check(rename(RenameMode::Any), Some(ChangeKind::Appeared));
        check(rename(RenameMode::Both), None);
        check(EventKind::Create(CreateKind::File), Some(ChangeKind::FileAppeared));
        check(EventKind::Create(CreateKind::Folder), Some(ChangeKind::Appeared));
        check(EventKind::Remove(RemoveKind::Any), Some(ChangeKind::Vanished));
        check(EventKind::Any, Some(ChangeKind::Attributes));
        check(EventKind::Other, None);
    }
}
