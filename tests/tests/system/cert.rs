//! Certificates and tokens for workers on other machines, as `nova cert` makes and revokes them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use nova_router::trust::{Refusal, Token, Trust, TrustFiles};
use serde_json::{Value, json};

use crate::run::Ended;
use crate::sandbox::Sandbox;

/// A sandbox with an authority in `trust`.
fn enrolled() -> Sandbox {
    let sandbox = Sandbox::new(&[]);
    cert(&sandbox, &["init", "--name", "build.example.org", "--name", "192.0.2.7"]).code(0);
    sandbox
}

#[track_caller]
fn cert(sandbox: &Sandbox, args: &[&str]) -> Ended {
    sandbox.nova_at_home(["cert", "--trust-dir", "trust"].iter().chain(args)).run()
}

#[track_caller]
fn cert_json(sandbox: &Sandbox, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    cert(sandbox, &args).code(0).says_nothing().json()
}

/// What openssl says, if it is installed.
#[track_caller]
fn openssl(sandbox: &Sandbox, args: &[&str]) -> Option<Ended> {
    if Command::new("openssl").arg("version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "openssl is missing");
        eprintln!("skipped: openssl is missing");
        return None;
    }
    Some(sandbox.program("openssl", args).run())
}

#[track_caller]
fn assert_verifies(
    sandbox: &Sandbox,
    ca: &str,
    certificate: &str,
    options: &[&str],
    is_good: bool,
) {
    let args = [&["verify", "-x509_strict", "-CAfile", ca][..], options, &[certificate]].concat();
    if let Some(ended) = openssl(sandbox, &args) {
        assert_eq!(ended.code == Some(0), is_good, "{args:?}: {}{}", ended.text(), ended.stderr);
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn read(sandbox: &Sandbox, path: &str) -> String {
    fs::read_to_string(sandbox.path(path)).unwrap()
}

/// How the router sees it.
fn trust(sandbox: &Sandbox) -> Trust {
    let policy = sandbox.path("trust/workers.toml");
    Trust::open(TrustFiles { policy, audit: None }).unwrap()
}

/// Who shows this certificate, by the router's judgement; `None` without openssl to decode it.
fn judge(sandbox: &Sandbox, certificate: &str) -> Option<Result<String, Refusal>> {
    let der = openssl(sandbox, &["x509", "-in", certificate, "-outform", "DER"])?.code(0).stdout;
    let judged = trust(sandbox).judge(Some(&der), None);
    Some(judged.map(|identity| identity.name().to_string()))
}

fn token_in(sandbox: &Sandbox, path: &str) -> Token {
    Token::new(read(sandbox, path).trim_end()).unwrap()
}

#[test]
fn an_authority_is_made_that_openssl_takes() {
    let sandbox = enrolled();
    let router = "trust/router.pem";
    for name in [&["-verify_hostname", "build.example.org"], &["-verify_ip", "192.0.2.7"]] {
        let options = ["-purpose", "sslserver"].iter().chain(name).copied().collect::<Vec<_>>();
        assert_verifies(&sandbox, "trust/ca.pem", router, &options, true);
    }
    let other = ["-verify_hostname", "localhost"];
    assert_verifies(&sandbox, "trust/ca.pem", router, &other, false);
    assert_verifies(&sandbox, "trust/ca.pem", router, &["-purpose", "sslclient"], false);
    if let Some(ca) = openssl(&sandbox, &["x509", "-in", "trust/ca.pem", "-noout", "-text"]) {
        let text = ca.code(0).text();
        assert!(text.contains("CA:TRUE, pathlen:0"), "{text}");
        assert!(text.contains("Certificate Sign"), "{text}");
    }
    let in_days = |days: u32| (days * 24 * 3600).to_string();
    for (file, at_least, at_most) in [("ca", 3640, 3660), (("router"), 360, 370)] {
        let file = format!("trust/{file}.pem");
        let ends_within = |days| {
            openssl(&sandbox, &["x509", "-in", &file, "-noout", "-checkend", &in_days(days)])
        };
        if let (Some(early), Some(late)) = (ends_within(at_least), ends_within(at_most)) {
            assert_eq!((early.code, late.code), (Some(0), Some(1)), "{file}");
        }
    }
}

#[test]
fn without_names_a_router_is_reached_on_this_machine() {
    let sandbox = Sandbox::new(&[]);
    let made = sandbox.nova_at_home(["cert", "init", "--json"]).ok().says_nothing().json();
    let names: Vec<&str> =
        made["router"]["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(names[..3], ["localhost", "127.0.0.1", "::1"]);
    let folder = made["trust_dir"].as_str().unwrap();
    assert!(folder.starts_with(sandbox.path("home").to_str().unwrap()), "{folder}");
    let ca = format!("{folder}/ca.pem");
    let router = format!("{folder}/router.pem");
    assert_verifies(&sandbox, &ca, &router, &["-verify_hostname", "localhost"], true);
    assert_verifies(&sandbox, &ca, &router, &["-verify_ip", "::1"], true);
    let listed = sandbox.nova_at_home(["cert", "list"]).ok().text();
    assert!(listed.contains("for localhost, 127.0.0.1, ::1"), "{listed}");
}

#[test]
fn an_authority_is_never_written_over() {
    let sandbox = enrolled();
    let files = ["ca.pem", "ca-key.pem", "router.pem", "router-key.pem", "workers.toml"];
    let all = || files.map(|file| read(&sandbox, &format!("trust/{file}")));
    let before = all();
    cert(&sandbox, &["init"]).code(1).says(&["trust/ca.pem is there already", "renew ca"]);
    assert_eq!(all(), before);
    fs::remove_file(sandbox.path("trust/ca.pem")).unwrap();
    cert(&sandbox, &["init"]).code(1).says(&["trust/ca-key.pem is there already"]);
    cert(&sandbox, &["worker", "big"]).code(1).says(&["trust/ca.pem", "nova cert init"]);
}

#[test]
fn all_that_is_made_is_its_owners_alone_from_the_first_moment() {
    let sandbox = Sandbox::new(&[]);
    let nova = crate::programs::programs().nova.to_str().unwrap();
    // What is not asked for by its mode would be open to all.
    let script = format!(
        "umask 0; {nova} cert init --trust-dir trust && {nova} cert worker big --trust-dir trust && \
         {nova} cert token big --trust-dir trust && {nova} cert renew ca --trust-dir trust && \
         {nova} cert renew big --trust-dir trust && {nova} cert renew router --trust-dir trust"
    );
    sandbox.program("sh", ["-c", &script]).ok();
    let mut seen = 0;
    for folder in ["trust", "trust/issued", "big"] {
        let folder = sandbox.path(folder);
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // The lock is empty.
            if path.is_file() && !path.ends_with("lock") {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 5 + 2 + 4);
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    let sandbox = enrolled();
    let loosen = |path: &str, mode| {
        fs::set_permissions(sandbox.path(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    loosen("trust/ca-key.pem", 0o640);
    let refused = cert(&sandbox, &["worker", "big"]).code(1);
    refused.says(&["others can read trust/ca-key.pem", "chmod 600 trust/ca-key.pem"]);
    assert!(!sandbox.path("big").exists());
    loosen("trust/ca-key.pem", 0o600);
    loosen("trust/workers.toml", 0o666);
    cert(&sandbox, &["list"]).code(1).says(&["others can write", "chmod go-w trust/workers.toml"]);
    loosen("trust/workers.toml", 0o644);
    loosen("trust", 0o777);
    cert(&sandbox, &["list"]).code(1).says(&["chmod go-w trust"]);
    loosen("trust", 0o700);
    cert(&sandbox, &["worker", "big"]).code(0);
}

#[test]
fn a_worker_gets_a_folder_to_be_copied_and_is_known_by_its_certificate() {
    let sandbox = enrolled();
    let made =
        cert(&sandbox, &["worker", "big", "--shards", "core", "--shards", "libs/**"]).code(0);
    let text = made.text();
    for word in ["nova-worker --connect tcp+tls:HOST:PORT", "ca.pem", "big.pem", "big-key.pem"] {
        assert!(text.contains(word), "{text}");
    }
    let mut files: Vec<_> =
        fs::read_dir(sandbox.path("big")).unwrap().map(|it| it.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["big-key.pem", "big.pem", "ca.pem"]);
    assert_verifies(&sandbox, "big/ca.pem", "big/big.pem", &["-purpose", "sslclient"], true);
    assert_verifies(&sandbox, "big/ca.pem", "big/big.pem", &["-purpose", "sslserver"], false);
    let listed = cert_json(&sandbox, &["list"]);
    let worker = &listed["workers"][0];
    assert_eq!((&worker["name"], &worker["state"]), (&json!("big"), &json!("valid")));
    assert_eq!(worker["shards"], json!(["core", "libs/**"]));
    let fingerprint = worker["certificates"][0]["fingerprint"].as_str().unwrap();
    assert!(read(&sandbox, "trust/workers.toml").contains(fingerprint));
    let args = ["x509", "-in", "big/big.pem", "-noout", "-fingerprint", "-sha256"];
    if let Some(told) = openssl(&sandbox, &args) {
        let told = told.code(0).text().replace(':', "").to_lowercase();
        assert!(told.contains(fingerprint.strip_prefix("sha256:").unwrap()), "{told}");
    }
    if let Some(judged) = judge(&sandbox, "big/big.pem") {
        assert_eq!(judged, Ok("big".to_owned()));
    }
    cert(&sandbox, &["worker", "Big"]).code(1).says(&["nova cert renew Big"]);
    cert(&sandbox, &["worker", "other", "--out", "elsewhere"]).code(0);
    assert!(sandbox.path("elsewhere/other/other-key.pem").exists());
}

#[test]
fn names_and_patterns_that_make_no_sense_are_refused_and_nothing_is_written() {
    let sandbox = enrolled();
    let overlong = "a".repeat(64);
    for name in ["", "../big", "a/b", ".", "a b", "a\nb", "ä", "a\u{1b}[31m", &overlong] {
        cert(&sandbox, &["worker", name]).code(2);
        cert(&sandbox, &["token", name]).code(2);
    }
    for name in ["router", "ca", "CA"] {
        cert(&sandbox, &["worker", name]).code(1).says(&["take another name"]);
    }
    cert(&sandbox, &["worker", "big", "--shards", "core["]).code(1).says(&["core["]);
    for host in ["", "a b", "a_b", "host:443", "-a"] {
        cert(&sandbox, &["init", &format!("--name={host}")]).code(2).says(&["DNS name"]);
    }
    cert(&sandbox, &["renew", "big", "--name", "localhost"]).code(2).says(&["router alone"]);
    for name in ["renew", "revoke"] {
        cert(&sandbox, &[name, "nobody"]).code(1).says(&["no worker `nobody`", "nova cert list"]);
    }
    assert_eq!(cert_json(&sandbox, &["list"])["workers"], json!([]));
    let in_sandbox = fs::read_dir(sandbox.path("")).unwrap().flatten();
    let mut names: Vec<_> = in_sandbox.map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names, ["home", "tmp", "tree", "trust"]);
}

#[test]
fn a_token_is_in_a_file_alone_and_the_policy_has_its_hash() {
    let sandbox = enrolled();
    let made = cert(&sandbox, &["token", "ci", "--shards", "core"]).code(0);
    let (text, told) = (made.text(), made.stderr);
    let file = text.split_whitespace().next().unwrap();
    let secret = read(&sandbox, file);
    let secret = secret.trim_end();
    assert!(secret.len() >= 32 && mode(&sandbox.path(file)) == 0o600);
    assert!(text.contains(&format!("--auth-token-file {}", file.strip_prefix("./ci/").unwrap())));
    let policy = read(&sandbox, "trust/workers.toml");
    assert!(policy.contains("blake3:"), "{policy}");
    for place in [&text, &told, &policy, &format!("{:?}", cert(&sandbox, &["list"]))] {
        assert!(!place.contains(secret), "{place}");
    }
    let judged = trust(&sandbox).judge(None, Some(&token_in(&sandbox, file))).unwrap();
    assert_eq!(judged.name().as_str(), "ci");
    let may_have = |root| judged.scope().may_have(root, b"/w");
    assert!(may_have(b"core/src") && !may_have(b"docs"));
    cert(&sandbox, &["token", "ci", "--shards", "docs"]).code(1).says(&["workers.toml"]);
}

#[test]
fn several_tokens_of_one_worker_are_valid_until_each_is_revoked_or_expires() {
    let sandbox = enrolled();
    let printed = cert(&sandbox, &["token", "ci", "--stdout"]).code(0);
    let printed = Token::new(printed.text().trim_end()).unwrap();
    assert!(!sandbox.path("ci").exists());
    let made = cert_json(&sandbox, &["token", "ci", "--expires", "90d"]);
    assert!(made.get("token").is_none() && made["new_worker"] == false, "{made}");
    let file = token_in(&sandbox, made["file"].as_str().unwrap());
    let brief = cert_json(&sandbox, &["token", "ci", "--expires", "0s", "--stdout"]);
    let brief = Token::new(brief["token"].as_str().unwrap()).unwrap();
    let judge = |token| {
        trust(&sandbox).judge(None, Some(token)).map(|identity| identity.name().to_string())
    };
    assert_eq!((judge(&printed), judge(&file)), (Ok("ci".to_owned()), Ok("ci".to_owned())));
    assert!(matches!(judge(&brief), Err(Refusal::TokenExpired { .. })));
    cert(&sandbox, &["revoke", "ci", "--token", made["id"].as_str().unwrap()]).code(0);
    assert!(matches!(judge(&file), Err(Refusal::TokenRevoked { .. })));
    assert_eq!(judge(&printed), Ok("ci".to_owned()));
    cert(&sandbox, &["revoke", "ci", "--token", "none"]).code(1).says(&["no token `none`"]);
    let listed = cert_json(&sandbox, &["list"]);
    let tokens = listed["workers"][0]["tokens"].as_array().unwrap();
    let states: Vec<_> = tokens.iter().map(|token| token["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["expires-soon", "revoked", "expired"]);
    let text = cert(&sandbox, &["list"]).code(0).text();
    for state in ["expires soon", "revoked", "expired"] {
        assert!(text.contains(state), "{text}");
    }
}

#[test]
fn a_worker_that_was_revoked_is_not_taken_until_it_is_enrolled_anew() {
    let sandbox = enrolled();
    cert(&sandbox, &["worker", "big"]).code(0);
    let token = cert_json(&sandbox, &["token", "big", "--stdout"]);
    let token = Token::new(token["token"].as_str().unwrap()).unwrap();
    // What people write beside is theirs.
    let mine = "# mine\n[[worker]]\nname = 'corp'  # of the company\nsan = 'w.example.org'\n";
    let policy = read(&sandbox, "trust/workers.toml") + mine;
    fs::write(sandbox.path("trust/workers.toml"), policy).unwrap();
    let told = cert_json(&sandbox, &["revoke", "big"]);
    assert_eq!(told, json!({ "worker": "big", "token": null, "revoked": true }));
    assert!(read(&sandbox, "trust/workers.toml").contains(mine));
    let revoked = Refusal::Revoked("big".parse().unwrap());
    assert_eq!(trust(&sandbox).judge(None, Some(&token)), Err(revoked.clone()));
    if let Some(judged) = judge(&sandbox, "big/big.pem") {
        assert_eq!(judged, Err(revoked));
    }
    cert(&sandbox, &["renew", "big"]).code(1).says(&["was revoked", "nova cert worker big"]);
    let listed = cert_json(&sandbox, &["list"]);
    assert_eq!(
        (&listed["workers"][0]["state"], &listed["workers"][1]["state"]),
        (&json!("revoked"), &json!("valid"))
    );

    cert(&sandbox, &["worker", "big"]).code(1).says(&["big-key.pem is there already", "--out"]);
    cert(&sandbox, &["worker", "big", "--out", "new"]).code(0);
    if let (Some(old), Some(new)) =
        (judge(&sandbox, "big/big.pem"), judge(&sandbox, "new/big/big.pem"))
    {
        assert!(matches!(old, Err(Refusal::UnknownCertificate(_))), "{old:?}");
        assert_eq!(new, Ok("big".to_owned()));
    }
    assert_eq!(trust(&sandbox).judge(None, Some(&token)), Err(Refusal::UnknownToken));
}

#[test]
fn a_worker_that_is_renewed_is_known_by_both_certificates() {
    let sandbox = enrolled();
    cert(&sandbox, &["worker", "big"]).code(0);
    fs::rename(sandbox.path("big"), sandbox.path("old")).unwrap();
    let renewed = cert_json(&sandbox, &["renew", "big"]);
    let listed = cert_json(&sandbox, &["list"]);
    let certificates = listed["workers"][0]["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 2);
    assert_eq!(certificates[0]["fingerprint"], renewed["fingerprint"]);
    for certificate in ["old/big.pem", "big/big.pem"] {
        assert_verifies(&sandbox, "trust/ca.pem", certificate, &["-purpose", "sslclient"], true);
        if let Some(judged) = judge(&sandbox, certificate) {
            assert_eq!(judged, Ok("big".to_owned()), "{certificate}");
        }
    }
}

#[test]
fn a_new_authority_stands_beside_the_old_one_until_that_expires() {
    let sandbox = enrolled();
    cert(&sandbox, &["worker", "old"]).code(0);
    fs::copy(sandbox.path("trust/router.pem"), sandbox.path("old-router.pem")).unwrap();
    let renewed = cert_json(&sandbox, &["renew", "ca"]);
    assert_eq!(renewed["kept"].as_array().unwrap().len(), 1);
    cert(&sandbox, &["worker", "new"]).code(0);
    let listed = cert_json(&sandbox, &["list"]);
    let authorities = listed["ca"].as_array().unwrap();
    assert_eq!(authorities.len(), 2);
    assert_eq!(authorities[0]["fingerprint"], renewed["fingerprint"]);
    let verifies = |ca, certificate, is_good| {
        assert_verifies(&sandbox, ca, certificate, &[], is_good);
    };
    for certificate in ["old/old.pem", "new/new.pem", "trust/router.pem"] {
        verifies("trust/ca.pem", certificate, true);
    }
    // A worker with the old file knows the router until that is renewed, and then needs the new one.
    verifies("old/ca.pem", "new/new.pem", false);
    cert(&sandbox, &["renew", "router"]).code(0);
    verifies("old/ca.pem", "trust/router.pem", false);
    verifies("new/ca.pem", "trust/router.pem", true);
    verifies("new/ca.pem", "old-router.pem", true);
    let names = ["-verify_hostname", "build.example.org", "-verify_ip", "192.0.2.7"];
    assert_verifies(&sandbox, "trust/ca.pem", "trust/router.pem", &names, true);
    cert(&sandbox, &["renew", "router", "--name", "other.example.org"]).code(0);
    assert_verifies(&sandbox, "trust/ca.pem", "trust/router.pem", &names, false);
    let names = ["-verify_hostname", "other.example.org"];
    assert_verifies(&sandbox, "trust/ca.pem", "trust/router.pem", &names, true);
}

#[test]
fn a_key_of_another_authority_is_noticed() {
    let sandbox = enrolled();
    fs::copy(sandbox.path("trust/router-key.pem"), sandbox.path("trust/ca-key.pem")).unwrap();
    let refused = cert(&sandbox, &["worker", "big"]).code(1);
    refused.says(&["trust/ca-key.pem is not the key", "nova cert renew ca"]);
    cert(&sandbox, &["renew", "ca"]).code(0);
    cert(&sandbox, &["worker", "big"]).code(0);
}

#[test]
fn commands_at_the_same_time_lose_nothing() {
    let sandbox = enrolled();
    let names: Vec<String> = (0..8).map(|number| format!("w{number}")).collect();
    let running: Vec<_> = names
        .iter()
        .map(|name| sandbox.nova_at_home(["cert", "--trust-dir", "trust", "worker", name]).start())
        .collect();
    for worker in running {
        worker.end().code(0);
    }
    let listed = cert_json(&sandbox, &["list"]);
    let workers = listed["workers"].as_array().unwrap();
    let mut found: Vec<_> = workers.iter().map(|it| it["name"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, names);
}

#[test]
fn a_policy_that_makes_no_sense_is_told_with_its_line_and_left_alone() {
    let sandbox = enrolled();
    let broken = "# mine\n\n[[worker]]\nname = 'a'\nfingerprnt = 'x'\n";
    fs::write(sandbox.path("trust/workers.toml"), broken).unwrap();
    for args in [&["list"][..], &["worker", "big"], &["token", "big"], &["revoke", "a"]] {
        cert(&sandbox, args).code(1).says(&["trust/workers.toml: line 5", "fingerprnt"]);
    }
    assert_eq!(read(&sandbox, "trust/workers.toml"), broken);
    assert!(!sandbox.path("big").exists());
}
