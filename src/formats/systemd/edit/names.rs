//! What settings of the model are called in units, and which section a key belongs to.
//!
//! In: names of the model. Out: keys. Names of a launcher are those of grammar/model.toml; which keys exist is the vocabulary's.

use crate::edit::Order;
use crate::model::Kind;
use crate::vocabulary::systemd as keys;

/// A launcher's facts and the keys that set them.
const LAUNCHER: [(&str, &str); 9] = [
    ("stop_grace", "TimeoutStopSec"),
    ("stop_signal", "KillSignal"),
    ("reload_command", "ExecReload"),
    ("memory_limit", "MemoryMax"),
    ("cpu_limit", "CPUQuota"),
    ("nofile_limit", "LimitNOFILE"),
    ("tasks_limit", "TasksMax"),
    ("user", "User"),
    ("working_directory", "WorkingDirectory"),
];

/// The key that an order means in a unit of that own section.
pub fn native(order: &Order, own: &str) -> Option<&'static str> {
    match order.kind {
        Kind::Launcher => LAUNCHER.iter().find(|(name, _)| *name == &*order.name).map(|(_, key)| *key),
        _ => keys::unit_key(own, &order.name).map(|key| key.name()),
    }
}

/// The section of a unit's file that takes a key.
pub fn section_of(own: &'static str, key: &str) -> Option<&'static str> {
    [own, "Unit", "Install"].into_iter().find(|section| keys::key(section, key).is_some())
}

/// Whether a key is an older name of another one and of nothing else.
pub fn is_old_name(old: &str, key: &str) -> bool {
    old == "StartLimitInterval" && key == "StartLimitIntervalSec"
        || matches!(old, "StartLimitBurst" | "StartLimitAction") && old == key
}
