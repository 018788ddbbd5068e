//! `nova cert revoke`: a worker, or one of its tokens, that is not taken any more.

use nova_router::trust::WorkerName;
use serde_json::json;

use super::Outcome;
use crate::cert::folder::TrustFolder;
use crate::cert::register::Register;

pub(super) fn run(
    folder: &TrustFolder,
    name: &WorkerName,
    token: Option<&str>,
) -> anyhow::Result<Outcome> {
    let _lock = folder.lock()?;
    let mut register = Register::open(folder)?;
    let name = register.expect(name)?.name.clone();
    let revoked = match token {
        None => {
            register.revoke(&name)?;
            format!("`{name}`")
        }
        Some(id) => {
            register.revoke_token(&name, id)?;
            format!("token {id} of `{name}`")
        }
    };
    register.save()?;
    let json = json!({ "worker": name.as_str(), "token": token, "revoked": true });
    let advice = "a running router notices within seconds, and cuts the connection".to_owned();
    Ok(Outcome { text: format!("revoked {revoked}\n"), json, advice: Some(advice) })
}
