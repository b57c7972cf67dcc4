//! Which platform runs a Procfile.
//!
//! In: what lies beside it. Out: Heroku, where its own files or words say so, with what it sets and how it stops a process; else
//! nobody knows. A `runtime.txt` or `.python-version` is no evidence: Dokku, DigitalOcean and others read them as well.

use crate::formats::{Forest, Tree};
use crate::model::named::Named;
use crate::source::Document;
use crate::value::{Duration, Known, Setting, Value};
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    Heroku,
    Unknown,
}

/// What is of interest in an app.json, which describes an application to Heroku and to Dokku; Expo has files of that name, too.
#[derive(Clone, Debug, Default)]
pub struct AppJson {
    mentions_heroku: bool,
    /// `formation.NAME.quantity`
    pub quantities: BTreeMap<String, i64>,
}

/// Reads an app.json; what is no JSON says nothing.
pub fn app_json(document: &Document) -> AppJson {
    let read: serde_json::Value = serde_json::from_slice(&document.bytes).unwrap_or_default();
    let formation = read.get("formation").and_then(serde_json::Value::as_object);
    let quantity = |(name, process): (&String, &serde_json::Value)| Some((name.clone(), process.get("quantity")?.as_i64()?));
    AppJson {
        mentions_heroku: document.as_text().to_ascii_lowercase().contains("heroku"),
        quantities: formation.into_iter().flatten().filter_map(quantity).collect(),
    }
}

/// The app.json of a folder.
pub fn beside<'a>(folder: &Path, forest: &Forest<'a>) -> Option<&'a AppJson> {
    match &forest.parsed.get(&forest.paths.document(&folder.join("app.json"))?)?.tree {
        Tree::AppJson(found) => Some(found),
        _ => None,
    }
}

impl Platform {
    pub fn of(folder: &Path, mentioned: bool, app_json: Option<&AppJson>, forest: &Forest<'_>) -> Platform {
        let is_heroku =
            mentioned || forest.paths.knows(&folder.join("heroku.yml")) || app_json.is_some_and(|found| found.mentions_heroku);
        if is_heroku { Platform::Heroku } else { Platform::Unknown }
    }

    /// The shell that runs a line.
    pub fn shell(self) -> &'static str {
        match self {
            Platform::Heroku => "bash",
            Platform::Unknown => "sh",
        }
    }

    /// Variables that are set, to values that no file tells, each with a reason.
    pub fn sets(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Platform::Heroku => &[
                ("PORT", "Heroku sets PORT"),
                ("WEB_CONCURRENCY", "Heroku sets WEB_CONCURRENCY by the size of the dyno"),
                ("DYNO", "Heroku sets DYNO"),
            ],
            Platform::Unknown => &[("PORT", "whoever runs a Procfile sets PORT")],
        }
    }

    /// How a process is stopped. Heroku sends SIGTERM to all processes of a dyno and SIGKILL 30 s later (facts/systemd.md, other
    /// launchers); honcho and containers kill all as well.
    pub fn settings(self) -> Named<Setting> {
        let mut settings = Named::new();
        let truth = |held: bool| Value::Known(Known::Boolean(held));
        let mut add = |name: &'static str, value: Value| {
            settings.insert(name, Setting::default(value, if self == Platform::Heroku { "Heroku" } else { "Procfile" }));
        };
        add("kill_group", truth(true));
        match self {
            Platform::Heroku => {
                add("platform", Value::text("heroku"));
                add("stop_grace", Value::Known(Known::Duration(Duration::seconds(30))));
                add("stop_group", truth(true));
            }
            Platform::Unknown => {
                add("platform", Value::unknown("nothing says which platform runs this Procfile"));
                add("stop_group", Value::unknown("nothing says which platform runs this Procfile"));
            }
        }
        settings
    }
}
