//! Where things listen and connect: addresses out of text, and whether two of them denote the same place.

use crate::value::Address;
use std::sync::Arc;

/// What systemd makes of a `ListenStream=` value: a path, `@abstract`, a port on all addresses, `host:port`.
pub fn of_listen_stream(text: &str) -> Option<Address> {
    let text = text.trim();
    if text.starts_with(['/', '@']) {
        return socket(text);
    }
    match text.parse::<u16>() {
        Ok(port) => Some(Address::Tcp { host: "::".into(), port }),
        // systemd takes numbers only, no names.
        Err(_) => {
            tcp(text, "", 0).filter(|address| matches!(address, Address::Tcp { host, port } if *port > 0 && is_number(host)))
        }
    }
}

/// What nginx makes of the server of an upstream, or of a target without scheme and path.
pub fn of_peer(text: &str, default_port: u16) -> Option<Address> {
    match text.strip_prefix("unix:") {
        Some(path) => socket(path),
        None => tcp(text, "", default_port).filter(|address| !matches!(address, Address::Tcp { host, .. } if host.is_empty())),
    }
}

/// Whether something that listens there answers who connects here.
pub fn answers(listens: &Address, connects: &Address) -> bool {
    match (listens, connects) {
        (Address::Unix(listens), Address::Unix(connects)) => listens == connects,
        (Address::Tcp { host: listens, port: on }, Address::Tcp { host: connects, port: to }) => {
            on == to
                && (listens == connects
                    || is_any(listens) && is_machine(connects)
                    || is_machine(listens) && same_machine(listens, connects))
        }
        _ => false,
    }
}

/// Whether an address is on this machine whoever asks: a socket file, or a loopback address.
pub fn is_local(address: &Address) -> bool {
    match address {
        Address::Unix(_) => true,
        Address::Tcp { host, .. } => is_loopback(host) || is_any(host),
    }
}

/// The address to connect to for something that listens there: all addresses are reached by the loopback.
pub fn reachable(listens: &Address) -> Address {
    match listens {
        Address::Tcp { host, port } if is_any(host) => {
            let host = if host.contains(':') { "::1" } else { "127.0.0.1" };
            Address::Tcp { host: host.into(), port: *port }
        }
        other => other.clone(),
    }
}

/// The folder and the file name of a socket path.
pub fn folder_and_name(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn socket(path: &str) -> Option<Address> {
    if path.is_empty() {
        return None;
    }
    let path = match path.strip_prefix("/var/run/") {
        Some(rest) => format!("/run/{rest}"),
        None => path.to_owned(),
    };
    Some(Address::Unix(squeezed(&path).into()))
}

/// A path without doubled slashes.
fn squeezed(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !out.ends_with('/') {
            out.push(character);
        }
    }
    out
}

fn tcp(text: &str, no_host: &str, no_port: u16) -> Option<Address> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = port.map_or(Some(no_port), |port| port.parse().ok())?;
    let host = if host.is_empty() { no_host } else { host };
    let is_name = host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '*'));
    is_name.then(|| Address::Tcp { host: Arc::from(host.to_ascii_lowercase()), port })
}

fn is_number(host: &str) -> bool {
    host.contains(':') || host.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn is_any(host: &str) -> bool {
    matches!(host, "0.0.0.0" | "::" | "*" | "")
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "::1" || host.starts_with("127.")
}

/// The machine itself, by whatever address; other hosts are other machines.
fn is_machine(host: &str) -> bool {
    is_loopback(host) || is_any(host) || is_number(host)
}

/// `localhost` stands for 127.0.0.1 and `::1`; connecting to "any" reaches the loopback.
fn same_machine(listens: &str, connects: &str) -> bool {
    let loopback_names = |left: &str, right: &str| left == "localhost" && is_loopback(right);
    loopback_names(listens, connects) || loopback_names(connects, listens) || is_any(connects) && is_loopback(listens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Known;
    use crate::vocabulary::gunicorn;

    fn meets(bind: &str, peer: &str) -> bool {
        let Known::Address(bind) = gunicorn::address(bind).unwrap() else { panic!("{bind}") };
        answers(&bind, &of_peer(peer, 80).unwrap())
    }

    #[test]
    fn the_same_place_has_many_names() {
        assert!(meets("unix:/var/run/shop.sock", "unix:/run/shop.sock"));
        assert!(meets("0.0.0.0:8000", "127.0.0.1:8000"));
        assert!(meets(":8000", "localhost:8000"));
        assert!(meets("[::]:8000", "[::1]:8000"));
        assert!(meets("localhost:8000", "127.0.0.1:8000"));
        assert!(!meets("127.0.0.1:8000", "127.0.0.1:8001"));
        assert!(!meets("127.0.0.1:8000", "web:8000"));
        assert!(!meets("127.0.0.1:8000", "127.0.0.2:8000"));
        assert!(!meets("unix:/run/a.sock", "127.0.0.1:8000"));
    }

    #[test]
    fn systemd_takes_no_names() {
        assert_eq!(of_listen_stream("9000").unwrap().to_string(), "[::]:9000");
        assert_eq!(of_listen_stream("localhost:9000"), None);
        assert_eq!(of_listen_stream("unix:/run/a"), None);
        assert_eq!(of_listen_stream("/run/a.sock").unwrap().to_string(), "unix:/run/a.sock");
    }
}
