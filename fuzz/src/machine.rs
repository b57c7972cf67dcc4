//! What is kept on machines: /proc and /sys, archives of them, what was accepted, backups, journals.

use super::hold;
use super::scratch::Scratch;
use super::tree::Tree;
use flate2::Compression;
use flate2::write::GzEncoder;
use gearmesh::baseline::Baseline;
use gearmesh::error::Error;
use gearmesh::host::{archive, drift, look};
use gearmesh::tune::backup::Store;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

/// A copy of a machine: a tree of files.
pub fn host(data: &[u8]) {
    let tree = Tree::read(data, "proc/1/stat");
    let scratch = Scratch::folder();
    tree.files().for_each(|(path, text)| scratch.add(path, text));
    let looked = || {
        let (machine, missing) = look(&scratch.path, Duration::ZERO);
        for master in &machine.masters {
            let _ = (machine.processors(master), machine.memory_for(master));
        }
        hold::shown(&(&machine, &missing)).replace(&scratch.path.display().to_string(), "")
    };
    hold::same(&looked(), &looked(), "looked at twice, it is not the same");
}

/// What `systemctl show` prints.
pub fn unit_in_force(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = drift::unit(text);
}

/// An archive of a machine, packed as such archives are.
pub fn snapshot(data: &[u8]) {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(data).expect("it is packed");
    let file = Scratch::file("machine.tar.gz", &packed.finish().expect("it is packed"));
    match archive::read(&file.path) {
        Ok(found) => {
            let paths = found.files.keys().chain(found.links.keys()).chain(found.links.values());
            for path in paths {
                let is_inside = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
                assert!(is_inside, "{} lies inside", path.display());
            }
            found.links.values().for_each(|to| assert!(found.files.contains_key(to), "{} is there", to.display()));
        }
        Err(Error::Path { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    // Bytes that are not packed.
    let file = Scratch::file("machine.tar.gz", data);
    let _ = archive::read(&file.path);
}

/// What a project has accepted: read, written and read again it is the same.
pub fn baseline(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = Baseline::is_one(text);
    match Baseline::parse(Path::new("baseline.json"), text) {
        Ok(baseline) => {
            let written = baseline.text();
            let again = Baseline::parse(Path::new("baseline.json"), &written).expect("what was written is read");
            hold::same(&written, &again.text(), "written and read, it is not the same");
            assert!(baseline.count() == again.count() && baseline.beyond(&again) == 0, "nothing is lost");
        }
        Err(Error::Written(fault)) => assert!(fault.line >= 1 && fault.column >= 1, "{fault:?}"),
        Err(error) => panic!("{error:?}"),
    }
}

/// A folder with backups of files.
pub fn backups(data: &[u8]) {
    let tree = Tree::read(data, "2026-11-21T10-00-00/backup.json");
    let scratch = Scratch::folder();
    tree.files().for_each(|(path, text)| scratch.add(path, text));
    let Ok((all, _)) = Store::new(scratch.path.clone()).all() else { return };
    for backup in all {
        let _ = (backup.name(), backup.changes().len(), backup.commands().len(), backup.files().count());
        // Says what would become of files; writes none.
        let _ = backup.going_back(false);
    }
}
