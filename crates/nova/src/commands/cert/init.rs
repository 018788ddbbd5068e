//! `nova cert init`: the authority, and the router's certificate.

use anyhow::bail;
use nova_rpc::private;
use serde_json::json;

use super::{Outcome, certificate_json};
use crate::cert::authority::{self, Authority, Subject};
use crate::cert::folder::TrustFolder;
use crate::cert::host_name::HostName;
use crate::cert::register::Register;
use nova_router::in_words::paths;

pub(super) fn run(folder: &TrustFolder, names: &[HostName]) -> anyhow::Result<Outcome> {
    let _lock = folder.create()?;
    for path in [folder.ca(), folder.ca_key(), folder.router(), folder.router_key()] {
        if path.exists() {
            bail!(
                "{} is there already, and is not written over: `nova cert renew ca` makes a new \
                 authority beside the old one; --trust-dir names another folder",
                paths::shown(&path)
            );
        }
    }
    let register = Register::open(folder)?;
    let names = if names.is_empty() { HostName::of_this_machine() } else { names.to_vec() };
    let ca = authority::create()?;
    private::create(&folder.ca_key(), ca.key_pem.as_bytes())?;
    private::create(&folder.ca(), ca.certificate_pem.as_bytes())?;
    let router = Authority::open(folder)?.issue(Subject::Router(&names))?;
    private::create(&folder.router_key(), router.key_pem.as_bytes())?;
    private::create(&folder.router(), router.certificate_pem.as_bytes())?;
    register.save()?;

    let (ca, router) = (ca.certificate, router.certificate);
    let text = format!(
        "authority  {}, until {}\nrouter     {}, until {}, for {}\n",
        paths::shown(&folder.ca()),
        ca.expires,
        paths::shown(&folder.router()),
        router.expires,
        router.names.join(", "),
    );
    let mut router_json = certificate_json(&router);
    router_json["names"] = json!(router.names);
    let json = json!({
        "trust_dir": paths::as_data(folder.path()),
        "ca": certificate_json(&ca),
        "router": router_json,
    });
    let advice = "next: `nova cert worker NAME` for each worker".to_owned();
    Ok(Outcome { text, json, advice: Some(advice) })
}
