//! How a router takes in workers that somebody else starts, by its command line.

use anyhow::{Context, bail};
use nova_router::GuestOptions;
use nova_rpc::tls::{CertificateFiles, ServerTls};
use nova_rpc::{Endpoint, ServerSecurity};
use nova_worker::args::read_token;

use crate::args::GuestArgs;

/// `None` if no workers are to be taken in.
pub(crate) fn options(args: &GuestArgs) -> anyhow::Result<Option<GuestOptions>> {
    let Some(listen) = args.listen.clone() else { return Ok(None) };
    let token = args.auth_token_file.as_deref().map(read_token).transpose()?;
    let tls = match &listen {
        Endpoint::Tls(_) => Some(server_tls(args)?),
        _ if token.is_none() => {
            bail!("--listen {listen} needs --auth-token-file: whoever connects must show a token");
        }
        _ => None,
    };
    if args.allow_insecure {
        tracing::warn!("--allow-insecure: what goes over {listen} can be read on its way");
    }
    let security = ServerSecurity { tls, allow_insecure: args.allow_insecure };
    Ok(Some(GuestOptions { listen, token, security }))
}

fn server_tls(args: &GuestArgs) -> anyhow::Result<ServerTls> {
    let missing = "tcp+tls: needs --tls-cert, --tls-key and --tls-client-ca";
    let certificate = args.tls_cert.clone().context(missing)?;
    let key = args.tls_key.clone().context(missing)?;
    let client_ca = args.tls_client_ca.as_deref().context(missing)?;
    Ok(ServerTls::load(&CertificateFiles { certificate, key }, client_ca)?)
}
