//! Probes of a container, and what happens before it is stopped.
//!
//! In: a container. Out: the facts `liveness_*`, `has_startup_probe`, `has_prestop` and `prestop_sleep`. Defaults: every 10 s, 1 s to answer,
//! 3 failures, no delay (API reference, Probe). Of a preStop hook only a sleep has a length that can be told.

use super::container::{Reader, truth};
use super::reading::{integer, read, seconds, written};
use super::{service, word};
use crate::formats::yaml::{Entry, Node};
use crate::value::{Duration, Known, Origin, Setting, Value};

/// What a container says about probes and its end.
pub fn settings(reader: &Reader<'_>) -> Vec<(&'static str, Setting)> {
    let mut settings = Vec::new();
    let entry = |key: &str| reader.container.entry(key).filter(|entry| entry.value.mapping().is_some());
    let startup = entry("startupProbe");
    settings.push(("has_startup_probe", truth(startup.is_some(), startup.as_ref())));
    if let Some(liveness) = entry("livenessProbe").filter(|_| !reader.is_changed("livenessProbe")) {
        settings.extend(self::liveness(&liveness, reader));
    }
    let hook = entry("lifecycle").and_then(|lifecycle| lifecycle.value.entry("preStop"));
    if reader.is_changed("lifecycle") {
        let unknown = || Setting::new(Value::unknown("a patch changes it"), Origin::Written { span: reader.anchor() });
        settings.extend([("has_prestop", unknown()), ("prestop_sleep", unknown())]);
        return settings;
    }
    settings.push(("has_prestop", truth(hook.is_some(), hook.as_ref())));
    settings.push(("prestop_sleep", sleep(hook.as_ref())));
    settings
}

fn liveness(probe: &Entry, reader: &Reader<'_>) -> Vec<(&'static str, Setting)> {
    let http = probe.value.entry("httpGet");
    let mut settings = vec![
        ("liveness_http", truth(http.is_some(), Some(http.as_ref().unwrap_or(probe)))),
        ("liveness_period", time(probe, "periodSeconds", 10)),
        ("liveness_timeout", time(probe, "timeoutSeconds", 1)),
        ("liveness_delay", time(probe, "initialDelaySeconds", 0)),
    ];
    let failures = probe.value.entry("failureThreshold").and_then(|entry| read(&entry, integer));
    settings.push(("liveness_failures", failures.unwrap_or_else(|| by_default(Known::Integer(3)))));
    if let Some(port) = http.and_then(|http| http.value.entry("port")) {
        let number = service::port_number(&port.value, reader.container);
        let value = number
            .map_or_else(|| Value::unknown("no port of the container has that name"), |port| Value::Known(Known::Integer(port)));
        settings.push(("liveness_port", written(value, &port)));
    }
    settings
}

fn time(probe: &Entry, key: &str, default: i64) -> Setting {
    let given = probe.value.entry(key).and_then(|entry| read(&entry, seconds));
    given.unwrap_or_else(|| by_default(Known::Duration(Duration::seconds(default))))
}

fn by_default(known: Known) -> Setting {
    Setting::default(Value::Known(known), "kubernetes")
}

/// How long a preStop hook sleeps.
fn sleep(hook: Option<&Entry>) -> Setting {
    let Some(hook) = hook else { return by_default(Known::Duration(Duration::seconds(0))) };
    let action = hook.value.get("sleep").and_then(|sleep| sleep.entry("seconds"));
    if let Some(setting) = action.and_then(|entry| read(&entry, seconds)) {
        return setting;
    }
    let command = hook.value.get("exec").and_then(|exec| exec.entry("command"));
    let slept = command.as_ref().and_then(|command| slept(&command.value));
    let value =
        slept.map_or_else(|| Value::unknown("how long the hook takes is not known"), |time| Value::Known(Known::Duration(time)));
    written(value, command.as_ref().unwrap_or(hook))
}

/// `sleep N`, and the same in a shell.
fn slept(command: &Node) -> Option<Duration> {
    let words: Vec<String> = command.items().map(|item| word(&item).map(str::to_owned)).collect::<Option<_>>()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let name = |program: &str| program.rsplit('/').next().unwrap_or_default().to_owned();
    match words.as_slice() {
        [program, time] if name(program) == "sleep" => duration(time),
        [shell, option, script] if matches!(&*name(shell), "sh" | "bash" | "ash" | "dash") && matches!(*option, "-c" | "-ec") => {
            let script: Vec<&str> = script.trim_end_matches([';', ' ']).split_whitespace().collect();
            match script.as_slice() {
                [program, time] | ["exec", program, time] if name(program) == "sleep" => duration(time),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What sleep(1) takes: a number, and perhaps a unit.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "" | "s" => 1000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return None,
    };
    let milliseconds = number.parse::<f64>().ok()? * factor;
    Some(Duration { milliseconds: milliseconds.ceil() as i64, written: text.into() })
}
