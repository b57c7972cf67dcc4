//! Which sections and keys `gearmesh.toml` has, and what each takes: the table behind the reader, its suggestions and the JSON Schema.
//!
//! A key that has no row here is refused, however well the reader would know what to do with it.

use crate::rule::Severity;

/// What a rule's severity may be besides the severities.
pub const OFF: &str = "off";

pub struct Section {
    pub name: &'static str,
    pub summary: &'static str,
    pub keys: &'static [Key],
    /// What every other key takes, where there may be others.
    pub others: Option<Key>,
}

pub struct Key {
    /// For others what their names look like, as a regular expression.
    pub name: &'static str,
    pub takes: Takes,
    pub summary: &'static str,
}

/// What stands behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// An integer from 1.
    Count,
    /// Bytes as an integer from 1, or with K, M, G, T of 1024.
    Bytes,
    /// A version, or a range of versions.
    Version,
    /// The path of a file or folder.
    Path,
    Paths,
    /// Patterns as in a .gitignore.
    Patterns,
    Severity,
    SeverityOrOff,
    Confidence,
}

pub const SECTIONS: [Section; 6] = [
    Section {
        name: "host",
        summary: "What the machine has, for the rules that need it.",
        keys: &[
            Key { name: "cpus", takes: Takes::Count, summary: "Processors." },
            Key { name: "memory", takes: Takes::Bytes, summary: "Memory of the machine." },
            Key { name: "memory-per-worker", takes: Takes::Bytes, summary: "Memory that one worker of gunicorn takes." },
        ],
        others: None,
    },
    Section {
        name: "database",
        summary: "What the database of the apps carries, for advice about workers.",
        // Under the names that PostgreSQL and SQLAlchemy have for them.
        keys: &[
            Key { name: "max_connections", takes: Takes::Count, summary: "Connections that its server takes from all clients." },
            Key { name: "pool_size", takes: Takes::Count, summary: "Connections that each worker process keeps at most." },
        ],
        others: None,
    },
    Section {
        name: "paths",
        summary: "Absolute paths of the server, each with the file or folder of the repository that stands for it.",
        keys: &[],
        others: Some(Key { name: "^/", takes: Takes::Path, summary: "Relative to the folder of gearmesh.toml." }),
    },
    Section {
        name: "versions",
        summary: "Versions of the programs on the server: one, or a range such as \">=1.22,<1.27\".",
        keys: &[
            Key { name: "gunicorn", takes: Takes::Version, summary: "gunicorn's version." },
            Key { name: "nginx", takes: Takes::Version, summary: "nginx's version." },
            Key { name: "systemd", takes: Takes::Version, summary: "systemd's version." },
            Key { name: "python", takes: Takes::Version, summary: "Python's version." },
        ],
        others: None,
    },
    Section {
        name: "rules",
        summary: "Severities of rules by id, and folders with rules of your own.",
        keys: &[Key {
            name: "paths",
            takes: Takes::Paths,
            summary: "Folders with rules of your own, relative to the folder of gearmesh.toml.",
        }],
        others: Some(Key {
            name: "^[a-z0-9-]+$",
            takes: Takes::SeverityOrOff,
            summary: "The severity of this rule, or \"off\"; `gearmesh rules` lists all.",
        }),
    },
    Section {
        name: "check",
        summary: "What is read, and which findings are shown.",
        keys: &[
            Key {
                name: "exclude",
                takes: Takes::Patterns,
                summary: "What is not read, in patterns as in a .gitignore, relative to the folder of gearmesh.toml.",
            },
            Key { name: "min-severity", takes: Takes::Severity, summary: "Findings of this severity and above are shown." },
            Key { name: "min-confidence", takes: Takes::Confidence, summary: "Findings of this confidence and above are shown." },
            Key { name: "fail-on", takes: Takes::Severity, summary: "Findings of this severity and above fail a run." },
            Key {
                name: "baseline",
                takes: Takes::Path,
                summary: "The findings that were accepted, as `gearmesh baseline` writes them: only new ones are shown.",
            },
        ],
        others: None,
    },
];

impl Section {
    /// Whether a key may stand here. What others are called is the reader's to check, which says why.
    pub fn has(&self, key: &str) -> bool {
        self.others.is_some() || self.keys.iter().any(|known| known.name == key)
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }
}

pub fn severity_or_off() -> [&'static str; 4] {
    let [most, middle, least] = Severity::ALL.map(Severity::name);
    [OFF, most, middle, least]
}
