//! What was decided about workers, a JSON object a line, in a file of bounded size that is this user's alone.
//!
//! What can be written is an [`AuditEvent`], and none has a place for a secret.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nova_index::ShardId;
use nova_rpc::private::{self, PrivateFileError};
use serde::Serialize;

use super::identity::Identity;
use super::moment::Moment;
use super::name::WorkerName;
use super::refusal::Refusal;

/// A file that would become larger is set aside, in the place of the one that was set aside before.
const AUDIT_BYTES_MAX: u64 = 16 << 20;
/// Bytes of an address or a reason.
const AUDIT_TEXT_BYTES_MAX: usize = 1024;

/// The file.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    bytes_max: u64,
    /// Held while a line is written, so that one thread at a time sets the file aside.
    writing: Mutex<()>,
}

/// Something that was decided about a worker.
#[derive(Debug, Clone, Copy)]
pub enum AuditEvent<'e> {
    /// It was taken.
    Accepted {
        /// Who.
        identity: &'e Identity,
        /// From where.
        address: &'e str,
    },
    /// Somebody was not taken.
    Rejected {
        /// Why.
        refusal: &'e Refusal,
        /// From where.
        address: &'e str,
    },
    /// So many more were not taken than were written down.
    LeftOut {
        /// How many.
        count: u64,
    },
    /// It was given a shard.
    Assigned {
        /// Who.
        worker: &'e WorkerName,
        /// From where.
        address: &'e str,
        /// Which.
        shard: ShardId,
    },
    /// The policy does not take it any more, or one of its tokens.
    Revoked {
        /// Who.
        worker: &'e WorkerName,
        /// The token, if not the worker.
        token: Option<&'e str>,
    },
    /// Its connection was cut.
    Cut {
        /// Who.
        worker: &'e WorkerName,
        /// From where.
        address: &'e str,
        /// Why.
        reason: &'e str,
    },
}

#[derive(Serialize)]
struct Line<'e> {
    time: String,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Audit {
    /// Makes the file, or finds that it is there and nobody else's business.
    pub fn open(path: PathBuf) -> Result<Self, PrivateFileError> {
        let file = private::append(&path).map_err(|e| PrivateFileError::io("write", &path, e))?;
        private::check_private(&file, &path)?;
        Ok(Self { path, bytes_max: AUDIT_BYTES_MAX, writing: Mutex::new(()) })
    }

    /// Appends a line. The file is opened for each, so that it may be moved away at any time.
    pub fn write(&self, event: &AuditEvent<'_>) -> Result<(), PrivateFileError> {
        let write = || -> io::Result<()> {
            let mut line = serde_json::to_vec(&Line::new(event))?;
            line.push(b'\n');
            let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            let mut file = private::append(&self.path)?;
            let size = file.metadata()?.len();
            if size > 0 && size + line.len() as u64 > self.bytes_max {
                fs::rename(&self.path, set_aside(&self.path))?;
                file = private::append(&self.path)?;
            }
            // In one go, so that lines of several processes do not mix.
            file.write_all(&line)
        };
        write().map_err(|error| PrivateFileError::io("write", &self.path, error))
    }
}

impl<'e> Line<'e> {
    fn new(event: &AuditEvent<'e>) -> Self {
        let line = |event, worker: Option<&'e WorkerName>| Self {
            time: Moment::now().to_string(),
            event,
            worker: worker.map(WorkerName::as_str),
            address: None,
            shard: None,
            reason: None,
        };
        match *event {
            AuditEvent::Accepted { identity, address } => Self {
                address: Some(cut(address)),
                reason: Some(cut(&identity.known_by().to_string()).to_owned()),
                ..line("accepted", Some(identity.name()))
            },
            AuditEvent::Rejected { refusal, address } => Self {
                address: Some(cut(address)),
                reason: Some(cut(&refusal.detail()).to_owned()),
                ..line("rejected", refusal.worker())
            },
            AuditEvent::LeftOut { count } => Self {
                reason: Some(format!("{count} more were refused and are not written down")),
                ..line("rejected", None)
            },
            AuditEvent::Assigned { worker, address, shard } => Self {
                address: Some(cut(address)),
                shard: Some(shard.0),
                ..line("assigned", Some(worker))
            },
            AuditEvent::Revoked { worker, token } => Self {
                reason: token.map(|id| format!("token {id}")),
                ..line("revoked", Some(worker))
            },
            AuditEvent::Cut { worker, address, reason } => Self {
                address: Some(cut(address)),
                reason: Some(cut(reason).to_owned()),
                ..line("cut", Some(worker))
            },
        }
    }
}

/// The name of the file that is full: `audit.log.1`.
fn set_aside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".1");
    path.with_file_name(name)
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(AUDIT_TEXT_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Fingerprint;

    fn lines(path: &Path) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn audit(bytes_max: u64) -> (tempfile::TempDir, Audit) {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::open(folder.path().join("audit.log")).unwrap();
        (folder, Audit { bytes_max, ..audit })
    }

    #[test]
    fn an_event_is_one_line_with_what_is_known_of_it() {
        let (folder, audit) = audit(AUDIT_BYTES_MAX);
        let worker = "big".parse().unwrap();
        let address = "192.0.2.1:55";
        let refusal = Refusal::UnknownCertificate(Fingerprint::of(b""));
        let long = "ä".repeat(AUDIT_TEXT_BYTES_MAX);
        for event in [
            AuditEvent::Rejected { refusal: &refusal, address },
            AuditEvent::Assigned { worker: &worker, address, shard: ShardId(7) },
            AuditEvent::Revoked { worker: &worker, token: None },
            AuditEvent::Revoked { worker: &worker, token: Some("1f2e") },
            AuditEvent::Cut { worker: &worker, address, reason: "line\nbreak" },
            AuditEvent::Cut { worker: &worker, address, reason: &long },
        ] {
            audit.write(&event).unwrap();
        }
        let lines = lines(&folder.path().join("audit.log"));
        assert_eq!(lines.len(), 6);
        let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
        assert_eq!(events, ["rejected", "assigned", "revoked", "revoked", "cut", "cut"]);
        let time = lines[0]["time"].as_str().unwrap();
        assert!(time.ends_with('Z') && time.len() == 20, "{time}");
        assert!(lines[0].get("worker").is_none());
        assert!(lines[0]["reason"].as_str().unwrap().contains("sha256:e3b0"), "{}", lines[0]);
        assert_eq!((&lines[1]["shard"], &lines[1]["worker"]), (&7.into(), &"big".into()));
        assert_eq!(lines[3]["reason"], "token 1f2e");
        assert_eq!(lines[4]["reason"], "line\nbreak");
        assert_eq!(lines[5]["reason"].as_str().unwrap().len(), AUDIT_TEXT_BYTES_MAX);
    }

    #[test]
    fn a_full_file_is_set_aside_once_and_no_more_is_kept() {
        let (folder, audit) = audit(300);
        let worker = "big".parse().unwrap();
        for number in 0..50 {
            let event =
                AuditEvent::Assigned { worker: &worker, address: "a", shard: ShardId(number) };
            audit.write(&event).unwrap();
        }
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["audit.log", "audit.log.1"]);
        let mut kept = lines(&folder.path().join("audit.log.1"));
        kept.extend(lines(&folder.path().join("audit.log")));
        let shards: Vec<_> = kept.iter().map(|line| line["shard"].as_u64().unwrap()).collect();
        let last: Vec<_> = (50 - shards.len() as u64..50).collect();
        assert_eq!(shards, last);
        for name in names {
            assert!(fs::metadata(folder.path().join(name)).unwrap().len() <= 300);
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, audit) = audit(100);
        let worker = "big".parse().unwrap();
        for _ in 0..3 {
            audit.write(&AuditEvent::Revoked { worker: &worker, token: None }).unwrap();
        }
        for name in ["audit.log", "audit.log.1"] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let loose = folder.path().join("loose.log");
        fs::write(&loose, "").unwrap();
        fs::set_permissions(&loose, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Audit::open(loose), Err(PrivateFileError::Open { .. })));
    }
}
