//! Who is taken and who is not, as the file changes.

use std::fs;

use nova_rpc::tls::TlsFailure;
use rcgen::{CertificateParams, KeyPair};
use time::Duration;

use super::*;

/// A policy's file that can be written again, and the audit beside it.
struct Case {
    folder: tempfile::TempDir,
    trust: Trust,
}

impl Case {
    fn new(policy: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (path, audit) = (folder.path().join("workers.toml"), folder.path().join("audit.log"));
        private::create(&path, policy.as_bytes()).unwrap();
        let trust = Trust::open(TrustFiles { policy: path, audit: Some(audit) }).unwrap();
        Self { folder, trust }
    }

    /// Replaces the policy and has it read.
    fn refresh(&self, policy: &str) -> bool {
        private::replace(&self.policy(), policy.as_bytes()).unwrap();
        self.trust.refresh()
    }

    fn policy(&self) -> PathBuf {
        self.folder.path().join("workers.toml")
    }

    fn audit(&self) -> String {
        fs::read_to_string(self.folder.path().join("audit.log")).unwrap()
    }

    fn judge(&self, certificate: &[u8]) -> Result<String, Refusal> {
        let judged = self.trust.judge(Some(certificate), None);
        judged.map(|identity| identity.name().to_string())
    }

    fn judge_token(&self, token: &Token) -> Result<Arc<Identity>, Refusal> {
        self.trust.judge(None, Some(token))
    }
}

/// A certificate with these names that is valid for so long from now.
fn certificate(names: &[&str], validity: Duration) -> Vec<u8> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_after = OffsetDateTime::now_utc() + validity;
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn pinned(name: &str, certificate: &[u8]) -> String {
    format!("[[worker]]\nname = '{name}'\nfingerprint = '{}'\n", Fingerprint::of(certificate))
}

fn with_token(name: &str, token: &Token, rest: &str) -> String {
    let hash = TokenHash::of(token);
    format!("[[worker]]\nname = '{name}'\ntokens = [{{ id = 't', hash = '{hash}', {rest} }}]\n")
}

const FOREVER: &str = "expires = 2999-01-01T00:00:00Z";

#[test]
fn a_worker_is_known_by_its_certificate_or_by_a_name_in_it() {
    let (own, other) = (certificate(&["big"], Duration::DAY), certificate(&["big"], Duration::DAY));
    let company = certificate(&["x.example.org", "Big.Example.org"], Duration::DAY);
    let text = pinned("big", &own) + "[[worker]]\nname = 'corp'\nsan = 'big.example.org'\n";
    let case = Case::new(&text);
    assert_eq!(case.judge(&own), Ok("big".to_owned()));
    assert_eq!(case.judge(&company), Ok("corp".to_owned()));
    let fingerprint = Fingerprint::of(&other);
    assert_eq!(case.judge(&other), Err(Refusal::UnknownCertificate(fingerprint)));
    let hostile = case.judge(b"\x30\x82nothing of the kind").unwrap_err();
    assert!(matches!(hostile, Refusal::MalformedCertificate(_)), "{hostile:?}");
    assert_eq!(case.trust.judge(None, None), Err(Refusal::NothingShown));
}

#[test]
fn a_certificate_with_names_of_two_workers_is_of_neither() {
    let names = certificate(&["a.example.org", "b.example.org"], Duration::DAY);
    let worker = |name: &str| format!("[[worker]]\nname = '{name}'\nsan = '{name}.example.org'\n");
    let case = Case::new(&(worker("a") + &worker("b")));
    let fingerprint = Fingerprint::of(&names);
    assert_eq!(case.judge(&names), Err(Refusal::AmbiguousCertificate(fingerprint)));
}

#[test]
fn what_has_expired_is_not_taken() {
    let old = certificate(&[], -Duration::HOUR);
    let (live, dead) = (new_token(), new_token());
    let text = pinned("big", &old)
        + &with_token("live", &live, FOREVER)
        + &with_token("dead", &dead, "expires = 2001-01-01T00:00:00Z");
    let case = Case::new(&text);
    assert_eq!(case.judge(&old), Err(Refusal::CertificateExpired("big".parse().unwrap())));
    assert_eq!(case.judge_token(&live).unwrap().name().as_str(), "live");
    let expired = Refusal::TokenExpired { worker: "dead".parse().unwrap(), id: "t".to_owned() };
    assert_eq!(case.judge_token(&dead), Err(expired));
}

#[test]
fn all_that_is_shown_must_be_good_and_of_one_worker() {
    let (a, b) = (certificate(&[], Duration::DAY), certificate(&[], Duration::DAY));
    let (own, others) = (new_token(), new_token());
    let token = with_token("a", &own, FOREVER).replace("[[worker]]\nname = 'a'\n", "");
    let case = Case::new(&(pinned("a", &a) + &token + &with_token("c", &others, FOREVER)));
    let judge =
        |certificate: &[u8], token: &Token| case.trust.judge(Some(certificate), Some(token));
    let both = judge(&a, &own).unwrap();
    assert_eq!(*both.known_by(), KnownBy::Fingerprint(Fingerprint::of(&a)));
    let two =
        Refusal::TwoWorkers { certificate: "a".parse().unwrap(), token: "c".parse().unwrap() };
    assert_eq!(judge(&a, &others), Err(two));
    assert_eq!(judge(&a, &new_token()), Err(Refusal::UnknownToken));
    let unknown = Refusal::UnknownCertificate(Fingerprint::of(&b));
    assert_eq!(judge(&b, &own), Err(unknown));
}

#[test]
fn a_second_connection_of_one_worker_waits_for_the_end_of_the_first() {
    let (certificate, token) = (certificate(&[], Duration::DAY), new_token());
    let case = Case::new(&(pinned("a", &certificate) + &with_token("b", &token, FOREVER)));
    let a = case.trust.judge(Some(&certificate), None).unwrap();
    let again = case.trust.judge(Some(&certificate), None).unwrap();
    let first = case.trust.admit(&a).unwrap();
    let second = case.trust.admit(&again).unwrap_err();
    assert_eq!(second, Refusal::AlreadyConnected("a".parse().unwrap()));
    let _other = case.trust.admit(&case.judge_token(&token).unwrap()).unwrap();
    drop(first);
    let _free_again = case.trust.admit(&again).unwrap();
    assert!(case.trust.admit(&a).is_err());
}

#[test]
fn of_many_who_come_at_once_one_is_admitted() {
    let token = new_token();
    let case = Case::new(&with_token("a", &token, FOREVER));
    let identity = case.judge_token(&token).unwrap();
    let leases: Vec<_> = std::thread::scope(|scope| {
        let admit = || case.trust.admit(&identity);
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(admit)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(leases.iter().filter(|lease| lease.is_ok()).count(), 1);
}

#[test]
fn whoever_is_revoked_is_trusted_no_more_and_the_others_are() {
    let (a, b) = (certificate(&[], Duration::DAY), certificate(&[], Duration::DAY));
    let token = new_token();
    let rest = pinned("b", &b) + &with_token("c", &token, FOREVER);
    let case = Case::new(&(pinned("a", &a) + &rest));
    let judge = |it: &[u8]| case.trust.judge(Some(it), None).unwrap();
    let (a_before, b_before) = (judge(&a), judge(&b));
    let c_before = case.judge_token(&token).unwrap();
    assert!(!case.trust.refresh(), "nothing has changed");

    assert!(case.refresh(&(pinned("a", &a) + "revoked = true\n" + &rest)));
    assert!(!case.trust.still_trusts(&a_before));
    assert!(case.trust.still_trusts(&b_before) && case.trust.still_trusts(&c_before));
    assert_eq!(case.judge(&a), Err(Refusal::Revoked("a".parse().unwrap())));

    let without = with_token("c", &token, &format!("{FOREVER}, revoked = true"));
    assert!(case.refresh(&(pinned("b", &b) + &without)));
    assert!(!case.trust.still_trusts(&c_before) && case.trust.still_trusts(&b_before));
    assert!(matches!(case.judge_token(&token), Err(Refusal::TokenRevoked { .. })));

    assert!(case.refresh(""));
    assert!(!case.trust.still_trusts(&b_before));
    let audit = case.audit();
    let revoked: Vec<_> = audit.lines().collect();
    assert_eq!(revoked.len(), 4, "{audit}");
    for (line, worker) in revoked.iter().zip(["\"a\"", "\"c\"", "\"b\"", "\"c\""]) {
        assert!(line.contains("\"revoked\"") && line.contains(worker), "{line}");
    }
    assert!(revoked[1].contains("token t"), "{}", revoked[1]);
}

#[test]
fn a_worker_that_may_see_other_shards_is_to_come_again() {
    let a = certificate(&[], Duration::DAY);
    let case = Case::new(&(pinned("a", &a) + "shards = ['core']\n"));
    let before = case.trust.judge(Some(&a), None).unwrap();
    assert!(
        before.scope().may_have(b"core/src", b"/w")
            && !before.scope().may_have(b"secret/src", b"/w")
    );
    assert!(case.refresh(&(pinned("a", &a) + "shards = ['docs']\n")));
    assert!(!case.trust.still_trusts(&before));
    let after = case.trust.judge(Some(&a), None).unwrap();
    assert!(!after.scope().may_have(b"core/src", b"/w"));
}

#[test]
fn a_connection_does_not_outlive_what_was_shown_for_it() {
    let soon = OffsetDateTime::now_utc() + Duration::DAY;
    let a = certificate(&[], Duration::DAY);
    let policy = Policy::parse(&pinned("a", &a)).unwrap();
    let judge = |now| policy.judge(Shown::new(Some(&a), None).unwrap(), now);
    let identity = judge(soon - Duration::HOUR).unwrap();
    assert_eq!(identity.name().as_str(), "a");
    assert!(matches!(judge(soon + Duration::HOUR), Err(Refusal::CertificateExpired(_))));
}

#[test]
fn a_broken_file_changes_nothing_until_it_is_mended() {
    let a = certificate(&[], Duration::DAY);
    let good = pinned("a", &a);
    let case = Case::new(&good);
    for broken in ["[[worker]", "[[worker]]\nname = 'b'\n", "unknown = 1\n"] {
        assert!(!case.refresh(broken), "{broken}");
        assert_eq!(case.judge(&a), Ok("a".to_owned()));
        assert!(!case.trust.refresh());
    }
    fs::remove_file(case.policy()).unwrap();
    assert!(!case.trust.refresh());
    assert_eq!(case.judge(&a), Ok("a".to_owned()));
    assert!(!case.refresh(&good), "it says what it said before");
    assert!(case.refresh(""));
    assert!(case.judge(&a).is_err());
}

#[test]
fn edits_in_place_are_seen_however_fast_they_follow_each_other() {
    let a = certificate(&[], Duration::DAY);
    let text = |is_revoked: bool| pinned("a", &a) + &format!("revoked = {is_revoked:5}\n");
    let case = Case::new(&text(false));
    for round in 0..10 {
        let is_revoked = round % 2 == 0;
        fs::write(case.policy(), text(is_revoked)).unwrap();
        while !case.trust.refresh() {
            std::thread::yield_now();
        }
        assert_eq!(case.judge(&a).is_err(), is_revoked);
    }
}

#[test]
fn a_file_that_may_be_half_written_is_not_read() {
    let seen = |inode, ctime_ns, is_settled| {
        let stamp = (inode > 0).then(|| Stamp { inode, ctime_ns, ..Stamp::default() });
        Seen { stamp, is_settled }
    };
    let check = |before: Seen, now: Seen, expected| {
        assert_eq!(before.calls_for_reading(now), expected, "{before:?} {now:?}");
    };
    let before = seen(1, 5, true);
    check(before, before, false);
    check(before, seen(1, 6, false), false);
    check(before, seen(1, 6, true), true);
    // A file that takes another's place is whole.
    check(before, seen(2, 6, false), true);
    check(before, seen(0, 0, true), true);
    check(seen(0, 0, true), seen(0, 0, true), false);
    // What was read a moment after it was written may have been written again since.
    check(seen(1, 5, false), seen(1, 5, false), false);
    check(seen(1, 5, false), seen(1, 5, true), true);
}

#[test]
fn a_flood_of_strangers_leaves_room_for_what_is_said_of_workers() {
    let token = new_token();
    let case = Case::new(&with_token("known", &token, &format!("{FOREVER}, revoked = true")));
    for _ in 0..10_000 {
        case.trust.record_refusal(&Refusal::Tls(TlsFailure::NotTls), "192.0.2.1:5");
    }
    case.trust.record_refusal(&case.judge_token(&token).unwrap_err(), "192.0.2.1:6");
    let audit = case.audit();
    assert!(audit.lines().count() < 100, "{}", audit.lines().count());
    assert!(audit.contains("was revoked"), "{audit}");
}

#[test]
fn a_policy_that_cannot_be_used_is_told_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workers.toml");
    let open = |path: &Path| {
        let files = TrustFiles { policy: path.to_path_buf(), audit: None };
        Trust::open(files).unwrap_err().to_string()
    };
    let shown = path.display().to_string();
    assert!(open(&path).contains(&shown));
    private::create(&path, b"\n\n[[worker]]\nname = 1\n").unwrap();
    assert!(open(&path).starts_with(&format!("{shown}: line 4: ")), "{}", open(&path));
    private::replace(&path, &vec![b'#'; policy::POLICY_BYTES_MAX as usize + 1]).unwrap();
    assert!(open(&path).contains("larger than"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        private::replace(&path, b"").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(open(&path).contains("chmod go-w"), "{}", open(&path));
    }
}

#[test]
fn no_secret_is_told_to_a_stranger_or_written_into_the_audit() {
    let (certificate, token) = (certificate(&["secret-name"], Duration::DAY), new_token());
    let case = Case::new(&with_token("hidden", &token, &format!("{FOREVER}, revoked = true")));
    let stranger = case.judge(&certificate).unwrap_err();
    let revoked = case.judge_token(&token).unwrap_err();
    let unknown = case.judge_token(&new_token()).unwrap_err();
    // Whether a token is wrong, revoked or has expired is all the same to whoever tries it.
    assert_eq!(revoked.to_string(), unknown.to_string());
    assert_eq!(stranger.to_string(), unknown.to_string());
    for refusal in [&stranger, &revoked, &unknown] {
        assert!(!refusal.to_string().contains("hidden"));
        case.trust.record(&AuditEvent::Rejected { refusal, address: "192.0.2.1:5" });
    }
    assert!(case.refresh(&with_token("hidden", &token, FOREVER)));
    let identity = case.judge_token(&token).unwrap();
    case.trust.record(&AuditEvent::Accepted { identity: &identity, address: "192.0.2.1:5" });
    let secret = String::from_utf8(token.reveal().to_vec()).unwrap();
    let audit = case.audit();
    assert_eq!(audit.lines().count(), 4, "{audit}");
    assert!(audit.contains("token t was revoked") && audit.contains("\"worker\":\"hidden\""));
    assert!(!audit.contains(&secret), "{audit}");
    let debug = format!("{:?} {identity:?} {revoked:?}", case.trust);
    assert!(!debug.contains(&secret), "{debug}");
}
