//! Which numbers are right here: arithmetic on what was measured.
//!
//! In: what machines and logs told. Out: settings with the arithmetic behind them, and what was not recommended and why. Pure: it
//! reads no file and no clock, and the same evidence always gives the same advice. Every constant names where it comes from.

pub mod budget;
pub mod ladder;
pub mod limits;
pub mod queue;
pub mod recycling;
pub mod slots;
pub mod timeout;
pub mod workers;

/// What matters most to whoever asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// As few waits as the host allows.
    #[default]
    Latency,
    /// As little memory as the load allows.
    Memory,
    /// As many requests as the host allows.
    Throughput,
}

/// How a worker takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One at a time.
    Sync,
    /// As many as it has threads.
    Gthread,
    /// Many in one process: gevent, eventlet, tornado, asgi, uvicorn.
    Async,
    Unknown,
}

impl Class {
    /// By the model's `app.effective_class`.
    pub fn of(name: &str) -> Class {
        match name {
            "sync" => Class::Sync,
            "gthread" => Class::Gthread,
            "gevent" | "eventlet" | "tornado" | "asgi" | "uvicorn" => Class::Async,
            _ => Class::Unknown,
        }
    }
}
