//! A network between a router and its workers: ports and certificates.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use crate::sandbox::Sandbox;

/// Ports that no system gives to those who connect, so that none of them comes in between.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A port that nobody has, and that this gives to nobody else.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    loop {
        // Other processes that test begin elsewhere.
        let offset = std::process::id() + u32::from(GIVEN.fetch_add(1, Ordering::SeqCst));
        let port = PORTS.start + (offset % PORTS.len() as u32) as u16;
        if TcpListener::bind(("localhost", port)).is_ok() {
            return port;
        }
    }
}

/// An authority in a folder of a sandbox, made by openssl, as a company's would be.
pub(crate) struct Authority<'s> {
    sandbox: &'s Sandbox,
    name: &'static str,
}

const NEW_KEY: &[&str] =
    &["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

impl<'s> Authority<'s> {
    pub(crate) fn new(sandbox: &'s Sandbox, name: &'static str) -> Self {
        let authority = Self { sandbox, name };
        let (key, certificate) = (format!("{name}-key.pem"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        let own = ["-x509", "-days", "9", "-subj", &subject, "-keyout", &key, "-out", &certificate];
        sandbox.program("openssl", NEW_KEY.iter().chain(&own)).ok();
        authority
    }

    /// One that was made before.
    pub(crate) fn of(sandbox: &'s Sandbox, name: &'static str) -> Self {
        Self { sandbox, name }
    }

    /// Makes `<of>.pem` and `<of>-key.pem` for this host.
    pub(crate) fn certify(&self, of: &str, host: &str) {
        self.ask(of, host);
        let (request, certificate) = (format!("{of}.csr"), format!("{of}.pem"));
        let (ca, ca_key) = (format!("{}.pem", self.name), format!("{}-key.pem", self.name));
        let signed = ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-days", "9"];
        let to = ["-CAcreateserial", "-extfile", "extensions", "-out", &certificate];
        self.sandbox.program("openssl", signed.iter().chain(&to)).ok();
    }

    /// The same, but it was valid years ago.
    pub(crate) fn certify_expired(&self, of: &str, host: &str) {
        self.ask(of, host);
        let (request, certificate) = (format!("{of}.csr"), format!("{of}.pem"));
        let (ca, ca_key) = (format!("{}.pem", self.name), format!("{}-key.pem", self.name));
        let write = |name: &str, text: &str| {
            std::fs::write(self.sandbox.path(name), text).unwrap();
        };
        write("index.txt", "");
        write(
            "ca.cnf",
            "[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\nnew_certs_dir = .\n\
             rand_serial = yes\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n",
        );
        let signed = ["ca", "-batch", "-notext", "-config", "ca.cnf"];
        let by = ["-cert", &ca, "-keyfile", &ca_key, "-in", &request, "-extfile", "extensions"];
        let valid = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"];
        let to = ["-out", &certificate];
        let arguments = signed.iter().chain(&by).chain(&valid).chain(&to);
        self.sandbox.program("openssl", arguments).ok();
    }

    /// Makes the key, and the request to sign.
    fn ask(&self, of: &str, host: &str) {
        let (key, request) = (format!("{of}-key.pem"), format!("{of}.csr"));
        let subject = format!("/CN={of}");
        let asked = ["-subj", &subject, "-keyout", &key, "-out", &request];
        self.sandbox.program("openssl", NEW_KEY.iter().chain(&asked)).ok();
        let extensions =
            format!("subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth,clientAuth\n");
        std::fs::write(self.sandbox.path("extensions"), extensions).unwrap();
    }
}

/// The `tcp+tls:` endpoint of a port of this machine.
pub(crate) fn tls(port: u16) -> String {
    format!("tcp+tls:localhost:{port}")
}

/// A pause that is long for a machine and short for a person.
pub(crate) const A_MOMENT: Duration = Duration::from_millis(100);
