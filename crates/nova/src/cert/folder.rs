//! The trust folder and the names in it.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use nova_router::trust::Fingerprint;
use nova_rpc::private::{self, PrivateFileError};

use nova_router::in_words::paths;

/// Bytes of a file with certificates or a key.
pub(crate) const PEM_BYTES_MAX: u64 = 256 << 10;

/// The trust folder.
#[derive(Debug)]
pub(crate) struct TrustFolder {
    path: PathBuf,
}

impl TrustFolder {
    /// The folder that was named, else that of the platform.
    pub(crate) fn new(given: Option<&Path>) -> anyhow::Result<Self> {
        let of_platform = || {
            let folders = directories::ProjectDirs::from("", "", "nova");
            let folders = folders.context("there is no home folder: name one with --trust-dir")?;
            anyhow::Ok(folders.config_dir().join("trust"))
        };
        Ok(Self { path: given.map_or_else(of_platform, |given| Ok(given.to_path_buf()))? })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.path.join("ca.pem")
    }

    pub(crate) fn ca_key(&self) -> PathBuf {
        self.path.join("ca-key.pem")
    }

    pub(crate) fn router(&self) -> PathBuf {
        self.path.join("router.pem")
    }

    pub(crate) fn router_key(&self) -> PathBuf {
        self.path.join("router-key.pem")
    }

    pub(crate) fn workers(&self) -> PathBuf {
        self.path.join("workers.toml")
    }

    /// What was decided about workers.
    pub(crate) fn audit(&self) -> PathBuf {
        self.path.join("audit.log")
    }

    /// Where a worker's certificate is kept.
    pub(crate) fn issued(&self, fingerprint: &Fingerprint) -> PathBuf {
        self.path.join("issued").join(format!("{}.pem", fingerprint.digits()))
    }

    /// Makes the folder if it is not there, and waits until no other command changes it.
    pub(crate) fn create(&self) -> anyhow::Result<File> {
        private::create_folder(&self.path)?;
        self.lock()
    }

    /// Waits until no other command changes the folder; it is free again when the file is dropped.
    pub(crate) fn lock(&self) -> anyhow::Result<File> {
        self.check_there()?;
        let lock = || {
            let file = OpenOptions::new().create(true).append(true).open(self.path.join("lock"))?;
            file.lock()?;
            std::io::Result::Ok(file)
        };
        lock().with_context(|| format!("cannot lock {}", paths::shown(&self.path)))
    }

    /// Refuses a folder that is not there, or in which others can write.
    pub(crate) fn check_there(&self) -> anyhow::Result<()> {
        if !self.path.exists() {
            bail!("there is no {}: `nova cert init` makes it", paths::shown(&self.path));
        }
        Ok(private::check_folder(&self.path)?)
    }

    /// A file of the folder with certificates, if it is there.
    pub(crate) fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, PrivateFileError> {
        if path.exists() { private::read_guarded(path, PEM_BYTES_MAX).map(Some) } else { Ok(None) }
    }
}
