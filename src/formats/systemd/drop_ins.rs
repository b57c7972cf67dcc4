//! Which drop-in directories a unit has.
//!
//! In: a unit's name. Out: the names of directories, the most specific first: when two of them hold a file of the same name,
//! the first counts and the other is not read at all. The files that are left apply in order of their own names.

/// Names of the drop-in directories of a unit, as measured with systemd 252. An alias adds the directories of its own name.
pub fn drop_in_directories(unit: &str) -> Vec<String> {
    let Some((stem, kind)) = unit.rsplit_once('.') else { return Vec::new() };
    let (prefix, instance) = stem.split_once('@').map_or((stem, None), |(prefix, instance)| (prefix, Some(instance)));
    let directory = |stem: &str| format!("{stem}.{kind}.d");
    let with_instance = |prefix: &str| {
        let own = instance.filter(|instance| !instance.is_empty()).map(|instance| directory(&format!("{prefix}@{instance}")));
        own.into_iter().chain([directory(&format!("{prefix}@"))]).collect::<Vec<_>>()
    };
    let shorter = dashed(prefix);
    let mut directories = match instance {
        Some(_) => with_instance(prefix),
        None => vec![directory(prefix)],
    };
    directories.extend(shorter.iter().map(|prefix| directory(prefix)));
    if instance.is_some() {
        directories.extend(shorter.iter().flat_map(|prefix| with_instance(prefix)));
    }
    directories.push(format!("{kind}.d"));
    directories
}

/// The beginnings of a name that end in a dash, the longest first, without the name itself.
fn dashed(prefix: &str) -> Vec<&str> {
    let ends = prefix.rmatch_indices('-').map(|(at, _)| at + 1);
    ends.filter(|&end| end < prefix.len() && end > 1).filter_map(|end| prefix.get(..end)).collect()
}

#[cfg(test)]
mod tests {
    use super::drop_in_directories;

    #[test]
    fn from_specific_to_general() {
        assert_eq!(drop_in_directories("a-b-c.service"), ["a-b-c.service.d", "a-b-.service.d", "a-.service.d", "service.d"]);
        assert_eq!(drop_in_directories("a--b.socket"), ["a--b.socket.d", "a--.socket.d", "a-.socket.d", "socket.d"]);
        assert_eq!(drop_in_directories("a-b-.service"), ["a-b-.service.d", "a-.service.d", "service.d"]);
        assert_eq!(drop_in_directories("-a.service"), ["-a.service.d", "service.d"]);
        assert!(drop_in_directories("a").is_empty());
    }

    #[test]
    fn instances_and_templates() {
        assert_eq!(
            drop_in_directories("a-b-c@x.service"),
            [
                "a-b-c@x.service.d",
                "a-b-c@.service.d",
                "a-b-.service.d",
                "a-.service.d",
                "a-b-@x.service.d",
                "a-b-@.service.d",
                "a-@x.service.d",
                "a-@.service.d",
                "service.d"
            ]
        );
        assert_eq!(drop_in_directories("app@.service"), ["app@.service.d", "service.d"]);
        assert_eq!(drop_in_directories("app@one.service"), ["app@one.service.d", "app@.service.d", "service.d"]);
    }
}
