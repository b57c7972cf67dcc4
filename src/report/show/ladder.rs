//! The timeout ladder of a route: client, nginx, gunicorn and launcher on one axis of time, and who gives up first.
//!
//! In: a route and its app. Out: a drawing in plain characters within 80 columns, and sentences on what the client sees: 504 when nginx
//! stops waiting, 500 or 502 when gunicorn kills the worker (by version and class, facts/gunicorn.md section 3), 502 for what a stop
//! cuts. A limit that is not known is drawn as such and never compared.

use crate::model::{Stack, Subject};
use crate::value::{Duration, Known, Setting, Value};
use crate::vocabulary::version::{Version, VersionRange};
use std::fmt::Write as _;

/// How wide the axis is, in columns.
const AXIS: usize = 42;
/// How wide the names before it are, with the margin.
const NAMES: usize = 13;

/// The first gunicorn whose sync workers answer 500 when they are killed for being slow; older ones close the connection.
const ANSWERS_500: &str = "22.0";

#[derive(Clone, Debug, PartialEq)]
pub struct Ladder {
    pub request: Vec<Rung>,
    pub stop: Vec<Rung>,
    /// Who gives up first, and what the client then sees.
    pub verdicts: Vec<String>,
}

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung {
    pub who: &'static str,
    pub limit: Limit,
    /// The setting that limits it, or a remark.
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// In milliseconds.
    At(i64),
    /// It waits as long as it takes.
    Never,
    Unknown,
}

impl Limit {
    /// 0 means no limit to gunicorn's timeouts; nginx and systemd write it differently.
    fn of(setting: &Setting, zero_is_never: bool) -> Limit {
        match &setting.value {
            Value::Known(Known::Duration(duration)) => match duration.milliseconds {
                Duration::INFINITE => Limit::Never,
                0 if zero_is_never => Limit::Never,
                milliseconds => Limit::At(milliseconds),
            },
            Value::None => Limit::Never,
            _ => Limit::Unknown,
        }
    }
}

impl Ladder {
    pub fn of(stack: &Stack, route: Subject, app: Option<Subject>) -> Ladder {
        let read_timeout = match stack.setting(route, "pass_kind").value.as_text() {
            Some("uwsgi") => "uwsgi_read_timeout",
            Some("fastcgi") => "fastcgi_read_timeout",
            Some("scgi") => "scgi_read_timeout",
            Some("grpc") => "grpc_read_timeout",
            _ => "proxy_read_timeout",
        };
        let read = Limit::of(&stack.setting(route, read_timeout), false);
        let client = Rung { who: "client", limit: Limit::Never, what: "waits as it likes".to_owned() };
        let nginx = Rung { who: "nginx", limit: read, what: read_timeout.to_owned() };
        let Some(app) = app else {
            return Ladder { request: vec![client, nginx], stop: Vec::new(), verdicts: vec![alone(read)] };
        };
        let worker = Worker::of(stack, app);
        let launcher = stack.links(app, "launcher").first().copied();
        let mut stop = Stop { graceful: Limit::of(&stack.setting(app, "graceful_timeout"), false), ..Stop::default() };
        let mut rungs = Vec::new();
        let mut verdicts = vec![worker.verdict(read)];
        if let Some(launcher) = launcher
            && let Some(kind) = stack.setting(launcher, "kind").value.as_text().filter(|kind| *kind != "none")
        {
            stop.read(stack, launcher);
            rungs.extend(stop.before.map(|limit| Rung { who: "preStop", limit, what: "before the stop signal".to_owned() }));
            rungs.push(stop.rung());
            rungs.push(Rung { who: "launcher", limit: stop.grace, what: format!("{kind}, then SIGKILL") });
            verdicts.extend(stop.verdict());
        } else {
            rungs.push(stop.rung());
        }
        Ladder { request: vec![client, nginx, worker.rung()], stop: rungs, verdicts }
    }

    /// The drawing, with its sentences.
    pub fn text(&self) -> String {
        let rungs = || self.request.iter().chain(&self.stop);
        let longest = rungs().filter_map(|rung| match rung.limit {
            Limit::At(milliseconds) => Some(milliseconds),
            _ => None,
        });
        let longest = longest.max().unwrap_or(0).max(1);
        let mut out = String::new();
        let (half, whole) = (shown(longest / 2), shown(longest));
        let _ = writeln!(out, "{:NAMES$}0s{half:^width$}{whole}", "", width = AXIS.saturating_sub(2 + whole.len()));
        self.request.iter().for_each(|rung| out.push_str(&rung.bar(longest)));
        if !self.stop.is_empty() {
            out.push_str("    at a stop\n");
            self.stop.iter().for_each(|rung| out.push_str(&rung.bar(longest)));
        }
        for verdict in &self.verdicts {
            let _ = writeln!(out, "    {}", wrapped(verdict, 76));
        }
        out
    }
}

impl Rung {
    fn bar(&self, longest: i64) -> String {
        let (bar, limit) = match self.limit {
            Limit::At(milliseconds) => {
                let share = milliseconds as f64 / longest as f64;
                let length = ((AXIS - 1) as f64 * share).round() as usize;
                (format!("{}|", "=".repeat(length.min(AXIS - 1))), shown(milliseconds))
            }
            Limit::Never => (format!("{}>", "-".repeat(AXIS - 1)), String::new()),
            Limit::Unknown => ("?".to_owned(), "unknown".to_owned()),
        };
        let label = format!("{limit} {}", self.what);
        format!("    {:width$}{bar:AXIS$} {}\n", self.who, label.trim(), width = NAMES - 4)
    }
}

/// What limits a request in gunicorn.
struct Worker {
    class: Option<String>,
    timeout: Limit,
    /// Whether a killed sync worker answers 500; none when the version does not tell.
    answers_500: Option<bool>,
}

impl Worker {
    fn of(stack: &Stack, app: Subject) -> Worker {
        let version = stack.setting(app, "version").value.known().and_then(VersionRange::of);
        let since = Version::parse(ANSWERS_500);
        Worker {
            class: stack.setting(app, "effective_class").value.as_text().map(str::to_owned),
            timeout: Limit::of(&stack.setting(app, "timeout"), true),
            answers_500: version.zip(since).and_then(|(version, since)| version.at_least(since)),
        }
    }

    fn rung(&self) -> Rung {
        match (self.class.as_deref(), self.timeout) {
            (Some("sync"), limit) => Rung {
                who: "gunicorn",
                limit,
                what: if limit == Limit::Never { "timeout is off".to_owned() } else { "timeout (sync)".to_owned() },
            },
            (Some(class), _) => Rung { who: "gunicorn", limit: Limit::Never, what: format!("{class} has no limit") },
            (None, _) => Rung { who: "gunicorn", limit: Limit::Unknown, what: "worker class".to_owned() },
        }
    }

    fn verdict(&self, read: Limit) -> String {
        let killed = match self.answers_500 {
            Some(true) => "500",
            Some(false) => "502",
            None => "500 (gunicorn 22 and later) or 502 (older)",
        };
        match (self.class.as_deref(), read, self.timeout) {
            (None, _, _) => "who gives up first is not known, because the worker class is not".to_owned(),
            (_, Limit::Unknown, _) => "who gives up first is not known, because nginx's limit is not".to_owned(),
            (Some("sync"), _, Limit::Unknown) => "who gives up first is not known, because gunicorn's timeout is not".to_owned(),
            (Some("sync"), Limit::At(read), Limit::At(worker)) if worker < read => {
                format!("gunicorn gives up first: it kills the worker after {}, the client sees {killed}", shown(worker))
            }
            (Some("sync"), Limit::At(read), Limit::At(worker)) if worker == read => {
                format!("nginx and gunicorn give up together after {}: the client sees 504, or {killed}", shown(read))
            }
            (Some("sync"), Limit::At(read), Limit::At(worker)) => {
                format!(
                    "nginx gives up first, after {}: the client sees 504, and the worker goes on until {}",
                    shown(read),
                    shown(worker)
                )
            }
            (Some("sync"), Limit::Never, Limit::At(worker)) => {
                format!("gunicorn gives up: it kills the worker after {}, the client sees {killed}", shown(worker))
            }
            (_, Limit::Never, _) => "nobody gives up on a slow request".to_owned(),
            (_, Limit::At(read), _) => {
                format!("nginx gives up after {}: the client sees 504, and the request goes on in the worker", shown(read))
            }
        }
    }
}

fn alone(read: Limit) -> String {
    match read {
        Limit::At(read) => format!("nginx gives up after {}: the client sees 504", shown(read)),
        Limit::Never => "nobody gives up on a slow request".to_owned(),
        Limit::Unknown => "when nginx gives up is not known".to_owned(),
    }
}

/// What a stop leaves to requests.
struct Stop {
    graceful: Limit,
    grace: Limit,
    /// How long something runs before the signal, inside the grace.
    before: Option<Limit>,
    /// The signal on which gunicorn drops its requests: SIGQUIT and SIGINT.
    quick: Option<&'static str>,
}

impl Default for Stop {
    fn default() -> Stop {
        Stop { graceful: Limit::Unknown, grace: Limit::Unknown, before: None, quick: None }
    }
}

impl Stop {
    fn read(&mut self, stack: &Stack, launcher: Subject) {
        self.grace = Limit::of(&stack.setting(launcher, "stop_grace"), false);
        if stack.setting(launcher, "has_prestop").value.as_boolean() == Some(true) {
            let sleep = stack.setting(launcher, "prestop_sleep");
            self.before = Some(if sleep.value == Value::None { Limit::Unknown } else { Limit::of(&sleep, false) });
        }
        self.quick = match stack.setting(launcher, "stop_signal").value.as_text() {
            Some("QUIT") => Some("SIGQUIT"),
            Some("INT") => Some("SIGINT"),
            _ => None,
        };
    }

    fn rung(&self) -> Rung {
        match self.quick {
            Some(signal) => Rung { who: "gunicorn", limit: Limit::At(0), what: format!("{signal} drops requests") },
            None => Rung { who: "gunicorn", limit: self.graceful, what: "graceful_timeout".to_owned() },
        }
    }

    fn verdict(&self) -> Option<String> {
        if let Some(signal) = self.quick {
            return Some(format!("at a stop {signal} ends the requests that are being served at once: 500 or 502"));
        }
        let left = match (self.grace, self.before) {
            (Limit::At(grace), Some(Limit::At(before))) => Limit::At((grace - before).max(0)),
            (Limit::At(_), Some(Limit::Unknown)) => Limit::Unknown,
            (Limit::At(_), Some(Limit::Never)) => Limit::At(0),
            (grace, _) => grace,
        };
        let after = if self.before.is_some() { " behind preStop" } else { "" };
        match (self.graceful, left) {
            (Limit::At(graceful), Limit::At(left)) if left < graceful => Some(format!(
                "at a stop the launcher kills after {}{after} what gunicorn would finish within {}: 502",
                shown(left),
                shown(graceful)
            )),
            (Limit::At(graceful), Limit::At(_) | Limit::Never) => {
                Some(format!("at a stop requests may take {}, longer ones end with 502", shown(graceful)))
            }
            _ => None,
        }
    }
}

/// "90s", "1h", "1500ms": the largest unit that is exact.
fn shown(milliseconds: i64) -> String {
    match milliseconds {
        ms if ms >= 3_600_000 && ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 1000 == 0 => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}

/// Text in lines of a width, with a margin from the second on.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n      ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(class: &str, timeout: Limit, answers_500: Option<bool>) -> Worker {
        Worker { class: (!class.is_empty()).then(|| class.to_owned()), timeout, answers_500 }
    }

    #[test]
    fn who_gives_up_first_decides_what_the_client_sees() {
        let (short, long) = (Limit::At(30_000), Limit::At(120_000));
        assert_eq!(
            worker("sync", long, None).verdict(short),
            "nginx gives up first, after 30s: the client sees 504, and the worker goes on until 120s"
        );
        assert!(worker("sync", short, Some(true)).verdict(long).ends_with("after 30s, the client sees 500"));
        assert!(worker("sync", short, Some(false)).verdict(long).ends_with("the client sees 502"));
        assert!(worker("sync", short, None).verdict(long).ends_with("500 (gunicorn 22 and later) or 502 (older)"));
        assert!(worker("gthread", short, None).verdict(long).starts_with("nginx gives up after 120s: the client sees 504"));
        assert!(worker("sync", Limit::Never, None).verdict(long).starts_with("nginx gives up after 120s"));
        assert!(worker("sync", Limit::Unknown, None).verdict(long).starts_with("who gives up first is not known"));
        assert!(worker("", short, None).verdict(long).starts_with("who gives up first is not known"));
    }

    #[test]
    fn what_runs_before_the_signal_takes_of_the_grace_and_quick_signals_leave_nothing() {
        let stop = |before, quick| Stop { graceful: Limit::At(30_000), grace: Limit::At(40_000), before, quick };
        let told = |stop: Stop| stop.verdict().unwrap_or_default();
        assert_eq!(told(stop(None, None)), "at a stop requests may take 30s, longer ones end with 502");
        let killed = "at a stop the launcher kills after 15s behind preStop what gunicorn would finish within 30s: 502";
        assert_eq!(told(stop(Some(Limit::At(25_000)), None)), killed);
        assert_eq!(stop(Some(Limit::Unknown), None).verdict(), None);
        assert!(told(stop(None, Some("SIGQUIT"))).starts_with("at a stop SIGQUIT ends the requests"));
        assert_eq!(stop(None, Some("SIGINT")).rung().limit, Limit::At(0));
    }

    #[test]
    fn the_drawing_stays_within_eighty_columns() {
        let rung = |who, limit, what: &str| Rung { who, limit, what: what.to_owned() };
        let ladder = Ladder {
            request: vec![
                rung("client", Limit::Never, "waits as it likes"),
                rung("nginx", Limit::At(60_000), "proxy_read_timeout"),
                rung("gunicorn", Limit::At(120_000), "timeout (sync)"),
            ],
            stop: vec![
                rung("gunicorn", Limit::Unknown, "graceful_timeout"),
                rung("launcher", Limit::At(5_000), "systemd, then SIGKILL"),
            ],
            verdicts: vec![worker("sync", Limit::At(120_000), None).verdict(Limit::At(60_000))],
        };
        let text = ladder.text();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let nginx = text.lines().find(|line| line.contains("proxy_read_timeout")).unwrap();
        assert_eq!(nginx.matches('=').count(), 21, "half of the axis: {text}");
        assert_eq!(shown(7_200_000), "2h");
    }
}
