//! How a router takes in workers that somebody else starts, by its command line.

use clap::CommandFactory;
use clap::error::ErrorKind;
use nova_router::trust::TrustFiles;
use nova_router::{GuestAdmission, GuestOptions, TrustOptions};
use nova_rpc::Endpoint;
use nova_rpc::tls::CertificateFiles;
use nova_worker::args::read_token;

use crate::args::{Cli, GuestArgs};
use crate::cert::folder::TrustFolder;

/// `None` if no workers are to be taken in. Where others wait for answers (`gives_up`) the work does not wait for
/// a worker to come.
pub(crate) fn options(args: &GuestArgs, gives_up: bool) -> anyhow::Result<Option<GuestOptions>> {
    let Some(listen) = args.listen.clone() else { return Ok(None) };
    let admission = match &listen {
        Endpoint::Tls(_) => GuestAdmission::Trust(trust(args)?),
        Endpoint::Unix(_) | Endpoint::Pipe(_) | Endpoint::Tcp(_) => {
            let Some(file) = &args.auth_token_file else {
                let missing = "needs --auth-token-file: whoever connects must show a token";
                let text = format!("--listen {listen} {missing}");
                Cli::command().error(ErrorKind::MissingRequiredArgument, text).exit();
            };
            if args.allow_insecure {
                tracing::warn!("--allow-insecure: what goes over {listen} can be read on its way");
            }
            let allow_insecure = args.allow_insecure;
            GuestAdmission::Token { token: read_token(file)?, allow_insecure }
        }
    };
    Ok(Some(GuestOptions { listen, admission, gives_up }))
}

/// The files of the trust folder, unless others are named.
fn trust(args: &GuestArgs) -> anyhow::Result<TrustOptions> {
    let folder = TrustFolder::new(args.trust_dir.as_deref())?;
    folder.check_there()?;
    let certificate = CertificateFiles {
        certificate: args.tls_cert.clone().unwrap_or_else(|| folder.router()),
        key: args.tls_key.clone().unwrap_or_else(|| folder.router_key()),
    };
    let client_ca = args.tls_client_ca.clone().unwrap_or_else(|| folder.ca());
    let files = TrustFiles { policy: folder.workers(), audit: Some(folder.audit()) };
    Ok(TrustOptions { certificate, client_ca, oldest_tls: args.tls_min_version, files })
}
