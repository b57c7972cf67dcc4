//! The JSON Schema of a rule file, by which editors complete and check rules: the keys of its shape and the words that stand behind them.
//!
//! What an expression may say is left to the loader, which types it. A test asks the reader itself which keys it knows and needs.

use crate::edit::Operation;
use crate::model::Kind;
use crate::rule::{Confidence, Safety, Severity};
use serde_json::{Map, Value, json};

/// A key: its name, whether it has to be there, and the schema of its value.
type Key = (&'static str, bool, Value);

/// A schema of draft 7, which editors know best.
pub fn schema() -> Value {
    let mut schema = object(keys());
    if let Some(object) = schema.as_object_mut() {
        let title = format!("gearmesh {}: a rule", env!("CARGO_PKG_VERSION"));
        object.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
        object.insert("title".to_owned(), title.into());
    }
    schema
}

fn object(keys: Vec<Key>) -> Value {
    let required: Vec<&str> = keys.iter().filter(|(_, required, _)| *required).map(|(name, ..)| *name).collect();
    let properties: Map<String, Value> = keys.iter().map(|(name, _, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// YAML reads `30` and `true` as such; the loader takes them for text.
fn text(about: &str) -> Value {
    json!({"type": ["string", "number", "boolean"], "description": about})
}

fn word(words: &[&str], about: &str) -> Value {
    json!({"enum": words, "description": about})
}

fn texts(about: &str) -> Value {
    json!({"type": "object", "description": about, "additionalProperties": text("")})
}

fn keys() -> Vec<Key> {
    vec![
        ("summary", true, text("What the rule finds, in a few words.")),
        ("severity", true, word(&Severity::ALL.map(Severity::name), "How much it matters.")),
        ("confidence", true, word(&Confidence::ALL.map(Confidence::name), "How sure it is.")),
        ("since", true, text("The version that first had the rule.")),
        ("for", true, word(&Kind::ALL.map(Kind::name), "What the rule is held against, one after the other.")),
        ("let", false, texts("Names for expressions.")),
        ("when", true, text("The condition; `gearmesh rules --fields` lists what it may read.")),
        ("message", true, text("A sentence, with {expressions} in it.")),
        ("labels", false, texts("Places to show: a name of `let`, or a setting, with what is to be said there.")),
        ("help", false, text("What would help, with {expressions} in it.")),
        ("why", true, text("Why it matters, in Markdown.")),
        ("fix", false, object(fix_keys())),
        ("references", false, json!({"type": "array", "items": {"type": "string"}})),
    ]
}

fn fix_keys() -> Vec<Key> {
    let change = object(change_keys());
    vec![
        ("safety", true, word(&[Safety::Safe, Safety::Unsafe].map(Safety::name), "Whether it may be made without a person.")),
        ("because", true, text("Why it is safe or not.")),
        ("when", false, text("The fix is proposed only where this holds.")),
        ("changes", true, json!({"type": "array", "items": one_operation(change)})),
    ]
}

fn change_keys() -> Vec<Key> {
    let operations = Operation::ALL.map(|operation| (operation.name(), false, text("The setting that is changed.")));
    let own = [("to", false, text("The new value.")), ("when", false, text("The change is made only where this holds."))];
    operations.into_iter().chain(own).collect()
}

/// A change names exactly one operation.
fn one_operation(mut change: Value) -> Value {
    let each = Operation::ALL.map(|operation| json!({"required": [operation.name()]}));
    if let Some(object) = change.as_object_mut() {
        object.insert("oneOf".to_owned(), json!(each));
    }
    change
}

#[cfg(test)]
mod tests {
    use super::super::shape::{ChangeText, FixText, RuleText};
    use super::*;
    use serde::Deserialize;
    use serde::de::value::Error;
    use serde::de::{Deserializer, Error as _, Visitor};
    use serde::forward_to_deserialize_any;
    use std::collections::BTreeSet;

    /// Answers the question for a struct with the names of its fields.
    struct Fields;

    impl<'de> Deserializer<'de> for Fields {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(Error::custom("no struct"))
        }

        fn deserialize_struct<V: Visitor<'de>>(self, _: &str, fields: &'static [&'static str], _: V) -> Result<V::Value, Error> {
            Err(Error::custom(fields.join(" ")))
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    fn fields<'de, T: Deserialize<'de> + std::fmt::Debug>() -> BTreeSet<String> {
        T::deserialize(Fields).unwrap_err().to_string().split(' ').map(str::to_owned).collect()
    }

    fn named(keys: Vec<Key>) -> BTreeSet<String> {
        keys.into_iter().map(|(name, ..)| name.to_owned()).collect()
    }

    #[test]
    fn the_keys_are_those_of_the_reader() {
        assert_eq!(named(keys()), fields::<RuleText>());
        assert_eq!(named(fix_keys()), fields::<FixText>());
        assert_eq!(named(change_keys()), fields::<ChangeText>());
    }

    #[test]
    fn what_has_to_be_there_is_what_the_reader_misses() {
        let change = json!({"set": "app.timeout"});
        let fix = json!({"safety": "safe", "because": "x", "when": "true", "changes": [change]});
        let full = json!({
            "summary": "x", "severity": "error", "confidence": "high", "since": "0.1.0", "for": "app", "let": {}, "when": "true",
            "message": "x", "labels": {}, "help": "x", "why": "x", "fix": fix, "references": [],
        });
        for (keys, whole, at) in [(keys(), &full, None), (fix_keys(), &fix, Some("fix"))] {
            for (name, required, _) in keys {
                let mut part = whole.clone();
                part.as_object_mut().unwrap().shift_remove(name).unwrap_or_else(|| panic!("{name} is not tried"));
                let mut rule = full.clone();
                match at {
                    Some(key) => rule[key] = part,
                    None => rule = part,
                }
                let yaml = rule.to_string();
                let read: Result<RuleText, _> = serde_yaml::from_str(&yaml);
                assert_eq!(read.is_err(), required, "{name}: {yaml}");
            }
        }
    }
}
