//! What an app may use: processors and memory, by what the host has and the launcher allows, and how far its workers grow with them.

use crate::expr::Environment;
use crate::model::facts::Facts;
use crate::model::{Node, Stack};
use crate::value::{Known, Origin, Setting, Size, Value};

/// Processors of a large machine. A number of workers that follows from the processors without an upper bound is far too large there.
pub const MANY_CPUS: i64 = 1024;

/// What a worker takes at least: the interpreter, gunicorn and a small application (facts/gunicorn.md: 25 to 32 MiB resident).
const LEAST_PER_WORKER: i64 = 30 << 20;

/// Adds the limits of an app that is linked to its launcher.
pub fn derive(stack: &Stack, node: &mut Node, facts: &Facts) {
    let limit = |name: &str| {
        let launcher = node.links.get("launcher").and_then(|launchers| launchers.first());
        launcher.map(|launcher| stack.setting(*launcher, name)).filter(|limit| matches!(limit.value, Value::Known(_)))
    };
    let (cpus, memory) = (cpus(limit("cpu_limit"), facts), memory(limit("memory_limit"), facts));
    node.set("cpus", cpus);
    node.set("memory", memory);
    node.set("memory_per_worker", memory_per_worker(facts));
}

/// Variables that show a process the graphics processors of NVIDIA that it may use, and values that show it none.
const GPU: [&str; 2] = ["CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"];
const NO_GPU: [&str; 4] = ["", "-1", "none", "void"];

/// Whether the environment shows a graphics processor; none when it says nothing about one.
pub fn has_gpu(environment: &Environment) -> Option<Setting> {
    GPU.iter().find_map(|name| {
        let variable = environment.get(name)?;
        let origin = Origin::Environment { name: (*name).into(), span: variable.span };
        let value = match variable.value.as_text() {
            Some(text) => Value::Known(Known::Boolean(!NO_GPU.contains(&text.trim()))),
            None => variable.value.clone(),
        };
        Some(Setting::new(value, origin))
    })
}

/// What is declared, else the least that a worker takes, which is taken on trust.
fn memory_per_worker(facts: &Facts) -> Setting {
    let size = |bytes, written: &str| Value::Known(Known::Size(Size { bytes, written: written.into() }));
    if let Some(bytes) = facts.memory_per_worker {
        return Setting::new(size(bytes, ""), of_host(facts));
    }
    let assuming = vec!["a worker takes 30 MiB, the least that was measured".into()].into();
    Setting { assuming, ..Setting::default(size(LEAST_PER_WORKER, "30M"), "gearmesh") }
}

/// The least of the host's processors and the launcher's limit.
fn cpus(limit: Option<Setting>, facts: &Facts) -> Setting {
    let host = facts.cpus.map(|cpus| Setting::new(Value::Known(Known::Number(cpus as f64)), of_host(facts)));
    let number = |setting: &Setting| match setting.value {
        Value::Known(Known::Number(cpus)) => Some(cpus),
        _ => None,
    };
    least(host, limit, number).unwrap_or_else(|| unknown("the host is not known; --host cpus=N tells"))
}

/// The least of the host's memory and the launcher's limit.
fn memory(limit: Option<Setting>, facts: &Facts) -> Setting {
    let size = |bytes| Value::Known(Known::Size(Size { bytes, written: "".into() }));
    let host = facts.memory.map(|bytes| Setting::new(size(bytes), of_host(facts)));
    let bytes = |setting: &Setting| match &setting.value {
        Value::Known(Known::Size(size)) => Some(size.bytes as f64),
        _ => None,
    };
    least(host, limit, bytes).unwrap_or_else(|| unknown("the host is not known; --host memory=SIZE tells"))
}

fn least(host: Option<Setting>, limit: Option<Setting>, amount: impl Fn(&Setting) -> Option<f64>) -> Option<Setting> {
    let limit = limit.filter(|limit| amount(limit).is_some());
    match (host, limit) {
        (Some(host), Some(limit)) => Some(if amount(&limit) < amount(&host) { limit } else { host }),
        (host, limit) => host.or(limit),
    }
}

fn of_host(facts: &Facts) -> Origin {
    Origin::Host { probe: facts.source.clone() }
}

fn unknown(reason: &str) -> Setting {
    Setting::default(Value::unknown(reason), "host")
}
