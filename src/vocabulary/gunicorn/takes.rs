//! What some settings take beside their type: networks, HTTP versions, an address of statsd, a range, words that stand for others.
//!
//! In: a value that has the type already. Out: the value as gunicorn keeps it, or the reason it is refused with (the validators
//! of gunicorn/config.py, 20.0 to 27.0.1). Nothing is looked up.

use super::convert::address;
use super::number::Number;
use crate::value::{Item, Known, Origin, Value};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A narrowing of a setting's type.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Takes {
    #[default]
    All,
    /// Addresses, or `*` (validate_string_to_addr_list, up to 24.0).
    Addresses,
    /// Addresses and networks, or `*`; 24.1.0 takes networks with host bits too.
    Networks { strict: bool },
    /// `h1` and `h2`, each once (validate_http_protocols).
    Protocols,
    /// `host:port` and nothing else (validate_hostport, up to 20.x).
    HostPort,
    /// What a bind takes (validate_statsd_address).
    Statsd,
    /// Words exactly as they are listed (validate_reload_engine).
    Exact,
    /// Integers between two, both included.
    Between(i64, i64),
    /// Words and Python's constants that stand for words of the list: None, True and False with capitals.
    Synonyms(&'static [(&'static str, &'static str)]),
}

impl Takes {
    /// The word that a word or constant stands for.
    pub(super) fn synonym(&self, known: &Known) -> Option<&'static str> {
        let Takes::Synonyms(pairs) = self else { return None };
        let spelling = match known {
            Known::Null => "None".to_owned(),
            Known::Boolean(true) => "True".to_owned(),
            Known::Boolean(false) => "False".to_owned(),
            Known::Text(text) => text.trim().to_lowercase(),
            _ => return None,
        };
        pairs.iter().find(|(from, _)| *from == spelling).map(|(_, to)| *to)
    }

    fn has_network(&self, text: &str) -> bool {
        text == "*"
            || match self {
                Takes::Addresses => !text.contains('/') && network(text).is_some(),
                Takes::Networks { strict: false } => network(text).is_some(),
                _ => network(text) == Some(true),
            }
    }

    fn of_networks(&self) -> &'static str {
        match self {
            Takes::Addresses => "an IP address or *",
            Takes::Networks { strict: false } => "an IP address, a network or *",
            _ => "an IP address, a network without host bits, or *",
        }
    }

    /// Narrows a value that has the setting's type.
    pub(super) fn narrow(&self, value: Value, origin: &Origin) -> Result<Value, String> {
        match (self, &value) {
            (Takes::Addresses | Takes::Networks { .. }, _) => {
                let mut texts = value.items().iter().filter_map(|item| item.value.as_text());
                if let Some(refused) = texts.find(|text| !self.has_network(text)) {
                    return Err(format!("\"{refused}\" is not {}", self.of_networks()));
                }
            }
            (Takes::Protocols, _) => return protocols(&value, origin),
            (Takes::HostPort, Value::Known(Known::Text(text))) => match text.split(':').collect::<Vec<_>>().as_slice() {
                [_, port] if Number::decimal(port).is_some() => {}
                _ => return Err(format!("\"{text}\" is not of the form host:port")),
            },
            (Takes::Statsd, Value::Known(Known::Text(text))) => _ = address(text)?,
            (Takes::Between(least, most), Value::Known(Known::Integer(number))) if number < least || number > most => {
                return Err(format!("{number} is not between {least} and {most}"));
            }
            _ => {}
        }
        Ok(value)
    }
}

/// The HTTP versions in lower case; none written means h1.
fn protocols(value: &Value, origin: &Origin) -> Result<Value, String> {
    let texts = value.items().iter().filter_map(|item| item.value.as_text());
    let mut names: Vec<String> = texts.filter(|text| !text.is_empty()).map(str::to_lowercase).collect();
    if names.is_empty() {
        names.push("h1".to_owned());
    }
    for (at, name) in names.iter().enumerate() {
        if !matches!(name.as_str(), "h1" | "h2") || names.iter().take(at).any(|earlier| earlier == name) {
            return Err(format!("\"{name}\" is not one of h1 and h2, or is repeated"));
        }
    }
    let items = names.into_iter().map(|name| Item { value: Value::text(name), origin: origin.clone() });
    Ok(Value::Known(Known::List(items.collect())))
}

/// Whether an address or network has no host bits; none where it is neither (Python's `ipaddress.ip_network`).
fn network(text: &str) -> Option<bool> {
    let (host, mask) = text.split_once('/').map_or((text, None), |(host, mask)| (host, Some(mask)));
    if let Ok(host) = host.parse::<Ipv4Addr>() {
        return Some(no_host_bits(u32::from(host).into(), 32, mask.map_or(Some(32), mask_v4)?));
    }
    let host: Ipv6Addr = without_scope(host)?.parse().ok()?;
    Some(no_host_bits(host.into(), 128, mask.map_or(Some(128), |mask| length(mask, 128))?))
}

/// An IPv6 address without the `%zone` behind it.
fn without_scope(host: &str) -> Option<&str> {
    match host.split_once('%') {
        Some((_, scope)) if scope.is_empty() || scope.contains('%') => None,
        Some((host, _)) => Some(host),
        None => Some(host),
    }
}

fn length(mask: &str, most: u32) -> Option<u32> {
    let digits = !mask.is_empty() && mask.bytes().all(|byte| byte.is_ascii_digit());
    mask.parse().ok().filter(|bits| digits && *bits <= most)
}

/// A prefix length, a netmask, or its complement.
fn mask_v4(mask: &str) -> Option<u32> {
    let ones = |mask: u32| (mask.leading_ones() + mask.trailing_zeros() == 32 || mask == u32::MAX).then_some(mask.leading_ones());
    length(mask, 32).or_else(|| {
        let mask = u32::from(mask.parse::<Ipv4Addr>().ok()?);
        ones(mask).or_else(|| ones(!mask))
    })
}

fn no_host_bits(address: u128, width: u32, bits: u32) -> bool {
    let host = width.saturating_sub(bits);
    host == 0 || address.trailing_zeros() >= host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_what_pythons_ipaddress_takes() {
        for good in [
            "127.0.0.1",
            "::1",
            "10.0.0.0/8",
            "10.0.0.0/255.0.0.0",
            "10.0.0.0/0.255.255.255",
            "0.0.0.0/0",
            "fe80::1%eth0",
            "2001:db8::/32",
            "::ffff:1.2.3.4",
            "10.0.0.0/08",
            "0.0.0.0/0.0.0.0",
            "1.2.3.4/255.255.255.255",
        ] {
            assert_eq!(network(good), Some(true), "{good}");
        }
        for bad in [
            "",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/8/8",
            "010.0.0.1",
            "10.0.0",
            "a",
            "[::1]",
            "fe80::1%",
            "10.0.0.0/+8",
            "10.0.0.0/255.0.255.0",
            "2001:db8::1/32",
            "127.0.0.1:80",
        ] {
            assert_ne!(network(bad), Some(true), "{bad}");
        }
    }

    #[test]
    fn versions_take_less_or_more() {
        let (strict, loose) = (Takes::Networks { strict: true }, Takes::Networks { strict: false });
        assert!(Takes::Addresses.has_network("*") && Takes::Addresses.has_network("::1"));
        assert!(!Takes::Addresses.has_network("10.0.0.0/8"));
        assert!(loose.has_network("10.0.0.1/8") && !strict.has_network("10.0.0.1/8") && strict.has_network("*"));
    }

    #[test]
    fn rows_say_what_is_taken() {
        let takes = |name: &str| super::super::setting(name).unwrap().at(super::super::supported().max).takes;
        assert_eq!(takes("http2_max_frame_size"), Takes::Between(16384, 16_777_215));
        assert_eq!(takes("http2_max_concurrent_streams"), Takes::Between(1, i64::MAX));
        assert_eq!(takes("http_parser"), Takes::Synonyms(&[("None", "auto")]));
        assert_eq!((takes("bind"), takes("reload_engine")), (Takes::All, Takes::Exact));
    }
}
