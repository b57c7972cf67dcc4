//! What a machine has, and which gunicorn runs on it: the part of the evidence that comes from /proc, cgroups and service managers.
//!
//! Sizes are bytes, shares of processors are in processors (1.5 is one and a half). What could not be read is none, never zero.

use super::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A machine at one time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Machine {
    pub name: String,
    /// When it was looked at.
    pub taken: Option<Moment>,
    /// Processors that are online.
    pub cpus: Option<u32>,
    /// How many of them were busy on average while it was looked at, and for how many seconds that was.
    pub busy: Option<f64>,
    pub window: Option<f64>,
    /// MemTotal and MemAvailable.
    pub memory: Option<u64>,
    pub available: Option<u64>,
    /// net.core.somaxconn: no listen queue is longer.
    pub somaxconn: Option<u64>,
    /// By process.
    pub nginx: Vec<Nginx>,
    pub masters: Vec<Master>,
}

/// A running nginx.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nginx {
    pub pid: u32,
    /// How its master was started, as its title tells: ["/usr/sbin/nginx", "-c", "/etc/nginx/nginx.conf"].
    pub arguments: Vec<String>,
    /// Its main configuration, as a path of the machine; none where it was compiled in.
    pub config: Option<String>,
    /// "nginx.service".
    pub unit: Option<String>,
    /// "1.22.1".
    pub version: Option<String>,
    pub workers: u32,
    pub started: Option<Moment>,
    /// Everything it holds, PSS where it can be read, else RSS.
    pub memory: Option<u64>,
}

/// A running gunicorn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Master {
    pub pid: u32,
    /// The application as the process names it: "shop.wsgi:application".
    pub application: Option<String>,
    /// As it was started; none when the process has overwritten it (setproctitle).
    pub arguments: Option<Vec<String>>,
    /// The words of GUNICORN_CMD_ARGS, which hold over the configuration file; empty also where its environment may not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command_args: Vec<String>,
    /// The configuration file that it loaded, as a path of the machine; none where it has none, and where that cannot be told.
    pub config: Option<String>,
    /// The folder it works in.
    pub folder: Option<String>,
    /// "shop.service".
    pub unit: Option<String>,
    pub user: Option<String>,
    /// The installed gunicorn's version: "23.0.0".
    pub version: Option<String>,
    pub started: Option<Moment>,
    pub listeners: Vec<Listener>,
    pub limits: Limits,
    pub memory: Memory,
    pub workers: Vec<Worker>,
    /// What the control socket of gunicorn >= 25.1 says is in force, by setting.
    pub settings: Option<BTreeMap<String, serde_json::Value>>,
    /// What the control socket counts: workers_target, workers_spawned, workers_killed, reloads, uptime in seconds.
    pub stats: Option<BTreeMap<String, serde_json::Value>>,
    /// Where what runs and what the files say differ: "gunicorn.conf.py is newer than the process: reload needed".
    pub drift: Vec<String>,
}

/// A socket that is listened on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listener {
    /// "unix:/run/shop.sock" or "127.0.0.1:8000".
    pub address: String,
    /// The length of the queue that was asked for, as far as the kernel tells it.
    pub backlog: Option<u64>,
    /// Connections that wait in it now.
    pub queued: Option<u64>,
}

/// What the service may have: the least of all cgroups above it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Processors' worth of time, by quota; none without one.
    pub quota: Option<f64>,
    /// Processors it may run on, by affinity and cpuset.
    pub allowed: Option<u32>,
    pub memory_max: Option<u64>,
    pub memory_high: Option<u64>,
    /// What it uses now.
    pub memory_now: Option<u64>,
    /// How often the kernel killed a process of the service for memory.
    pub oom_kills: Option<u64>,
    pub tasks_max: Option<u64>,
    /// Open files of the master, soft limit.
    pub files: Option<u64>,
}

/// What a process holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Memory {
    pub rss: Option<u64>,
    /// Shared pages divided by who shares them.
    pub pss: Option<u64>,
    /// Pages of its own: what one more of its kind costs.
    pub uss: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Worker {
    pub pid: u32,
    pub started: Option<Moment>,
    pub threads: Option<u32>,
    pub memory: Memory,
    /// Processors it kept busy while the machine was looked at.
    pub cpu: Option<f64>,
    /// Seconds of processor time since it began.
    pub cpu_seconds: Option<f64>,
    /// Bytes per second by which its own pages grew while the machine was looked at.
    pub growth: Option<f64>,
    /// Seconds since it last told its master that it is alive, as the control socket says.
    pub heartbeat: Option<f64>,
}

impl Machine {
    /// Processors that a gunicorn of this machine may use, as a fraction: the least of what is online, allowed and its quota.
    pub fn processors(&self, master: &Master) -> Option<f64> {
        let counts = [self.cpus.map(f64::from), master.limits.allowed.map(f64::from), master.limits.quota];
        counts.into_iter().flatten().min_by(f64::total_cmp)
    }

    /// Memory that a gunicorn of this machine may use, in bytes.
    pub fn memory_for(&self, master: &Master) -> Option<u64> {
        [self.memory, master.limits.memory_max, master.limits.memory_high].into_iter().flatten().min()
    }
}
