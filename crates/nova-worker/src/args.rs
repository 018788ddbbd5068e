//! The command line of a worker: `nova-worker …`, or `nova worker …`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use nova_protocol::Token;
use nova_rpc::{Endpoint, EndpointError, Stream, connect};
use tokio::time::Instant;

use crate::serve::Worker;

/// Work for a router: connect to it, and index the shards that it hands out.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    nova-worker --connect unix:/run/user/1000/nova.sock --cache-dir ~/.cache/nova/big --auth-token-file token")]
pub struct WorkerArgs {
    /// Where the router listens: unix:PATH or pipe:NAME
    #[arg(long, value_name = "ENDPOINT")]
    connect: Endpoint,

    /// Work on this shard only (may be repeated)
    #[arg(long = "shard-id", value_name = "N")]
    shards: Vec<u32>,

    /// The workspace's cache folder, the same as the router's
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

    /// What to call this worker in the router's log
    #[arg(long, value_name = "NAME", default_value = "by hand")]
    name: String,
}

/// How long a socket may refuse connections before it counts as one that nobody listens at: there is a
/// moment between the two steps in which a router makes it and listens at it.
const REFUSED_MAX: Duration = Duration::from_secs(2);
/// How often it is tried meanwhile.
const REFUSED_PAUSE: Duration = Duration::from_millis(20);

/// The environment variable that holds the token unless another is named.
pub const TOKEN_VARIABLE: &str = "NOVA_AUTH_TOKEN";

impl WorkerArgs {
    /// Connects and works until the router closes the connection. The caller then ends the process: a
    /// scan that still runs is for nobody.
    pub async fn run(self) -> anyhow::Result<()> {
        let token = self.token()?;
        let stream = reach(&self.connect).await.context("is the router running?")?;
        let worker = Worker {
            name: self.name,
            token,
            shards: (!self.shards.is_empty()).then_some(self.shards),
            cache_dir: Some(self.cache_dir),
        };
        Ok(worker.serve(stream).await?)
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
pub fn read_token(file: &std::path::Path) -> anyhow::Result<Token> {
    let text = std::fs::read(file)
        .with_context(|| format!("cannot read the token from {}", file.display()))?;
    let line = text.split(|&byte| byte == b'\n' || byte == b'\r').next().unwrap_or_default();
    Token::new(line).with_context(|| format!("no token in {}", file.display()))
}

/// Connects to a router that is there or is just starting.
async fn reach(endpoint: &Endpoint) -> Result<Stream, EndpointError> {
    let deadline = Instant::now() + REFUSED_MAX;
    loop {
        match connect(endpoint).await {
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
