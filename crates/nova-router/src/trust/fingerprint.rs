//! What a certificate is known by: the SHA-256 of its DER.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Deserializer, de};

use super::hex;

const PREFIX: &str = "sha256:";

/// The SHA-256 of a certificate's DER, written `sha256:` and 64 digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// Text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is `sha256:` and 64 hexadecimal digits")]
pub struct FingerprintError;

impl Fingerprint {
    /// That of a certificate.
    pub fn of(certificate_der: &[u8]) -> Self {
        let hash = digest(&SHA256, certificate_der);
        Self(hash.as_ref().try_into().expect("a SHA-256 has 32 bytes"))
    }

    /// The digits alone, as they may stand in a file's name.
    pub fn digits(&self) -> String {
        self.to_string().split_off(PREFIX.len())
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Takes it as openssl prints it, too: in upper case, with colons.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix(PREFIX).ok_or(FingerprintError)?.replace(':', "");
        hex::read(&digits).map(Self).ok_or(FingerprintError)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_and_as_openssl_write_it() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Fingerprint::of(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Fingerprint::of(b"")));
        let pairs: Vec<_> = empty[PREFIX.len()..].to_uppercase().into_bytes();
        let pairs: Vec<_> =
            pairs.chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
        assert_eq!(format!("sha256:{}", pairs.join(":")).parse(), Ok(Fingerprint::of(b"")));
        for text in ["", "sha256:", "sha256:e3", &empty[PREFIX.len()..], &format!("{empty}00")] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
    }
}
