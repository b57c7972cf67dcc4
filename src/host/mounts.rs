//! Where the hierarchies of control groups are mounted, and in which group of each a process is.
//!
//! In: /proc/PID/cgroup and mountinfo (cgroups(7), proc_pid_mountinfo(5)). Out: for a controller the folders from the process's own
//! group up to the top that can be seen, whichever version the hierarchy has.

use super::tree::Tree;

/// One hierarchy that is mounted.
#[derive(Clone, Debug, PartialEq)]
struct Mount {
    /// The group that the mount shows as its top: "/" but in containers.
    top: String,
    point: String,
    /// The controllers of a hierarchy of version 1; none in version 2.
    controllers: Option<Vec<String>>,
}

/// The groups that a process is in.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    mounts: Vec<Mount>,
    /// Controllers, none for version 2, and path.
    paths: Vec<(Option<Vec<String>>, String)>,
}

/// The folders of one controller, from a process's own group upwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    pub is_v2: bool,
    pub folders: Vec<String>,
}

impl Groups {
    pub fn of(tree: &Tree, pid: u32) -> Groups {
        let text = tree.text(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        Groups { mounts: mounts(tree), paths: text.lines().filter_map(group).collect() }
    }

    /// The systemd service that a process belongs to; not the manager of a user's own services.
    pub fn unit(&self) -> Option<String> {
        let is_systemds = |controllers: &Option<Vec<String>>| match controllers {
            None => true,
            Some(names) => names.iter().any(|name| name == "name=systemd"),
        };
        let services = self.paths.iter().filter(|(controllers, _)| is_systemds(controllers)).filter_map(|(_, path)| {
            let service = path.split('/').rev().find(|part| part.ends_with(".service"))?;
            (!service.starts_with("user@")).then(|| service.to_owned())
        });
        services.into_iter().next()
    }

    /// The folders of a controller: of version 1 where it is mounted there, else of version 2.
    pub fn chain(&self, controller: &str) -> Option<Chain> {
        let has = |names: &Option<Vec<String>>| names.as_ref().is_some_and(|names| names.iter().any(|name| name == controller));
        let first = self.mounts.iter().find(|mount| has(&mount.controllers)).zip(self.paths.iter().find(|(names, _)| has(names)));
        let second = || {
            let mount = self.mounts.iter().find(|mount| mount.controllers.is_none());
            mount.zip(self.paths.iter().find(|(names, _)| names.is_none()))
        };
        let (mount, (_, path)) = first.or_else(second)?;
        Some(Chain { is_v2: mount.controllers.is_none(), folders: folders(mount, path) })
    }
}

/// From the group's folder up to the mount point; that alone for a group that the mount does not show.
fn folders(mount: &Mount, path: &str) -> Vec<String> {
    let inside = if mount.top == "/" { Some(path) } else { path.strip_prefix(&mount.top) };
    let inside = inside.filter(|path| path.is_empty() || path.starts_with('/')).filter(|path| !path.contains("/.."));
    let parts: Vec<&str> = inside.unwrap_or_default().split('/').filter(|part| !part.is_empty()).collect();
    let folder = |count| {
        let below: String = parts.iter().take(count).map(|part| format!("/{part}")).collect();
        format!("{}{below}", mount.point)
    };
    (0..=parts.len()).rev().map(folder).collect()
}

/// `4:cpu,cpuacct:/path`; `0::/path` in version 2.
fn group(line: &str) -> Option<(Option<Vec<String>>, String)> {
    let mut parts = line.splitn(3, ':');
    let (number, names, path) = (parts.next()?, parts.next()?, parts.next()?);
    let is_v2 = number == "0" && names.is_empty();
    Some(((!is_v2).then(|| names.split(',').map(str::to_owned).collect()), path.to_owned()))
}

fn mounts(tree: &Tree) -> Vec<Mount> {
    let own = ["/proc/self/mountinfo", "/proc/1/mountinfo"].iter().find_map(|path| tree.text(path).ok());
    let mounts: Vec<Mount> = own.unwrap_or_default().lines().filter_map(mount).collect();
    if mounts.is_empty() { usual(tree) } else { mounts }
}

/// `32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu`.
fn mount(line: &str) -> Option<Mount> {
    let (place, kind) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(3);
    let (top, point) = (place.next()?.to_owned(), place.next()?.to_owned());
    let mut kind = kind.split(' ');
    let controllers = match kind.next()? {
        "cgroup2" => None,
        "cgroup" => Some(kind.nth(1)?.split(',').map(str::to_owned).collect()),
        _ => return None,
    };
    Some(Mount { top, point, controllers })
}

/// Where distributions mount them, for copies that do not tell.
fn usual(tree: &Tree) -> Vec<Mount> {
    const PLACE: &str = "/sys/fs/cgroup";
    let mount = |point: String, controllers| Mount { top: "/".to_owned(), point, controllers };
    if tree.is_file(format!("{PLACE}/cgroup.controllers")) {
        return vec![mount(PLACE.to_owned(), None)];
    }
    let names = tree.names(PLACE).unwrap_or_default().into_iter();
    let hierarchy = |name: String| match name.as_str() {
        "unified" => mount(format!("{PLACE}/{name}"), None),
        _ => mount(format!("{PLACE}/{name}"), Some(name.split(',').map(str::to_owned).collect())),
    };
    names.map(hierarchy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_sees_its_own_group_as_the_top() {
        let mount = mount("1 2 0:3 /docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory").unwrap();
        let at = |path: &str| folders(&mount, path).join(" ");
        assert_eq!(at("/docker/ab"), "/sys/fs/cgroup/memory");
        assert_eq!(at("/docker/ab/in"), "/sys/fs/cgroup/memory/in /sys/fs/cgroup/memory");
        assert_eq!(at("/docker/abc"), "/sys/fs/cgroup/memory", "another container");
        assert_eq!(at("/../x"), "/sys/fs/cgroup/memory");
    }

    #[test]
    fn a_service_is_the_last_one_of_the_path() {
        let unit = |line: &str| Groups { mounts: Vec::new(), paths: group(line).into_iter().collect() }.unit();
        assert_eq!(unit("0::/system.slice/shop.service").as_deref(), Some("shop.service"));
        assert_eq!(unit("0::/user.slice/user@1000.service/app.slice/shop.service/sub").as_deref(), Some("shop.service"));
        assert_eq!(unit("0::/user.slice/user-1000.slice/user@1000.service/init.scope"), None);
        assert_eq!(unit("1:name=systemd:/system.slice/shop.service").as_deref(), Some("shop.service"));
        assert_eq!(unit("4:memory:/docker/ab"), None);
    }
}
