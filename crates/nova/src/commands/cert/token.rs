//! `nova cert token`: a token of a worker's own.

use anyhow::Context;
use nova_router::trust::{Moment, TokenHash, WorkerName, new_token};
use serde_json::json;
use time::OffsetDateTime;

use super::{Outcome, enrol};
use crate::args::EnrolmentArgs;
use crate::cert::bundle::Bundle;
use crate::cert::folder::TrustFolder;
use crate::cert::register::Register;
use crate::period::Period;
use nova_router::in_words::paths;

pub(super) fn run(
    folder: &TrustFolder,
    name: &WorkerName,
    validity: Period,
    stdout: bool,
    args: &EnrolmentArgs,
) -> anyhow::Result<Outcome> {
    let _lock = folder.lock()?;
    let mut register = Register::open(folder)?;
    let is_new = register.worker(name).is_none_or(|worker| worker.revoked);
    enrol(&mut register, name, &args.shards)?;
    let token = new_token();
    let hash = TokenHash::of(&token);
    let expires: Moment = (OffsetDateTime::now_utc() + validity.0).into();
    register.add_token(name, hash, expires)?;
    register.check()?;

    let mut json = json!({
        "worker": name.as_str(),
        "id": hash.short(),
        "expires": expires.to_string(),
        "new_worker": is_new,
    });
    let (text, advice);
    if stdout {
        let secret = std::str::from_utf8(token.reveal()).context("a token is made of digits")?;
        json["token"] = json!(secret);
        text = format!("{secret}\n");
        advice = format!("token {} for `{name}`, until {expires}", hash.short());
    } else {
        let bundle = Bundle::new(&args.out, name);
        let file = bundle.write_token(&token, folder.read(&folder.ca())?.as_deref())?;
        let (shown, command) = (paths::shown(&file), bundle.command_with_token(&token));
        json["file"] = json!(paths::as_data(&file));
        json["command"] = json!(command);
        text = format!("{shown}  for `{name}`, until {expires}\n\n    {command}\n");
        let bundle = paths::shown(bundle.folder());
        advice = format!(
            "copy {bundle} to the worker's machine, remove it here, and run that command in it there"
        );
    }
    register.save()?;
    Ok(Outcome { text, json, advice: Some(advice) })
}
