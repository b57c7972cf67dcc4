//! Where others reach an app that runs in a container: by the container's names on its network, and by ports of the host.
//!
//! In: the app's own addresses, and what its launcher says of names and published ports. Out: those addresses and the ones they are
//! reached by. What a container opens on its loopback nobody else reaches by name.

use super::addresses::is_local;
use crate::model::{Stack, Subject};
use crate::value::{Address, Item, Known, Setting, Value};

/// The addresses of an app in the eyes of others; none where they are just its own.
pub fn of(stack: &Stack, launcher: Subject, binds: &Setting) -> Option<Setting> {
    let hosts = stack.setting(launcher, "hosts").value;
    let ports = stack.setting(launcher, "published_ports").value;
    if hosts.items().is_empty() && ports.items().is_empty() {
        return None;
    }
    let Value::Known(Known::List(own)) = &binds.value else { return None };
    let mut items: Vec<Item> = own.to_vec();
    for item in own.iter() {
        let Value::Known(Known::Address(address @ Address::Tcp { host, port })) = &item.value else { continue };
        if is_local(address) && !matches!(&**host, "0.0.0.0" | "::" | "*" | "") {
            continue;
        }
        let tcp = |host: &str, port| Item {
            value: Value::Known(Known::Address(Address::Tcp { host: host.to_ascii_lowercase().into(), port })),
            origin: item.origin.clone(),
        };
        items.extend(hosts.items().iter().filter_map(|host| Some(tcp(host.value.as_text()?, *port))));
        let published = ports.items().iter().filter_map(|item| published(item.value.as_text()?));
        items.extend(published.filter(|(_, _, inner)| inner == port).map(|(host, outer, _)| tcp(host, outer)));
    }
    Some(Setting { value: Value::Known(Known::List(items.into())), ..binds.clone() })
}

/// Host, outer and inner port of `[HOST:]OUTER:INNER[/tcp]`; a port that docker chooses is nobody's address.
pub fn published(text: &str) -> Option<(&str, u16, u16)> {
    let text = text.strip_suffix("/tcp").unwrap_or(text);
    let (rest, inner) = text.rsplit_once(':')?;
    let (host, outer) = rest.rsplit_once(':').unwrap_or(("0.0.0.0", rest));
    Some((host.trim_matches(['[', ']']), outer.parse().ok()?, inner.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_published_in_several_ways() {
        assert_eq!(published("8080:8000"), Some(("0.0.0.0", 8080, 8000)));
        assert_eq!(published("127.0.0.1:8080:8000/tcp"), Some(("127.0.0.1", 8080, 8000)));
        assert_eq!(published("[::1]:8080:8000"), Some(("::1", 8080, 8000)));
        assert_eq!(published("8000"), None);
        assert_eq!(published("53:53/udp"), None);
        assert_eq!(published("8000-8001:8000-8001"), None);
    }
}
