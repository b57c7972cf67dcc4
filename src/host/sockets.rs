//! Sockets that are listened on: which exist, who holds them, and how full their queues are.
//!
//! In: /proc/PID/net and fd, on this machine `ss` too, which alone knows the backlog. Out: listeners by inode. Opens no connection.

use super::programs;
use super::tree::{Absent, Tree};
use crate::evidence::machine::Listener;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The state LISTEN in /proc/net/tcp, and the flag of a listening socket in /proc/net/unix (__SO_ACCEPTCON).
const LISTEN: &str = "0A";
const ACCEPTS: u32 = 0x1_0000;

/// Listeners by the inode of their socket.
pub type Listeners = BTreeMap<u64, Listener>;

/// The listeners that a process sees: those of its network namespace.
pub fn listeners(tree: &Tree, pid: u32) -> Listeners {
    let text = |name: &str| {
        let own = tree.text(format!("/proc/{pid}/net/{name}"));
        own.or_else(|_| tree.text(format!("/proc/net/{name}"))).unwrap_or_default()
    };
    let (tcp, tcp6, unix) = (text("tcp"), text("tcp6"), text("unix"));
    let tcp = tcp.lines().chain(tcp6.lines()).filter_map(tcp_line);
    tcp.chain(unix.lines().filter_map(unix_line)).collect()
}

/// The inodes of the sockets that a process holds.
///
/// # Errors
/// Its descriptors may not be read, or it has ended.
pub fn held(tree: &Tree, pid: u32) -> Result<BTreeSet<u64>, Absent> {
    let folder = format!("/proc/{pid}/fd");
    let mut inodes = BTreeSet::new();
    for name in tree.names(&folder)? {
        // A descriptor may have been closed meanwhile.
        let target = tree.link(format!("{folder}/{name}")).unwrap_or_default();
        let inode = target.to_str().and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']'));
        inodes.extend(inode.and_then(|inode| inode.parse::<u64>().ok()));
    }
    Ok(inodes)
}

/// What is waiting and what may wait at most, by inode, as `ss` of iproute2 tells on this machine.
pub fn queues(tree: &Tree) -> BTreeMap<u64, (u64, u64)> {
    let run = |flags| programs::run(tree, "ss", &["-H", "-l", "-n", "-e", flags]);
    let (tcp, unix) = (run("-t").unwrap_or_default(), run("-x").unwrap_or_default());
    tcp.lines().filter_map(ss_tcp).chain(unix.lines().filter_map(ss_unix)).collect()
}

/// `sl local rem st tx:rx ... uid timeout inode`; of a listener rx is what waits to be accepted.
fn tcp_line(line: &str) -> Option<(u64, Listener)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    if *fields.get(3)? != LISTEN {
        return None;
    }
    let queued = u64::from_str_radix(fields.get(4)?.split_once(':')?.1, 16).ok();
    let address = socket_address(fields.get(1)?)?.to_string();
    Some((fields.get(9)?.parse().ok()?, Listener { address, backlog: None, queued }))
}

/// `Num RefCount Protocol Flags Type St Inode Path`.
fn unix_line(line: &str) -> Option<(u64, Listener)> {
    let mut fields = line.split_ascii_whitespace();
    let flags = u32::from_str_radix(fields.nth(3)?, 16).ok()?;
    let inode = fields.nth(2)?;
    let path = line.split_once(&format!(" {inode} "))?.1;
    let listener = Listener { address: format!("unix:{path}"), ..Listener::default() };
    (flags & ACCEPTS != 0).then_some((inode.parse().ok()?, listener))
}

/// `0100007F:1F40`: 32-bit words of a little-endian machine, and a port.
fn socket_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let words: Option<Vec<u8>> = (0..address.len() / 8)
        .map(|at| u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok())
        .try_fold(Vec::new(), |bytes, word| Some([bytes, word?.to_le_bytes().to_vec()].concat()));
    let bytes = words?;
    let v4 = <[u8; 4]>::try_from(bytes.as_slice()).map(|bytes| IpAddr::from(Ipv4Addr::from(bytes)));
    let v6 = || <[u8; 16]>::try_from(bytes.as_slice()).map(|bytes| IpAddr::from(Ipv6Addr::from(bytes)));
    Some(SocketAddr::new(v4.or_else(|_| v6()).ok()?, u16::from_str_radix(port, 16).ok()?))
}

/// `LISTEN 0 2048 127.0.0.1:8000 0.0.0.0:* ino:1234 sk:5 <->`.
fn ss_tcp(line: &str) -> Option<(u64, (u64, u64))> {
    let mut words = line.split_ascii_whitespace();
    let inode = line.split_ascii_whitespace().find_map(|word| word.strip_prefix("ino:")?.parse().ok())?;
    Some((inode, (words.nth(1)?.parse().ok()?, words.next()?.parse().ok()?)))
}

/// `u_str LISTEN 0 2048 /run/shop.sock 1234 * 0 <-> ino:5 ...`; the inode of the socket stands before the peer, that of the file behind.
fn ss_unix(line: &str) -> Option<(u64, (u64, u64))> {
    let mut words = line.split_ascii_whitespace();
    let queue = (words.nth(2)?.parse().ok()?, words.next()?.parse().ok()?);
    let (before, _) = line.split_once(" * 0")?;
    Some((before.rsplit(' ').next()?.parse().ok()?, queue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_kernel_prints_them() {
        let says = |text: &str| socket_address(text).map(|address| address.to_string());
        assert_eq!(says("0100007F:1F40").as_deref(), Some("127.0.0.1:8000"));
        assert_eq!(says("00000000000000000000000001000000:0050").as_deref(), Some("[::1]:80"));
        assert_eq!(says("0100007F"), None);
        assert_eq!(says("01007F:1F90"), None);
        assert_eq!(says("ä0000000:1F90"), None);
    }

    #[test]
    fn queues_are_told_by_inode() {
        let line = "u_str LISTEN 0      77   /tmp/a b.sock 2902075 * 0 <-> ino:10561099 dev:0/65024 peers:";
        assert_eq!(ss_unix(line), Some((2_902_075, (0, 77))));
        let line = "LISTEN 3      77     127.0.0.1:18931 0.0.0.0:* ino:2902076 sk:5 cgroup:/ <->";
        assert_eq!(ss_tcp(line), Some((2_902_076, (3, 77))));
        let line = "00000000ef671e3e: 00000002 00000000 00010000 0001 01 2902075 /tmp/a b.sock";
        assert_eq!(unix_line(line).unwrap().1.address, "unix:/tmp/a b.sock");
        let line = "   0: 0100007F:49F3 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 2902076 1 0 100";
        assert_eq!(tcp_line(line).unwrap().1.queued, Some(3));
    }
}
