//! `gearmesh facts` as people read it: machine, gunicorn, nginx, traffic, symptoms, and what is missing.
//!
//! In: evidence. Out: text at about 100 columns. Recommends nothing. What processes and logs say of themselves is untrusted and shown as such.

use super::json::escaped;
use super::plural;
use super::untrusted::{excerpt, line};
use crate::evidence::machine::{Limits, Listener, Machine, Master, Memory};
use crate::evidence::traffic::Traffic;
use crate::evidence::{Evidence, Missing};
use std::fmt::Write as _;

/// The evidence in the form that gearmesh reads on another machine, with what no terminal and no job may see escaped.
///
/// # Errors
/// It cannot be written as JSON.
pub fn json(evidence: &Evidence) -> serde_json::Result<String> {
    Ok(escaped(&serde_json::to_string_pretty(evidence)?) + "\n")
}

/// The evidence for people.
pub fn text(evidence: &Evidence) -> String {
    let mut out = String::new();
    for machine in &evidence.machines {
        self::machine(&mut out, machine);
    }
    for traffic in &evidence.traffic {
        self::traffic(&mut out, traffic);
    }
    for symptom in &evidence.symptoms {
        let _ = writeln!(out, "\n{}: {}", line(&symptom.signature), counted(symptom.count, "line"));
    }
    if !evidence.missing.is_empty() {
        out.push_str("\nnot seen\n");
    }
    for Missing { what, why, remedy } in &evidence.missing {
        let _ = writeln!(out, "  {}: {}\n    {}", line(what), line(why), line(remedy));
    }
    out
}

fn machine(out: &mut String, machine: &Machine) {
    let name = if machine.name.is_empty() { "machine" } else { &machine.name };
    let busy = machine.busy.zip(machine.window).map(|(busy, window)| format!("{busy:.1} of them busy over {window:.0} s"));
    let parts = [
        machine.cpus.map(|cpus| plural(cpus as usize, "processor")),
        busy,
        machine.memory.map(|memory| format!("{} memory", size(memory))),
        machine.available.map(|memory| format!("{} available", size(memory))),
        machine.somaxconn.map(|queue| format!("somaxconn {queue}")),
    ];
    let known = joined(parts);
    let _ = writeln!(out, "{}: {}", line(name), if known.is_empty() { "nothing is known of it" } else { &known });
    for master in &machine.masters {
        self::master(out, machine, master);
    }
    for nginx in &machine.nginx {
        let version = nginx.version.as_deref().map_or_else(String::new, |version| format!(" {version}"));
        let parts = [
            Some(format!("process {}", nginx.pid)),
            Some(plural(nginx.workers as usize, "worker")),
            nginx.memory.map(|memory| format!("{} in all", size(memory))),
        ];
        let _ = writeln!(out, "\nnginx{}: {}", line(&version), joined(parts));
    }
    if machine.masters.is_empty() && machine.nginx.is_empty() {
        out.push_str("no running gunicorn and no nginx was seen\n");
    }
}

fn master(out: &mut String, machine: &Machine, master: &Master) {
    let version = master.version.as_deref().map_or_else(String::new, |version| format!(" {version}"));
    let whose = [
        master.application.clone(),
        Some(format!("process {}", master.pid)),
        master.unit.clone(),
        master.user.as_ref().map(|user| format!("as {user}")),
    ];
    let _ = writeln!(out, "\ngunicorn{}: {}", line(&version), excerpt(&joined(whose)));
    if let Some(config) = &master.config {
        let _ = writeln!(out, "  configuration  {}", excerpt(config));
    }
    for listener in &master.listeners {
        let _ = writeln!(out, "  listens on     {}", excerpt(&self::listener(listener)));
    }
    let _ = writeln!(out, "  may use        {}", allowed(machine, master));
    if let Some(used) = used(&master.limits) {
        let _ = writeln!(out, "  uses           {used}");
    }
    let _ = writeln!(out, "  master         {}", memory(&master.memory));
    for worker in &master.workers {
        let parts = [
            Some(memory(&worker.memory)),
            worker.growth.filter(|growth| growth.abs() >= 1024.0).map(|growth| {
                let sign = if growth < 0.0 { "-" } else { "+" };
                format!("{sign}{}/s", size(growth.abs() as u64))
            }),
            worker.threads.map(|threads| plural(threads as usize, "thread")),
            worker.cpu.map(|cpu| format!("{cpu:.2} processors")),
        ];
        let _ = writeln!(out, "  {:14} {}", format!("worker {}", worker.pid), joined(parts));
    }
    for drift in &master.drift {
        let _ = writeln!(out, "  differs: {}", line(drift));
    }
}

fn listener(listener: &Listener) -> String {
    let backlog = listener.backlog.map(|backlog| format!("backlog {backlog}"));
    let queued = listener.queued.map(|queued| format!("{queued} waiting"));
    joined([Some(listener.address.clone()), backlog, queued])
}

fn allowed(machine: &Machine, master: &Master) -> String {
    let processors = machine.processors(master).map(|count| format!("{} processors", (count * 100.0).round() / 100.0));
    let memory = machine.memory_for(master).map(|memory| format!("{} memory", size(memory)));
    let files = master.limits.files.map(|files| format!("{files} open files"));
    let tasks = master.limits.tasks_max.map(|tasks| format!("{tasks} tasks"));
    let all = joined([processors, memory, files, tasks]);
    if all.is_empty() { "unknown".to_owned() } else { all }
}

fn used(limits: &Limits) -> Option<String> {
    let now = limits.memory_now.map(|memory| format!("{} memory", size(memory)));
    let kills = limits.oom_kills.filter(|kills| *kills > 0).map(|kills| format!("killed for memory {}", counted(kills, "time")));
    Some(joined([now, kills])).filter(|text| !text.is_empty())
}

fn memory(memory: &Memory) -> String {
    let part = |bytes: Option<u64>, name: &str| bytes.map(|bytes| format!("{} {name}", size(bytes)));
    joined([part(memory.rss, "RSS"), part(memory.pss, "PSS"), part(memory.uss, "USS")])
}

fn traffic(out: &mut String, traffic: &Traffic) {
    let malformed = (traffic.malformed > 0).then(|| counted(traffic.malformed, "malformed line"));
    let peak = traffic.peak.as_ref().map(|peak| format!("at most {:.1}/s over {:.0} s", peak.rate, peak.seconds));
    let requests = Some(counted(traffic.all.count, "request"));
    let _ = writeln!(out, "\ntraffic of {}: {}", line(&traffic.name), joined([requests, peak, malformed]));
    let kinds = [
        ("total", &traffic.all.total),
        ("upstream", &traffic.all.upstream),
        ("service", &traffic.all.service),
        ("wait", &traffic.all.wait),
    ];
    for (name, histogram) in kinds {
        let percentile = |share| histogram.percentile(share).map(|time| time as f64 / 1000.0);
        if let (Some(half), Some(most), Some(slow)) = (percentile(0.5), percentile(0.95), percentile(0.99)) {
            let _ = writeln!(out, "  {name:14} p50 {half:.0} ms, p95 {most:.0} ms, p99 {slow:.0} ms");
        }
    }
}

fn counted(count: u64, word: &str) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), word)
}

fn joined(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Bytes in the largest unit that leaves a whole number, as systemd and free(1) count: powers of 1024.
fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut number, mut unit) = (bytes as f64, 0);
    while number >= 1024.0 && unit + 1 < units.len() {
        number /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(number < 10.0 && unit > 0);
    format!("{number:.digits$} {}", units.get(unit).unwrap_or(&""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_the_largest_unit() {
        assert_eq!([0, 1023, 1536, 64 << 20, 8_200_000_000].map(size), ["0 B", "1023 B", "1.5 KiB", "64 MiB", "7.6 GiB"]);
    }
}
