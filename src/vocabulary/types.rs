//! The types of settings, as the tables of the vocabulary spell them.

/// What a setting holds once it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Boolean,
    Integer,
    Number,
    Duration,
    Size,
    Text,
    List(&'static Type),
    Address,
    /// One of these words.
    Enumeration(&'static [&'static str]),
    /// A function of the configuration file that takes this many parameters.
    Hook {
        least: u8,
        most: u8,
    },
    Any,
}

impl Type {
    /// The type in words, as messages name it.
    pub fn name(&self) -> &'static str {
        match self {
            Type::Boolean => "boolean",
            Type::Integer => "integer",
            Type::Number => "number",
            Type::Duration => "duration",
            Type::Size => "size",
            Type::Text => "text",
            Type::List(_) => "list",
            Type::Address => "address",
            Type::Enumeration(_) => "enumeration",
            Type::Hook { .. } => "hook",
            Type::Any => "any",
        }
    }
}

/// How a value reaches inner levels of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inheritance {
    /// The nearest level that sets it wins.
    Scalar,
    /// All entries of the outer levels are dropped where a level has at least one of its own.
    Array,
    /// Holds only where it is written.
    None,
    /// A block, which has contents of its own.
    Block,
    /// Belongs to one upstream.
    Upstream,
    /// Set once for the whole program.
    Main,
}
