//! The command line of a worker: `nova-worker …`, or `nova worker …`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use nova_protocol::Token;
use nova_protocol::limits::HANDSHAKE_TIMEOUT;
use nova_rpc::tls::{CertificateFiles, ClientTls, TlsVersion};
use nova_rpc::{ClientSecurity, Endpoint, EndpointError, Stream, connect_securely};
use tokio::time::{Instant, timeout};

use crate::serve::{ServeError, Worker};
use crate::shipping::store::{STORE_BYTES_MAX_DEFAULT, STORE_BYTES_MIN, TextStore};
use crate::size::Size;

/// Work for a router: connect to it, and index the shards that it hands out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    nova-worker --connect unix:/run/user/1000/nova.sock --cache-dir ~/.cache/nova/big --auth-token-file token\n  \
    nova-worker --connect tcp+tls:router.example.org:7700 --tls-ca-cert ca.pem \\\n      \
    --tls-client-cert big.pem --tls-client-key big-key.pem --cache-dir ~/.cache/nova-worker")]
pub struct WorkerArgs {
    /// Where the router listens: unix:PATH, tcp+tls:HOST:PORT, tcp:HOST:PORT or pipe:NAME
    #[arg(long, value_name = "ENDPOINT")]
    connect: Endpoint,

    /// Work on this shard only (may be repeated)
    #[arg(long = "shard-id", value_name = "N")]
    shards: Vec<u32>,

    /// The router's cache folder; or, over a network, a folder of this worker's own
    #[arg(long, value_name = "DIR")]
    cache_dir: PathBuf,

    /// Read the token from this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["auth_token_env", "auth_token"])]
    auth_token_file: Option<PathBuf>,

    /// Read the token from this environment variable [default: NOVA_AUTH_TOKEN]
    #[arg(long, value_name = "VAR", conflicts_with = "auth_token")]
    auth_token_env: Option<String>,

    /// The token itself; other users of this machine can read it, so prefer a file
    #[arg(long, value_name = "TOKEN")]
    auth_token: Option<String>,

    /// Who vouches for the router, for tcp+tls:
    #[arg(long, value_name = "FILE")]
    tls_ca_cert: Option<PathBuf>,

    /// The name in the router's certificate [default: the host of --connect]
    #[arg(long, value_name = "NAME", requires = "tls_ca_cert")]
    tls_domain: Option<String>,

    /// This worker's certificate
    #[arg(long, value_name = "FILE", requires_all = ["tls_ca_cert", "tls_client_key"])]
    tls_client_cert: Option<PathBuf>,

    /// Its private key
    #[arg(long, value_name = "FILE", requires = "tls_client_cert")]
    tls_client_key: Option<PathBuf>,

    /// The oldest version of TLS that is spoken: 1.3, or 1.2 for what cannot do better
    #[arg(long, value_name = "VERSION", default_value_t)]
    tls_min_version: TlsVersion,

    /// Let tcp: leave this machine, where others can read along
    #[arg(long)]
    allow_insecure: bool,

    /// Over a network: keep so many bytes of texts at most, such as 512M or 16G
    #[arg(long, value_name = "SIZE", default_value_t = Size(STORE_BYTES_MAX_DEFAULT))]
    store_limit: Size,

    /// Over a network: use about so much memory, such as 512M or 16G, by doing fewer shards at a time if it is
    /// little [default: half of what there is]
    #[arg(long, value_name = "SIZE")]
    memory: Option<Size>,

    /// What to call this worker in the router's log
    #[arg(long, value_name = "NAME", default_value = "by hand")]
    name: String,
}

/// How long a socket may refuse connections before it counts as one that nobody listens at: there is a
/// moment between the two steps in which a router makes it and listens at it.
const REFUSED_MAX: Duration = Duration::from_secs(2);
/// How often it is tried meanwhile.
const REFUSED_PAUSE: Duration = Duration::from_millis(20);
/// Over a network a worker tries again for ever, after pauses from this on ...
const RECONNECT_PAUSE_MIN: Duration = Duration::from_millis(200);
/// ... up to this, each a random part shorter.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(30);

/// The environment variable that holds the token unless another is named.
pub const TOKEN_VARIABLE: &str = "NOVA_AUTH_TOKEN";

impl WorkerArgs {
    /// Connects and works until the router closes the connection, or, over a network, for ever. The caller
    /// then ends the process: a scan that still runs is for nobody.
    pub async fn run(self) -> anyhow::Result<()> {
        name_process("nova-worker");
        let mut worker = Worker {
            name: self.name.clone(),
            token: self.token()?,
            shards: (!self.shards.is_empty()).then(|| self.shards.clone()),
            cache_dir: Some(self.cache_dir.clone()),
            texts: None,
            memory_bytes: self.memory.map(|Size(bytes)| bytes),
        };
        if !self.connect.is_on_network() {
            let stream = self.reach().await.context("is the router running?")?;
            return Ok(worker.serve(stream).await?);
        }
        let Size(bytes_max) = self.store_limit;
        if bytes_max < STORE_BYTES_MIN {
            bail!("--store-limit must be at least {}", Size(STORE_BYTES_MIN));
        }
        worker.texts = Some(Arc::new(TextStore::open(&self.cache_dir, bytes_max)?));
        self.serve_for_ever(&worker).await
    }

    /// Whatever fails may work later: a router that restarts, a network that is down, a certificate that is
    /// renewed. So this only tells, once, what is wrong.
    async fn serve_for_ever(&self, worker: &Worker) -> anyhow::Result<()> {
        let mut pause = RECONNECT_PAUSE_MIN;
        let mut told = String::new();
        loop {
            let error = match self.serve_once(worker).await {
                Ok(()) => {
                    (pause, told) = (RECONNECT_PAUSE_MIN, String::new());
                    tracing::info!("the router has closed the connection; connecting again");
                    None
                }
                Err(error) => Some(error.to_string()),
            };
            if let Some(error) = error.filter(|error| *error != told) {
                tracing::warn!("{error}; trying again");
                told = error;
            }
            tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
            pause = (pause * 2).min(RECONNECT_PAUSE_MAX);
        }
    }

    async fn serve_once(&self, worker: &Worker) -> anyhow::Result<()> {
        let security = self.security()?;
        let connecting = connect_securely(&self.connect, &security);
        let Ok(stream) = timeout(HANDSHAKE_TIMEOUT, connecting).await else {
            bail!("{} does not answer within {HANDSHAKE_TIMEOUT:?}", self.connect);
        };
        let stream = stream?;
        match worker.clone().serve(stream).await {
            Err(ServeError(error)) => bail!("{} does not take this worker: {error}", self.connect),
            Ok(()) => Ok(()),
        }
    }

    /// Reads the certificates anew each time: they may have been renewed.
    fn security(&self) -> anyhow::Result<ClientSecurity> {
        let own = match (&self.tls_client_cert, &self.tls_client_key) {
            (Some(certificate), Some(key)) => {
                Some(CertificateFiles { certificate: certificate.clone(), key: key.clone() })
            }
            _ => None,
        };
        let (name, oldest) = (self.tls_domain.as_deref(), self.tls_min_version);
        let tls = match &self.tls_ca_cert {
            Some(ca) => Some(ClientTls::load(ca, own.as_ref(), name, oldest)?),
            None => None,
        };
        Ok(ClientSecurity { tls, allow_insecure: self.allow_insecure })
    }

    /// Connects to a router that is there or is just starting.
    async fn reach(&self) -> Result<Stream, EndpointError> {
        let deadline = Instant::now() + REFUSED_MAX;
        loop {
            match connect_securely(&self.connect, &ClientSecurity::default()).await {
                Err(EndpointError::Connect { source, .. })
                    if source.kind() == io::ErrorKind::ConnectionRefused
                        && Instant::now() < deadline =>
                {
                    tokio::time::sleep(REFUSED_PAUSE).await;
                }
                result => return result,
            }
        }
    }

    fn token(&self) -> anyhow::Result<Option<Token>> {
        if let Some(token) = &self.auth_token {
            tracing::warn!(
                "other users of this machine can read --auth-token; prefer --auth-token-file"
            );
            return Ok(Some(Token::new(token.as_str())?));
        }
        if let Some(file) = &self.auth_token_file {
            return read_token(file).map(Some);
        }
        let variable = self.auth_token_env.as_deref();
        match (std::env::var(variable.unwrap_or(TOKEN_VARIABLE)), variable) {
            (Ok(token), _) => Ok(Some(Token::new(token)?)),
            (Err(_), None) => Ok(None),
            (Err(error), Some(variable)) => {
                Err(error).with_context(|| format!("cannot read the token from ${variable}"))
            }
        }
    }
}

/// Reads a token from the first line of a file.
pub fn read_token(file: &Path) -> anyhow::Result<Token> {
    let text = std::fs::read(file)
        .with_context(|| format!("cannot read the token from {}", file.display()))?;
    let line = text.split(|&byte| byte == b'\n' || byte == b'\r').next().unwrap_or_default();
    Token::new(line).with_context(|| format!("no token in {}", file.display()))
}

/// This very program, even if its file was replaced since it started: what a router starts as its workers.
pub fn own_executable() -> anyhow::Result<PathBuf> {
    const SELF: &str = "/proc/self/exe";
    if Path::new(SELF).exists() {
        return Ok(PathBuf::from(SELF));
    }
    std::env::current_exe().context("cannot find the program to start workers from")
}

/// Gives this process a name in lists of processes, where it was started by [`own_executable`]: by that it is called
/// `exe`.
pub fn name_process(name: &str) {
    const NAME: &str = "/proc/self/comm";
    if std::fs::read_to_string(NAME).is_ok_and(|known| known.trim_end() == "exe") {
        // Without it all works as well.
        drop(std::fs::write(NAME, name));
    }
}
