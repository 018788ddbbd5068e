//! The secret that a peer shows to its router. It is never printed and never compared byte by byte.

use std::fmt;

use subtle::ConstantTimeEq;

use crate::limits::TOKEN_BYTES_MAX;

/// A shared secret of 1 to [`TOKEN_BYTES_MAX`] bytes.
///
/// Equality takes the same time wherever two tokens of one length differ.
#[derive(Clone)]
pub struct Token(Box<[u8]>);

/// What cannot be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// An empty token would match an absent one.
    #[error("the token is empty")]
    Empty,
    /// It would not fit into a hello.
    #[error("the token has {found} bytes, more than {TOKEN_BYTES_MAX}")]
    TooLong {
        /// Its length.
        found: usize,
    },
}

impl Token {
    /// Takes the bytes as they are; whoever reads a file trims its newline.
    pub fn new(secret: impl Into<Vec<u8>>) -> Result<Self, TokenError> {
        let secret = secret.into();
        match secret.len() {
            0 => Err(TokenError::Empty),
            found if found > TOKEN_BYTES_MAX => Err(TokenError::TooLong { found }),
            _ => Ok(Token(secret.into_boxed_slice())),
        }
    }

    /// The secret itself, for whoever has to write it to a file or an environment.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_equals_only_the_same_bytes() {
        let token = |text: &str| Token::new(text).unwrap();
        assert_eq!(token("secret"), token("secret"));
        assert_ne!(token("secret"), token("secreT"));
        assert_ne!(token("secret"), token("secret\n"));
    }

    #[test]
    fn an_empty_or_overlong_token_is_refused() {
        assert_eq!(Token::new(""), Err(TokenError::Empty));
        let found = TOKEN_BYTES_MAX + 1;
        assert_eq!(Token::new(vec![b'x'; found]), Err(TokenError::TooLong { found }));
    }

    #[test]
    fn debug_shows_nothing_of_the_secret() {
        assert_eq!(format!("{:?}", Token::new("secret").unwrap()), "Token(…)");
    }
}
