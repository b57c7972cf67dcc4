//! What the operating system knows of a file beside its text: owner, mode, extended attributes, number. Elsewhere than on Unix only
//! what the standard library knows.
//!
//! Kept when a text is replaced: owner, group, mode, and on Linux every extended attribute, access control lists and SELinux labels
//! among them. Not kept: the time of the last change, and other names (hard links), which go on with the old text.

use super::disk::{Disk, Step};
use crate::error::in_words;
use std::fs::{File, Metadata, OpenOptions};
use std::path::Path;

/// Gives a new file the owner, group, mode and attributes of the one whose place it takes.
///
/// # Errors
/// What could not be kept, as a sentence's end.
pub(super) fn dress(disk: &Disk, new: &File, path: &Path, old: &File) -> Result<(), String> {
    disk.step(Step::Dress, path).map_err(|problem| in_words(&problem))?;
    let metadata = old.metadata().map_err(|problem| in_words(&problem))?;
    keep_owner(new, &metadata)?;
    keep_attributes(new, old)?;
    // Last: a change of owner takes bits away, and the group's bits are the mask of an access control list (acl(5)).
    new.set_permissions(metadata.permissions()).map_err(|problem| format!("its mode cannot be kept: {}", in_words(&problem)))
}

#[cfg(unix)]
mod unix {
    use super::*;
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};

    pub(in super::super) fn make_private(options: &mut OpenOptions) {
        options.mode(0o600);
    }

    /// The file's number, which stays as long as it lives, and which a copy does not have.
    pub(in super::super) fn number(metadata: &Metadata) -> u64 {
        metadata.ino()
    }

    pub(in super::super) fn is_same(one: &Metadata, other: &Metadata) -> bool {
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }

    pub(in super::super) fn is_mine(metadata: &Metadata) -> bool {
        metadata.uid() == rustix::process::geteuid().as_raw()
    }

    /// Whether a file may be replaced by one with the same owner.
    pub(in super::super) fn may_own(metadata: &Metadata) -> bool {
        is_mine(metadata) || rustix::process::geteuid().is_root()
    }

    pub(in super::super) fn has_other_names(metadata: &Metadata) -> bool {
        metadata.nlink() > 1
    }

    /// # Errors
    /// Names cannot be made in a folder.
    pub(in super::super) fn may_write_folder(folder: &Path) -> std::io::Result<()> {
        Ok(accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?)
    }

    pub(super) fn keep_owner(new: &File, old: &Metadata) -> Result<(), String> {
        let now = new.metadata().map_err(|problem| in_words(&problem))?;
        if (now.uid(), now.gid()) == (old.uid(), old.gid()) {
            return Ok(());
        }
        let what = if now.uid() == old.uid() { "group" } else { "owner" };
        fchown(new, Some(old.uid()), Some(old.gid()))
            .map_err(|problem| format!("its {what} cannot be kept: {}", in_words(&problem)))
    }
}

#[cfg(not(unix))]
mod unix {
    use super::*;

    pub(in super::super) fn make_private(_: &mut OpenOptions) {}
    pub(in super::super) fn number(_: &Metadata) -> u64 {
        0
    }
    pub(in super::super) fn is_same(_: &Metadata, _: &Metadata) -> bool {
        true
    }
    pub(in super::super) fn is_mine(_: &Metadata) -> bool {
        true
    }
    pub(in super::super) fn may_own(_: &Metadata) -> bool {
        true
    }
    pub(in super::super) fn has_other_names(_: &Metadata) -> bool {
        false
    }
    pub(in super::super) fn may_write_folder(_: &Path) -> std::io::Result<()> {
        Ok(())
    }
    pub(super) fn keep_owner(_: &File, _: &Metadata) -> Result<(), String> {
        Ok(())
    }
}

use unix::keep_owner;
pub(super) use unix::{has_other_names, is_mine, is_same, make_private, may_own, may_write_folder, number};

/// Integrity measurements are made by the kernel for the text as it is, and are wrong for another (evmctl(1)).
#[cfg(target_os = "linux")]
const MEASURED: [&[u8]; 2] = [b"security.ima", b"security.evm"];
/// A folder's default list gives a new file one that the old may not have.
#[cfg(target_os = "linux")]
const ACCESS_LIST: &[u8] = b"system.posix_acl_access";

#[cfg(target_os = "linux")]
fn keep_attributes(new: &File, old: &File) -> Result<(), String> {
    use rustix::fs::{XattrFlags, fremovexattr, fsetxattr};
    let names = attributes(old)?;
    let cannot = |name: &[u8], problem: rustix::io::Errno| {
        format!("its attribute {} cannot be kept: {}", String::from_utf8_lossy(name), in_words(&problem.into()))
    };
    for name in attributes(new)?.iter().filter(|name| *name == ACCESS_LIST && !names.contains(name)) {
        fremovexattr(new, &**name).map_err(|problem| cannot(name, problem))?;
    }
    for name in names.iter().filter(|name| !MEASURED.contains(&&***name)) {
        let value = attribute(old, name)?;
        if value.is_some() && value != attribute(new, name)? {
            let value = value.unwrap_or_default();
            fsetxattr(new, &**name, &value, XattrFlags::empty()).map_err(|problem| cannot(name, problem))?;
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn keep_attributes(_: &File, _: &File) -> Result<(), String> {
    Ok(())
}

/// The names of a file's extended attributes; none where the file system has none.
#[cfg(target_os = "linux")]
fn attributes(file: &File) -> Result<Vec<Vec<u8>>, String> {
    let mut list = vec![0; LARGEST];
    let length = match rustix::fs::flistxattr(file, &mut list) {
        Ok(length) => length,
        Err(rustix::io::Errno::NOTSUP) => 0,
        Err(problem) => return Err(format!("its attributes cannot be read: {}", in_words(&problem.into()))),
    };
    list.truncate(length);
    Ok(list.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect())
}

/// An attribute's value; none when there is none.
#[cfg(target_os = "linux")]
fn attribute(file: &File, name: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let mut value = vec![0; LARGEST];
    match rustix::fs::fgetxattr(file, name, &mut value) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        Err(rustix::io::Errno::NODATA | rustix::io::Errno::NOTSUP) => Ok(None),
        Err(problem) => Err(format!("its attributes cannot be read: {}", in_words(&problem.into()))),
    }
}

/// The most that Linux keeps in a list of names, or in a value (xattr(7)).
#[cfg(target_os = "linux")]
const LARGEST: usize = 64 * 1024;
