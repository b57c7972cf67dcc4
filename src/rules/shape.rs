//! The shape of a rule file: which keys it has, every text with the place where it is written.
//!
//! Shared with the build script, which reads the built-in rules by it and embeds them in a form that loads faster; so it names
//! nothing else of the program.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_yaml::Spanned;
use std::fmt;
use std::marker::PhantomData;

pub type Text = Spanned<String>;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    pub summary: Text,
    pub severity: Text,
    pub confidence: Text,
    pub since: Text,
    #[serde(rename = "for")]
    pub over: Text,
    #[serde(default, rename = "let")]
    pub lets: Ordered<Text>,
    pub when: Text,
    pub message: Text,
    #[serde(default)]
    pub labels: Ordered<Text>,
    pub help: Option<Text>,
    pub why: Text,
    pub fix: Option<FixText>,
    #[serde(default)]
    pub references: Vec<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FixText {
    pub safety: Text,
    pub because: Text,
    /// The fix is proposed only where this holds.
    pub when: Option<Text>,
    pub changes: Vec<Spanned<ChangeText>>,
}

/// One operation, named by its key, and the new value.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeText {
    pub set: Option<Text>,
    pub add: Option<Text>,
    pub remove: Option<Text>,
    pub unset: Option<Text>,
    pub rename: Option<Text>,
    #[serde(rename = "move")]
    pub relocate: Option<Text>,
    pub to: Option<Text>,
    /// The change is part of the fix only where this holds.
    pub when: Option<Text>,
}

/// A mapping in the order in which it is written.
#[derive(Debug)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}
