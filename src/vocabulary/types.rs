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
    List(Box<Type>),
    Address,
    /// One of these words.
    Enumeration(Vec<&'static str>),
    /// A function of the configuration file that takes this many parameters.
    Hook {
        least: u8,
        most: u8,
    },
    Any,
}

impl Type {
    /// Reads a type as a table spells it: "list address", "enum off on", "hook 2..4". A word it does not know is `Any`.
    pub(crate) fn parse(text: &'static str) -> Type {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        match name {
            "boolean" => Type::Boolean,
            "integer" => Type::Integer,
            "number" => Type::Number,
            "duration" => Type::Duration,
            "size" => Type::Size,
            // A class and an account are written as text, see `gunicorn::convert`.
            "text" | "class" | "account" => Type::Text,
            "address" => Type::Address,
            "list" if rest.is_empty() => Type::List(Box::new(Type::Text)),
            "list" => Type::List(Box::new(Type::parse(rest))),
            "commas" => Type::List(Box::new(Type::Text)),
            "enum" => Type::Enumeration(rest.split(' ').collect()),
            "hook" => {
                let (least, most) = rest.split_once("..").unwrap_or((rest, rest));
                Type::Hook { least: least.parse().unwrap_or(0), most: most.parse().unwrap_or(u8::MAX) }
            }
            _ => Type::Any,
        }
    }

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

impl Inheritance {
    pub(crate) fn parse(text: &str) -> Inheritance {
        match text {
            "array" => Inheritance::Array,
            "none" => Inheritance::None,
            "block" => Inheritance::Block,
            "upstream" => Inheritance::Upstream,
            "main" => Inheritance::Main,
            _ => Inheritance::Scalar,
        }
    }
}
