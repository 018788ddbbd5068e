//! `nova cert`: certificates and tokens for workers on other machines.

mod init;
mod list;
mod renew;
mod revoke;
mod token;
mod worker;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::bail;
use nova_router::trust::{ShardScope, WorkerName};
use serde_json::{Value, json};

use crate::args::{CertAction, CertArgs};
use crate::cert::certificate::Certificate;
use crate::cert::folder::TrustFolder;
use crate::cert::register::Register;
use crate::cert::{AUTHORITY, ROUTER};
use crate::output::messages::Messages;

pub(crate) fn run(args: &CertArgs, messages: Messages) -> anyhow::Result<ExitCode> {
    let folder = TrustFolder::new(args.trust_dir.as_deref())?;
    let outcome = match &args.action {
        CertAction::Init { names } => init::run(&folder, names)?,
        CertAction::Worker { name, enrolment } => worker::run(&folder, name, enrolment)?,
        CertAction::Token { name, expires, stdout, enrolment } => {
            token::run(&folder, name, *expires, *stdout, enrolment)?
        }
        CertAction::List => list::run(&folder)?,
        CertAction::Revoke { name, token } => revoke::run(&folder, name, token.as_deref())?,
        CertAction::Renew { subject, names, out } => renew::run(&folder, subject, names, out)?,
    };
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", outcome.json)?;
    } else {
        out.write_all(outcome.text.as_bytes())?;
    }
    out.flush()?;
    if let Some(advice) = &outcome.advice {
        messages.remark(advice);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a command has done: for people, for programs, and what to do next.
struct Outcome {
    text: String,
    json: Value,
    advice: Option<String>,
}

/// What all objects with a certificate have.
fn certificate_json(certificate: &Certificate) -> Value {
    json!({
        "fingerprint": certificate.fingerprint.to_string(),
        "expires": certificate.expires.to_string(),
    })
}

/// Makes a worker known, unless it is; what is known of it beside is the caller's business.
fn enrol(register: &mut Register, name: &WorkerName, shards: &[String]) -> anyhow::Result<()> {
    if [ROUTER, AUTHORITY].iter().any(|taken| name.as_str().eq_ignore_ascii_case(taken)) {
        bail!("a worker cannot be called `{name}`: take another name");
    }
    // A pattern is told before anything is written.
    ShardScope::new(shards.to_vec())?;
    match register.worker(name) {
        None => register.add(name, shards),
        Some(known) if known.revoked => {
            register.remove(name)?;
            register.add(name, shards)
        }
        Some(_) if shards.is_empty() => Ok(()),
        Some(_) => bail!("`{name}` is known already: change its `shards` in workers.toml"),
    }
}
