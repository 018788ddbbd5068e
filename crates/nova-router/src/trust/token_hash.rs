//! What a token is known by: its BLAKE3. A token is random, so nobody finds it from its hash.

use std::fmt;
use std::str::FromStr;

use nova_protocol::Token;
use serde::{Deserialize, Deserializer, de};
use subtle::{Choice, ConstantTimeEq};

use super::hex;

const PREFIX: &str = "blake3:";
/// Random bytes of a token that is made here; more than anybody can guess.
const TOKEN_RANDOM_BYTES: usize = 32;

/// The BLAKE3 of a token, written `blake3:` and 64 digits. Equality takes the same time wherever two differ.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

/// Text that is no hash of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token's hash is `blake3:` and 64 hexadecimal digits")]
pub struct TokenHashError;

/// A token that nobody had before.
pub fn new_token() -> Token {
    let secret: [u8; TOKEN_RANDOM_BYTES] = rand::random();
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    Token::new(digits).expect("sixty-four digits are a token")
}

impl TokenHash {
    /// That of a token.
    pub fn of(token: &Token) -> Self {
        Self(*blake3::hash(token.reveal()).as_bytes())
    }

    /// What to call a token in lists and logs: a few digits of its hash.
    pub fn short(&self) -> String {
        self.to_string()[PREFIX.len()..][..8].to_owned()
    }
}

impl ConstantTimeEq for TokenHash {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for TokenHash {}

impl FromStr for TokenHash {
    type Err = TokenHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix(PREFIX).ok_or(TokenHashError)?;
        hex::read(digits).map(Self).ok_or(TokenHashError)
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenHash({}…)", self.short())
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_written_and_tells_nothing_of_the_token() {
        let token = new_token();
        let hash = TokenHash::of(&token);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        let secret = String::from_utf8(token.reveal().to_vec()).unwrap();
        assert_eq!(secret.len(), 2 * TOKEN_RANDOM_BYTES);
        assert!(!format!("{hash} {hash:?}").contains(&secret));
        assert_ne!(hash, TokenHash::of(&new_token()));
        assert!("blake3:00".parse::<TokenHash>().is_err());
    }
}
