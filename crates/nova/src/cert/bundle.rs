//! The folder that is copied to a worker's machine: its certificate and key, or its token, and the authority
//! by which it knows the router.

use std::path::{Path, PathBuf};

use anyhow::bail;
use nova_router::trust::{Token, TokenHash, WorkerName};
use nova_rpc::private;

use crate::cert::authority::Issued;
use nova_router::in_words::paths;

const CA_FILE: &str = "ca.pem";

/// What is copied to a worker's machine.
#[derive(Debug)]
pub(crate) struct Bundle {
    folder: PathBuf,
    name: WorkerName,
}

impl Bundle {
    /// That of a worker, in this folder.
    pub(crate) fn new(out: &Path, name: &WorkerName) -> Self {
        Self { folder: out.join(name.as_str()), name: name.clone() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn certificate_file(&self) -> String {
        format!("{}.pem", self.name)
    }

    fn key_file(&self) -> String {
        format!("{}-key.pem", self.name)
    }

    /// Refuses to write over a key.
    pub(crate) fn check_free(&self) -> anyhow::Result<()> {
        let key = self.folder.join(self.key_file());
        if key.exists() {
            let key = paths::shown(&key);
            bail!("{key} is there already: move it away, or name another folder with --out");
        }
        Ok(())
    }

    /// Writes a certificate and its key, in the place of those that are there.
    pub(crate) fn write_certificate(&self, issued: &Issued, ca: &[u8]) -> anyhow::Result<()> {
        self.write_ca(Some(ca))?;
        private::replace(&self.folder.join(self.key_file()), issued.key_pem.as_bytes())?;
        let certificate = self.folder.join(self.certificate_file());
        Ok(private::replace(&certificate, issued.certificate_pem.as_bytes())?)
    }

    /// Writes a token into a file of its own, and tells which.
    pub(crate) fn write_token(&self, token: &Token, ca: Option<&[u8]>) -> anyhow::Result<PathBuf> {
        self.write_ca(ca)?;
        let file = self.folder.join(self.token_file(token));
        private::create(&file, &[token.reveal(), b"\n"].concat())?;
        Ok(file)
    }

    fn write_ca(&self, ca: Option<&[u8]>) -> anyhow::Result<()> {
        private::create_folder(&self.folder)?;
        Ok(ca.map_or(Ok(()), |ca| private::replace(&self.folder.join(CA_FILE), ca))?)
    }

    fn token_file(&self, token: &Token) -> String {
        format!("{}-token-{}", self.name, TokenHash::of(token).short())
    }

    /// The command that works with the certificate, from within the folder.
    pub(crate) fn command_with_certificate(&self) -> String {
        let (certificate, key) = (self.certificate_file(), self.key_file());
        format!(
            "{CONNECT} --tls-ca-cert {CA_FILE} --tls-client-cert {certificate} --tls-client-key {key}"
        )
    }

    /// The command that works with a token, from within the folder.
    pub(crate) fn command_with_token(&self, token: &Token) -> String {
        let file = self.token_file(token);
        format!("{CONNECT} --tls-ca-cert {CA_FILE} --auth-token-file {file}")
    }
}

const CONNECT: &str = "nova-worker --connect tcp+tls:HOST:PORT --cache-dir ~/.cache/nova-worker";
