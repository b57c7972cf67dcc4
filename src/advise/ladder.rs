//! Times that wait for each other, as one consistent set: a request, the worker, the drain, the launcher's patience, nginx's.
//!
//! In: the worker's timeout, the class, the longest requests. Out: graceful_timeout, the launcher's grace, nginx's read timeout, and
//! who closes idle connections first. What counts is the order of the steps; each step gives the next a few seconds more.

/// What each step is given beyond the one below it, in seconds (CATALOGUE.md section 7).
pub const STEP_SECONDS: u64 = 5;
/// gunicorn's default drain, and the least that is recommended, in seconds.
pub const LEAST_GRACEFUL_SECONDS: u64 = 30;
/// nginx's default read timeout, in seconds; no location is taken below it.
pub const READ_SECONDS: u64 = 60;

/// Whom a longer drain binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    /// A draining worker still shows life, or nothing but a stop drains: the drain may be longer than the timeout.
    Free,
    /// A draining worker is silent and killed after `timeout`: asgi, uvicorn and gthread 21.0 to 26.2 with max_requests, gthread 21.0 to
    /// 23.0 at HUP (CORRECTIONS.md 8). The second is how often the drain is counted: uvicorn needs it twice.
    Silent { times: u64, more_seconds: u64 },
    /// The master waits for the drain and looks after nobody meanwhile: sync from 24.0 on, at HUP.
    Blocks,
}

/// The steps, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    pub timeout: u64,
    pub graceful: u64,
    pub stop_grace: u64,
    /// What a location needs at least whose requests the worker may work on up to its timeout; none where `timeout` limits no request.
    pub read: Option<u64>,
}

/// The ladder over a timeout. `longest_seconds` is the 99.9th percentile of requests, `before_stop_seconds` what runs before the stop
/// signal inside the same grace (preStop).
pub fn ladder(timeout: u64, longest_seconds: f64, drain: Drain, limits_requests: bool, before_stop_seconds: u64) -> Ladder {
    let wanted = ((longest_seconds - 1e-9).ceil().max(0.0) as u64).max(LEAST_GRACEFUL_SECONDS);
    let (timeout, graceful) = match drain {
        Drain::Free => (timeout, wanted),
        Drain::Silent { times, more_seconds } => (timeout.max(wanted * times + more_seconds), wanted),
        Drain::Blocks => (timeout, wanted.min(timeout.max(1))),
    };
    Ladder {
        timeout,
        graceful,
        stop_grace: graceful + STEP_SECONDS + before_stop_seconds,
        read: limits_requests.then_some(timeout + STEP_SECONDS),
    }
}

/// Who gives way so that nginx closes idle connections before gunicorn does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keepalive {
    /// gunicorn's keepalive becomes this, in seconds.
    App(u64),
    /// nginx's keepalive_timeout of the upstream becomes this, in seconds.
    Upstream(u64),
}

/// What lets nginx be the one that closes (CORRECTIONS.md 2): gthread and uvicorn keep connections 5 s longer than nginx; gevent and
/// asgi wait for idle connections when they stop, so there nginx keeps them 1 s shorter, where gunicorn keeps them for 3 s at least.
/// None for the other classes and where the order is right.
pub fn keepalive(class: &str, app_seconds: f64, upstream_seconds: f64) -> Option<Keepalive> {
    if app_seconds <= 0.0 || app_seconds > upstream_seconds {
        return None;
    }
    match class {
        "gthread" | "uvicorn" => Some(Keepalive::App(upstream_seconds.ceil() as u64 + STEP_SECONDS)),
        "gevent" | "asgi" if app_seconds >= 3.0 => Some(Keepalive::Upstream(app_seconds.floor() as u64 - 1)),
        _ => None,
    }
}

/// Whether one time is so far below another that it matters: by 2 s and by 10 % (CATALOGUE.md section 1).
pub fn clearly_below(less_seconds: f64, more_seconds: f64) -> bool {
    less_seconds < more_seconds && more_seconds - less_seconds >= (more_seconds * 0.1).max(2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_outlasts_the_one_below() {
        let steps = ladder(62, 41.3, Drain::Free, true, 0);
        assert_eq!(steps, Ladder { timeout: 62, graceful: 42, stop_grace: 47, read: Some(67) });
        // A pod that sleeps 5 s before the signal comes.
        assert_eq!(ladder(30, 0.4, Drain::Free, false, 5), Ladder { timeout: 30, graceful: 30, stop_grace: 40, read: None });
    }

    #[test]
    fn a_silent_drain_raises_the_heartbeat() {
        // Measured: timeout 3 and graceful 12 cut a request of 8 s; 17 answers under asgi, 26 under uvicorn.
        let asgi = ladder(3, 12.0, Drain::Silent { times: 1, more_seconds: 5 }, false, 0);
        assert_eq!((asgi.timeout, asgi.graceful), (35, 30));
        let uvicorn = ladder(30, 12.0, Drain::Silent { times: 2, more_seconds: 2 }, false, 0);
        assert_eq!(uvicorn.timeout, 62);
        // Where the master waits, the drain is no longer than the timeout.
        assert_eq!(ladder(30, 50.0, Drain::Blocks, true, 0).graceful, 30);
    }

    #[test]
    fn nginx_closes_first() {
        assert_eq!(keepalive("gthread", 2.0, 60.0), Some(Keepalive::App(65)));
        assert_eq!(keepalive("uvicorn", 60.0, 60.0), Some(Keepalive::App(65)));
        assert_eq!(keepalive("gthread", 65.0, 60.0), None);
        assert_eq!(keepalive("asgi", 5.0, 60.0), Some(Keepalive::Upstream(4)));
        assert_eq!(keepalive("gevent", 2.0, 60.0), None);
        assert_eq!(keepalive("sync", 2.0, 60.0), None);
    }

    #[test]
    fn tiny_differences_do_not_count() {
        assert!(clearly_below(60.0, 67.0));
        assert!(!clearly_below(61.0, 67.0) && !clearly_below(59.0, 60.0) && !clearly_below(67.0, 60.0));
    }
}
