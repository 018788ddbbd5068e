//! The trust folder, from which remote workers get certificates and tokens: what is in it, and how it is
//! changed. Who is trusted by what it says is the router's business.
//!
//! ```text
//! <folder>/ca.pem            the authority's certificates, the newest first
//! <folder>/ca-key.pem        the newest one's key
//! <folder>/router.pem        what the router shows to workers, and its key
//! <folder>/router-key.pem
//! <folder>/workers.toml      who is known, see nova_router::trust::policy
//! <folder>/issued/           every certificate of a worker that was made, by its fingerprint
//! <folder>/lock              held while a command changes any of these
//! ```

pub(crate) mod authority;
pub(crate) mod bundle;
pub(crate) mod certificate;
pub(crate) mod folder;
pub(crate) mod host_name;
pub(crate) mod register;

use time::Duration;

use crate::period::Period;

/// What the router and the authority are called beside workers, none of which may be called so.
pub(crate) const ROUTER: &str = "router";
pub(crate) const AUTHORITY: &str = "ca";

/// How long an authority's certificate is valid.
pub(crate) const CA_VALIDITY: Duration = Duration::days(10 * 365);
/// How long a router's or a worker's certificate is valid.
pub(crate) const CERTIFICATE_VALIDITY: Duration = Duration::days(365);
/// How long a token is valid unless the command line says otherwise.
pub(crate) const TOKEN_VALIDITY: Period = Period(std::time::Duration::from_secs(30 * 24 * 3600));
/// How long before its end something counts as about to expire.
pub(crate) const EXPIRES_SOON: Duration = Duration::days(30);
/// Certificates are valid from so long ago: not all clocks agree.
pub(crate) const CLOCK_SKEW: Duration = Duration::hours(1);
