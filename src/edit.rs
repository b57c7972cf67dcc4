//! What a fix proposes: a setting of a named subject becomes something else. Where in which text, a format decides.

/// One proposed change of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub operation: Operation,
    /// "app shop".
    pub subject: String,
    /// "app.max_requests_jitter".
    pub setting: String,
    /// The new value, name or place; none for what is only taken away.
    pub to: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Set,
    /// Adds an item to a list.
    Add,
    /// Takes an item out of a list.
    Remove,
    Unset,
    Rename,
    Move,
}

impl Operation {
    pub fn name(self) -> &'static str {
        match self {
            Operation::Set => "set",
            Operation::Add => "add",
            Operation::Remove => "remove",
            Operation::Unset => "unset",
            Operation::Rename => "rename",
            Operation::Move => "move",
        }
    }
}
