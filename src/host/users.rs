//! Names of users, by /etc/passwd of the tree.

use super::tree::Tree;

/// The name of a user, or its number where /etc/passwd has none (users of directories, and of containers).
pub fn name(tree: &Tree, uid: u32) -> String {
    let text = tree.text("/etc/passwd").unwrap_or_default();
    let name = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    name.or_else(|| (uid == 0).then(|| "root".to_owned())).unwrap_or_else(|| uid.to_string())
}
