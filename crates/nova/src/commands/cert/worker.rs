//! `nova cert worker`: a worker's certificate and key.

use anyhow::{Context, bail};
use nova_router::trust::WorkerName;
use nova_rpc::private;
use serde_json::json;

use super::{Outcome, certificate_json, enrol};
use crate::args::EnrolmentArgs;
use crate::cert::authority::{Authority, Issued, Subject};
use crate::cert::bundle::Bundle;
use crate::cert::folder::TrustFolder;
use crate::cert::register::Register;
use nova_router::in_words::paths;

pub(super) fn run(
    folder: &TrustFolder,
    name: &WorkerName,
    args: &EnrolmentArgs,
) -> anyhow::Result<Outcome> {
    let _lock = folder.lock()?;
    let authority = Authority::open(folder)?;
    let mut register = Register::open(folder)?;
    if register.worker(name).is_some_and(|it| !it.revoked && !it.fingerprints.is_empty()) {
        bail!("`{name}` has a certificate: `nova cert renew {name}` makes a new one");
    }
    enrol(&mut register, name, &args.shards)?;
    let bundle = Bundle::new(&args.out, name);
    bundle.check_free()?;
    let issued = authority.issue(Subject::Worker(name))?;
    register.add_fingerprint(name, issued.certificate.fingerprint, &[])?;
    hand_out(folder, register, &bundle, &issued)?;
    Ok(outcome(name, &bundle, &issued))
}

/// Writes what a worker needs, and then that it is known.
pub(super) fn hand_out(
    folder: &TrustFolder,
    register: Register,
    bundle: &Bundle,
    issued: &Issued,
) -> anyhow::Result<()> {
    register.check()?;
    let ca = folder.read(&folder.ca())?.context("the authority's certificate has gone")?;
    bundle.write_certificate(issued, &ca)?;
    let kept = folder.issued(&issued.certificate.fingerprint);
    if let Some(issued_folder) = kept.parent() {
        private::create_folder(issued_folder)?;
    }
    private::create(&kept, issued.certificate_pem.as_bytes())?;
    register.save()
}

/// What is told of a certificate that a worker has got.
pub(super) fn outcome(name: &WorkerName, bundle: &Bundle, issued: &Issued) -> Outcome {
    let command = bundle.command_with_certificate();
    let shown = paths::shown(bundle.folder());
    let expires = issued.certificate.expires;
    let text = format!("{shown}  for `{name}`, until {expires}\n\n    {command}\n");
    let mut json = certificate_json(&issued.certificate);
    json["worker"] = json!(name.as_str());
    json["folder"] = json!(paths::as_data(bundle.folder()));
    json["command"] = json!(command);
    let advice = format!(
        "copy {shown} to the worker's machine, remove it here, and run that command in it there"
    );
    Outcome { text, json, advice: Some(advice) }
}
