//! `nova cert list`: who is known, by what, and for how long.

use std::fmt::Write;
use std::path::PathBuf;

use nova_router::trust::policy::{Worker, WorkerToken};
use nova_router::trust::{Fingerprint, Moment};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Outcome, certificate_json};
use crate::cert::certificate::{Certificate, State};
use crate::cert::folder::TrustFolder;
use crate::cert::register::Register;
use nova_router::in_words::paths;

pub(super) fn run(folder: &TrustFolder) -> anyhow::Result<Outcome> {
    folder.check_there()?;
    let now = OffsetDateTime::now_utc();
    let certificates = |path: PathBuf| -> anyhow::Result<Vec<Certificate>> {
        folder.read(&path)?.map_or(Ok(Vec::new()), |pem| Certificate::read_all(&pem))
    };
    let authorities = certificates(folder.ca())?;
    let router = certificates(folder.router())?.into_iter().next();
    let register = Register::open(folder)?;
    let workers: Vec<_> =
        register.workers().iter().map(|worker| Listed::new(folder, worker, now)).collect();

    let json = json!({
        "trust_dir": paths::as_data(folder.path()),
        "ca": authorities.iter().map(|it| with_state(it, now)).collect::<Vec<_>>(),
        "router": router.as_ref().map(|it| {
            let mut json = with_state(it, now);
            json["names"] = json!(it.names);
            json
        }),
        "workers": workers.iter().map(Listed::to_json).collect::<Vec<_>>(),
    });
    let mut text = String::new();
    for authority in &authorities {
        write_line(&mut text, "authority", authority, "", now)?;
    }
    if let Some(router) = &router {
        let names = format!("  for {}", router.names.join(", "));
        write_line(&mut text, "router", router, &names, now)?;
    }
    for worker in &workers {
        worker.write_text(&mut text)?;
    }
    Ok(Outcome { text, json, advice: None })
}

fn with_state(certificate: &Certificate, now: OffsetDateTime) -> Value {
    let mut json = certificate_json(certificate);
    json["state"] = json!(State::of(certificate.expires, false, now).as_data());
    json
}

fn write_line(
    text: &mut String,
    what: &str,
    certificate: &Certificate,
    rest: &str,
    now: OffsetDateTime,
) -> std::fmt::Result {
    let state = State::of(certificate.expires, false, now).shown();
    let Certificate { expires, fingerprint, .. } = certificate;
    writeln!(text, "{what:<11}{state:<13} until {expires}  {fingerprint}{rest}")
}

/// A worker with what is known of its certificates.
struct Listed<'w> {
    worker: &'w Worker,
    /// When each ends, if this folder has made it.
    certificates: Vec<(Fingerprint, Option<Moment>, State)>,
    tokens: Vec<State>,
}

impl<'w> Listed<'w> {
    fn new(folder: &TrustFolder, worker: &'w Worker, now: OffsetDateTime) -> Self {
        let certificates = worker.fingerprints.iter().map(|fingerprint| {
            let pem = folder.read(&folder.issued(fingerprint)).ok().flatten();
            let expires = pem.and_then(|pem| Certificate::read(&pem).ok()).map(|it| it.expires);
            let alive = if worker.revoked { State::Revoked } else { State::Valid };
            let state = expires.map_or(alive, |it| State::of(it, worker.revoked, now));
            (*fingerprint, expires, state)
        });
        let state =
            |token: &WorkerToken| State::of(token.expires, worker.revoked || token.revoked, now);
        let tokens = worker.tokens.iter().map(state).collect();
        Self { worker, certificates: certificates.collect(), tokens }
    }

    /// That of the best that it can show.
    fn state(&self) -> State {
        let by_name = self.worker.san.as_ref().map(|_| State::Valid);
        let certificates = self.certificates.iter().map(|(.., state)| *state);
        let all = certificates.chain(self.tokens.iter().copied()).chain(by_name);
        if self.worker.revoked { State::Revoked } else { all.max().unwrap_or(State::Revoked) }
    }

    fn to_json(&self) -> Value {
        let certificate = |(fingerprint, expires, state): &(Fingerprint, Option<Moment>, State)| {
            json!({
                "fingerprint": fingerprint.to_string(),
                "expires": expires.map(|it| it.to_string()),
                "state": state.as_data(),
            })
        };
        let tokens = self.worker.tokens.iter().zip(&self.tokens).map(|(token, state)| {
            let expires = token.expires.to_string();
            json!({ "id": token.id, "expires": expires, "state": state.as_data() })
        });
        json!({
            "name": self.worker.name.as_str(),
            "state": self.state().as_data(),
            "shards": self.worker.scope.patterns(),
            "san": self.worker.san,
            "certificates": self.certificates.iter().map(certificate).collect::<Vec<_>>(),
            "tokens": tokens.collect::<Vec<_>>(),
        })
    }

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        let shards = match self.worker.scope.patterns() {
            None => "all shards".to_owned(),
            Some([]) => "no shards".to_owned(),
            Some(patterns) => format!("shards {}", patterns.join(", ")),
        };
        let (name, state) = (&self.worker.name, self.state().shown());
        writeln!(
            text,
            "worker     {state:<13} {}",
            paths::printable(format!("{name}, {shards}").as_bytes())
        )?;
        if let Some(san) = &self.worker.san {
            writeln!(text, "  by name  {}", paths::printable(san.as_bytes()))?;
        }
        for (fingerprint, expires, state) in &self.certificates {
            let until = expires.map_or_else(|| "?".to_owned(), |it| it.to_string());
            writeln!(text, "  by cert  {:<13} until {until}  {fingerprint}", state.shown())?;
        }
        for (token, state) in self.worker.tokens.iter().zip(&self.tokens) {
            let (id, until) = (&token.id, token.expires);
            writeln!(text, "  by token {:<13} until {until}  {id}", state.shown())?;
        }
        Ok(())
    }
}
