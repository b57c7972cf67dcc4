//! Who listens where, found by address: a map, because a server may hold thousands of sites.

use super::addresses::answers;
use crate::model::{Kind, Stack, Subject};
use crate::value::{Address, Known, Setting, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The listeners of one kind: apps, or socket units.
#[derive(Debug, Default)]
pub struct Listeners {
    sockets: HashMap<Arc<str>, Vec<Subject>>,
    ports: HashMap<u16, Vec<(Address, Subject)>>,
    /// An address of some listener is unknown.
    pub some_unknown: bool,
}

impl Listeners {
    /// All subjects of a kind that has `binds`, and perhaps `reached_at` besides.
    pub fn of(stack: &Stack, kind: Kind) -> Listeners {
        let mut listeners = Listeners::default();
        for (subject, _) in stack.all(kind) {
            let reached = stack.setting(subject, "reached_at");
            let binds = if reached.value == Value::None { stack.setting(subject, "binds") } else { reached };
            let known = addresses(&binds);
            listeners.some_unknown |= matches!(binds.value, Value::Unknown(_)) || known.len() < binds.value.items().len();
            for address in known {
                match &address {
                    Address::Unix(path) => listeners.sockets.entry(path.clone()).or_default().push(subject),
                    Address::Tcp { port, .. } => listeners.ports.entry(*port).or_default().push((address, subject)),
                }
            }
        }
        listeners
    }

    /// Who answers a connection to an address.
    pub fn at(&self, peer: &Address) -> Vec<Subject> {
        match peer {
            Address::Unix(path) => self.sockets.get(path).cloned().unwrap_or_default(),
            Address::Tcp { port, .. } => {
                let same_port = self.ports.get(port).into_iter().flatten();
                same_port.filter(|(bind, _)| answers(bind, peer)).map(|(_, subject)| *subject).collect()
            }
        }
    }
}

/// The addresses of a list that are known.
pub fn addresses(binds: &Setting) -> Vec<Address> {
    let known = binds.value.items().iter().filter_map(|item| match &item.value {
        Value::Known(Known::Address(address)) => Some(address.clone()),
        _ => None,
    });
    known.collect()
}
