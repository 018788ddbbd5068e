//! What a router is reached by: a DNS name or an IP address, as certificates have them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Bytes of a DNS name.
const DNS_NAME_BYTES_MAX: usize = 253;
/// Bytes between two of its dots.
const DNS_LABEL_BYTES_MAX: usize = 63;

/// A DNS name or an IP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostName {
    Dns(String),
    Ip(IpAddr),
}

impl HostName {
    /// What a router on this machine can be reached by: from here, and by the machine's name.
    pub(crate) fn of_this_machine() -> Vec<Self> {
        let mut names = vec![
            Self::Dns("localhost".to_owned()),
            Self::Ip(Ipv4Addr::LOCALHOST.into()),
            Self::Ip(Ipv6Addr::LOCALHOST.into()),
        ];
        let own = gethostname::gethostname();
        let own = own.to_str().and_then(|name| name.parse().ok());
        names.extend(own.filter(|own| !names.contains(own)));
        names
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let is_label = |label: &str| {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
            let is_inner = !label.starts_with('-') && !label.ends_with('-');
            let has_length = (1..=DNS_LABEL_BYTES_MAX).contains(&label.len());
            has_length && is_inner && label.chars().all(is_allowed)
        };
        if text.len() > DNS_NAME_BYTES_MAX || !text.split('.').all(is_label) {
            return Err(
                "not a DNS name such as build.example.org, and not an IP address".to_owned()
            );
        }
        Ok(Self::Dns(text.to_owned()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_told_from_what_is_neither() {
        for name in ["localhost", "a-b.example.org", "A", "0x"] {
            assert_eq!(name.parse(), Ok(HostName::Dns(name.to_owned())));
        }
        for address in ["127.0.0.1", "::1", "2001:db8::5"] {
            assert_eq!(address.parse(), Ok(HostName::Ip(address.parse().unwrap())));
        }
        let overlong = ["a"; 200].join(".");
        for text in ["", ".", "a.", "-a", "a-", "a_b", "a b", "ä", "host:1", "*.a", &overlong] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
    }
}
