//! Derived facts and links: the rows of `grammar/model.toml`, which say what a rule may read besides native settings.

include!(concat!(env!("OUT_DIR"), "/model.rs"));

/// One row.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The kind of subject.
    pub subject: &'static str,
    pub name: &'static str,
    /// "boolean", "[address]", "-> app", "-> [app]", ...
    pub type_: &'static str,
    pub summary: &'static str,
    /// A rule for the subject may speak of the linked one by its kind.
    pub companion: bool,
}

/// All rows, by subject and name.
pub fn facts() -> impl Iterator<Item = &'static Fact> {
    FACTS.iter()
}

/// The rows of one kind of subject, by name.
pub fn facts_of(subject: &str) -> &'static [Fact] {
    let start = FACTS.partition_point(|fact| fact.subject < subject);
    let end = FACTS.partition_point(|fact| fact.subject <= subject);
    FACTS.get(start..end).unwrap_or_default()
}

pub fn fact(subject: &str, name: &str) -> Option<&'static Fact> {
    FACTS.get(FACTS.binary_search_by(|fact| fact.subject.cmp(subject).then_with(|| fact.name.cmp(name))).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        assert_eq!(fact("launcher", "stop_grace").unwrap().type_, "duration");
        assert!(fact("route", "apps").unwrap().companion);
        assert!(fact("route", "nothing").is_none() && fact("nothing", "name").is_none());
        assert!(facts().all(|row| fact(row.subject, row.name).is_some_and(|found| std::ptr::eq(found, row))));
    }
}
