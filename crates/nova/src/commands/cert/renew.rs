//! `nova cert renew`: new certificates before the old ones expire.

use std::path::Path;

use anyhow::{Context, bail};
use nova_router::trust::{Fingerprint, WorkerName};
use nova_rpc::private;
use serde_json::json;
use time::OffsetDateTime;

use super::{Outcome, certificate_json, worker};
use crate::cert::authority::{self, Authority, Subject};
use crate::cert::bundle::Bundle;
use crate::cert::certificate::{self, Certificate};
use crate::cert::folder::TrustFolder;
use crate::cert::host_name::HostName;
use crate::cert::register::Register;
use crate::cert::{AUTHORITY, ROUTER};
use nova_router::in_words::paths;

pub(super) fn run(
    folder: &TrustFolder,
    subject: &WorkerName,
    names: &[HostName],
    out: &Path,
) -> anyhow::Result<Outcome> {
    let _lock = folder.lock()?;
    match subject.as_str() {
        ROUTER => renew_router(folder, names),
        AUTHORITY => renew_authority(folder),
        _ => renew_worker(folder, subject, out),
    }
}

/// Makes a certificate for the same names as before, unless others are given.
fn renew_router(folder: &TrustFolder, names: &[HostName]) -> anyhow::Result<Outcome> {
    let names = if names.is_empty() { names_before(folder)? } else { names.to_vec() };
    let router = Authority::open(folder)?.issue(Subject::Router(&names))?;
    private::replace(&folder.router_key(), router.key_pem.as_bytes())?;
    private::replace(&folder.router(), router.certificate_pem.as_bytes())?;
    let Certificate { expires, names, .. } = &router.certificate;
    let path = paths::shown(&folder.router());
    let text = format!("router     {path}, until {expires}, for {}\n", names.join(", "));
    let mut json = certificate_json(&router.certificate);
    json["names"] = json!(names);
    Ok(Outcome { text, json, advice: None })
}

fn names_before(folder: &TrustFolder) -> anyhow::Result<Vec<HostName>> {
    let path = folder.router();
    let before = folder.read(&path)?.context("there is no such file").and_then(|pem| {
        let names = Certificate::read(&pem)?.names;
        let names: Result<Vec<HostName>, _> = names.iter().map(|name| name.parse()).collect();
        names.map_err(anyhow::Error::msg)
    });
    before.with_context(|| {
        let path = paths::shown(&path);
        format!("cannot tell from {path} what the router is called: say so with --name")
    })
}

/// Makes a new authority; the certificates of the old ones are taken until they expire.
fn renew_authority(folder: &TrustFolder) -> anyhow::Result<Outcome> {
    let path = folder.ca();
    let Some(before) = folder.read(&path)? else {
        bail!("there is no {}: `nova cert init` makes it", paths::shown(&path));
    };
    let now = OffsetDateTime::now_utc();
    let ca = authority::create()?;
    let mut pem = ca.certificate_pem.clone();
    let mut kept = Vec::new();
    for block in certificate::blocks(&String::from_utf8_lossy(&before)) {
        let certificate = Certificate::read(block.as_bytes())
            .with_context(|| format!("cannot use {}", paths::shown(&path)))?;
        if !certificate.expires.is_past(now) {
            pem.push_str(block);
            pem.push('\n');
            kept.push(certificate);
        }
    }
    private::replace(&folder.ca_key(), ca.key_pem.as_bytes())?;
    private::replace(&path, pem.as_bytes())?;
    let until = ca.certificate.expires;
    let text = format!("authority  {}, until {until}\n", paths::shown(&path));
    let mut json = certificate_json(&ca.certificate);
    json["kept"] = kept.iter().map(certificate_json).collect();
    let advice = format!(
        "copy {} to every worker before you renew the router: they know it by that file",
        paths::shown(&path)
    );
    Ok(Outcome { text, json, advice: Some(advice) })
}

/// Makes a certificate beside those that the worker has, which are taken until they expire.
fn renew_worker(folder: &TrustFolder, name: &WorkerName, out: &Path) -> anyhow::Result<Outcome> {
    let authority = Authority::open(folder)?;
    let mut register = Register::open(folder)?;
    let known = register.expect(name)?;
    let name = known.name.clone();
    if known.revoked || known.fingerprints.is_empty() {
        let state = if known.revoked { "was revoked" } else { "has no certificate" };
        bail!("`{name}` {state}: `nova cert worker {name}` makes one");
    }
    let now = OffsetDateTime::now_utc();
    let is_dead = |fingerprint: &&Fingerprint| {
        let pem = folder.read(&folder.issued(fingerprint)).ok().flatten();
        pem.and_then(|pem| Certificate::read(&pem).ok()).is_some_and(|it| it.expires.is_past(now))
    };
    let dead: Vec<Fingerprint> = known.fingerprints.iter().filter(is_dead).copied().collect();
    let issued = authority.issue(Subject::Worker(&name))?;
    register.add_fingerprint(&name, issued.certificate.fingerprint, &dead)?;
    let bundle = Bundle::new(out, &name);
    worker::hand_out(folder, register, &bundle, &issued)?;
    Ok(worker::outcome(&name, &bundle, &issued))
}
