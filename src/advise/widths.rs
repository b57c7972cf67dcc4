//! Limits that have to be wide enough for the pool: queue, files, connections, memory of the unit.
//!
//! In: what is known, and the pool that is planned with. Out: items for what is too narrow. It widens and never narrows: room that is
//! not used costs nothing here.

use super::draft::{Draft, Reasons, count, integer, size, written};
use super::known::Known;
use super::limits::{backlog, effective_backlog, files, memory_max, nginx_connections, nginx_files};
use super::queue::{Pool, burst};
use super::{Class, in_force};
use crate::model::Subject;

const GROUP: &str = "limits";

pub fn advise(known: &Known<'_>, planned: Option<Pool>, draft: &mut Draft<'_>) {
    let burst = known.question.traffic.and_then(|traffic| traffic.trace.as_ref()).map(burst);
    if !in_force::refuse(&known.differences, GROUP, in_force::WIDTHS, draft) {
        queue(known, burst, draft);
        open_files(known, draft);
    }
    nginx(known, planned, burst, draft);
    memory(known, planned, draft);
}

/// The listen queue for the largest burst. asgi has one of 100 whatever is set.
fn queue(known: &Known<'_>, burst: Option<u64>, draft: &mut Draft<'_>) {
    let (stack, app) = (known.question.stack, known.question.app);
    let Some(burst) = burst.filter(|_| known.class_name != "asgi") else { return };
    let inherited = stack.setting(app, "bind_inherited").value.as_boolean();
    // From 27.0 on gunicorn leaves a socket unit's queue as it is (CORRECTIONS.md 11).
    let (subject, name) = match (inherited, known.at_least("27.0")) {
        (Some(false), _) | (Some(true), Some(false)) => (app, "backlog"),
        (Some(true), Some(true)) => match stack.links(app, "socket").first() {
            Some(socket) => (*socket, "Backlog"),
            None => return,
        },
        _ => return,
    };
    let Some(now) = count(stack, subject, name) else { return };
    let most = known.question.machine.and_then(|machine| machine.somaxconn);
    if effective_backlog(now, most) >= burst {
        return;
    }
    if let Some(most) = most.filter(|most| *most < burst) {
        let why = format!("{burst} requests were under way at once, and the kernel lets no more than {most} wait");
        draft.refuse("backlog", why, "raise net.core.somaxconn with sysctl, and run again");
        return;
    }
    let why = format!("{burst} requests were under way at once; on a unix socket those beyond the queue are answered with 502");
    let to = effective_backlog(backlog(burst), most);
    draft.set(GROUP, subject, name, integer(to), Reasons::new(why, known.of_logs()));
}

/// Files of a worker that takes many connections. sync has one at a time, uvicorn ignores worker_connections.
fn open_files(known: &Known<'_>, draft: &mut Draft<'_>) {
    if !matches!(&*known.class_name, "gthread" | "gevent" | "asgi") {
        return;
    }
    let (stack, Some(launcher)) = (known.question.stack, known.launcher) else { return };
    let (Some(connections), Some(now)) = (known.count("worker_connections"), count(stack, launcher, "nofile_limit")) else {
        return;
    };
    let (threads, pool) = (known.count("threads").unwrap_or(1), known.question.database.pool_size.unwrap_or_default());
    let wanted = files(connections, threads, pool);
    if now >= wanted {
        return;
    }
    let why = format!("{connections} connections, {threads} threads, {pool} to the database and 64 others, at least 4096");
    let setting = stack.setting(launcher, "nofile_limit");
    let mut evidence = vec![format!("limit {} ({})", setting.value, written(&setting, stack))];
    let running = known.question.master.and_then(|master| master.limits.files);
    evidence.extend(running.map(|files| format!("the running master may open {files}")));
    draft.set(GROUP, launcher, "nofile_limit", integer(wanted), Reasons::new(why, evidence));
}

/// Connections of the nginx in front, and the files that they take.
fn nginx(known: &Known<'_>, planned: Option<Pool>, burst: Option<u64>, draft: &mut Draft<'_>) {
    let stack = known.question.stack;
    let servers = stack.links(known.question.app, "routes").iter().flat_map(|route| stack.links(*route, "server"));
    let mut fronts: Vec<Subject> = servers.flat_map(|server| stack.links(*server, "nginx")).copied().collect();
    fronts.sort_unstable();
    fronts.dedup();
    for front in fronts {
        let Some(now) = count(stack, front, "worker_connections") else { continue };
        let wanted = connections(known, front, planned, burst).map_or(now, |wanted| wanted.max(now));
        if wanted > now {
            let why = format!("2 x (slots + {} at once) through its worker processes", burst.unwrap_or_default());
            draft.set(GROUP, front, "worker_connections", integer(wanted), Reasons::new(why, known.of_logs()));
        }
        rlimit(known, front, wanted, draft);
    }
}

fn connections(known: &Known<'_>, front: Subject, planned: Option<Pool>, burst: Option<u64>) -> Option<u64> {
    let stack = known.question.stack;
    let processes = count(stack, front, "processes")?;
    let own = planned.filter(|_| matches!(known.class, Class::Sync | Class::Gthread));
    let own = own.map_or(0, |pool| u64::from(pool.workers) * u64::from(pool.threads));
    let slots = count(stack, front, "slots").unwrap_or_default().max(own);
    Some(nginx_connections(slots, burst?, processes))
}

/// Rule nginx-file-limit-below-connections: only where a limit is written.
fn rlimit(known: &Known<'_>, front: Subject, connections: u64, draft: &mut Draft<'_>) {
    let stack = known.question.stack;
    let own = count(stack, front, "worker_rlimit_nofile");
    let Some(limit) = own.or_else(|| count(stack, front, "nofile_limit")) else { return };
    let wanted = nginx_files(connections);
    if connections > super::limits::LEAST_CONNECTIONS && limit < wanted {
        let why = format!("a request that is passed on takes two connections, and each of {connections} is a file");
        let found = format!("the limit is {limit}");
        draft.set(GROUP, front, "worker_rlimit_nofile", integer(wanted), Reasons::new(why, vec![found]));
    }
}

/// MemoryMax of the unit: not below what the planned pool takes at its peak.
fn memory(known: &Known<'_>, planned: Option<Pool>, draft: &mut Draft<'_>) {
    let (Some(service), Some(budget), Some(planned), Some(machine)) =
        (known.service, &known.budget, planned, known.question.machine)
    else {
        return;
    };
    let Some(master) = known.question.master.filter(|_| !budget.overstated) else { return };
    let Some(own) = super::budget::footprint(master) else { return };
    let generations = if known.reloads { 2 } else { 1 };
    let peak = own.master_bytes + own.shared_bytes + own.worker_bytes * u64::from(planned.workers) * generations;
    let wanted = memory_max(peak);
    let stack = known.question.stack;
    let why = format!("{:.0} MB at its peak with {} workers, which is 0.8 of it", peak as f64 / 1e6, planned.workers);
    let reasons = Reasons::new(why, known.of_host());
    let setting = stack.setting(service, "MemoryMax");
    match count(stack, service, "MemoryMax").filter(|_| setting.origin.is_explicit()) {
        Some(now) if now < peak && machine.memory.is_none_or(|most| wanted <= most) => {
            draft.set(GROUP, service, "MemoryMax", size(wanted), reasons);
        }
        Some(now) if now < peak => {
            let why = format!("{:.0} MB at its peak do not fit MemoryMax, nor the machine", peak as f64 / 1e6);
            draft.refuse("MemoryMax", why, "give the machine more memory, or run fewer workers");
        }
        // On a host of several apps a leak of one should not take the others along.
        None if machine.masters.len() > 1 && !setting.origin.is_explicit() => {
            let yes = "the kernel kills a worker of this app when it takes more, instead of one of another app";
            draft.set(GROUP, service, "MemoryMax", size(wanted), reasons.needing(yes));
        }
        _ => {}
    }
}
