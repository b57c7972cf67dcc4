//! When gearmesh itself is wrong: a panic is told with where it came from and what was at work, and the run ends with status 2.
//!
//! In: work that may panic. Out: what it makes, or nothing when it panicked, and the rest of the run goes on without it. Costs nothing
//! while nothing panics. A panic unwinds here, because what aborts could neither say which file it was nor put files back; what a
//! panic says of a user's text is left out.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static SEEN: AtomicBool = AtomicBool::new(false);
static TELL: OnceLock<fn(&str)> = OnceLock::new();

/// What the end of `std::thread::scope` says of a thread that panicked, which has said so itself.
const OF_ANOTHER: &str = "a scoped thread panicked";

/// From now on panics of this process are told a line at a time to `tell`, which must not panic. The first caller's counts.
pub fn watch(tell: fn(&str)) {
    if TELL.set(tell).is_ok() {
        panic::set_hook(Box::new(hook));
    }
}

/// Whether anything of this process panicked since [`watch`], on any thread.
pub fn seen() -> bool {
    SEEN.load(Ordering::SeqCst)
}

/// Does the work. None when it panics; `doing` then says what it was: "/etc/nginx/nginx.conf was read".
pub fn contained<T>(doing: impl FnOnce() -> String, work: impl FnOnce() -> T) -> Option<T> {
    let done = panic::catch_unwind(AssertUnwindSafe(work)).ok();
    if let (None, Some(tell)) = (&done, TELL.get()) {
        tell(&format!("it happened while {}", doing()));
    }
    done
}

/// What another thread made; when it panicked, so does this one, which knows what it was about. It is told once.
pub fn of_thread<T>(joined: Result<T, Box<dyn Any + Send>>) -> T {
    joined.unwrap_or_else(|payload| panic::resume_unwind(payload))
}

fn hook(info: &PanicHookInfo<'_>) {
    let message = message(info.payload());
    if SEEN.swap(true, Ordering::SeqCst) && message == OF_ANOTHER {
        return;
    }
    let Some(tell) = TELL.get() else { return };
    let place = info.location().map(|at| format!(" at {}:{}:{}", at.file(), at.line(), at.column())).unwrap_or_default();
    tell(&format!("internal error{place}: {message}"));
    // With RUST_BACKTRACE=1; a release has no names to show.
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        trace.to_string().lines().for_each(tell);
    }
}

/// What a panic says, as far as it is our own text: the library quotes the text that it could not cut, after a backtick.
fn message(payload: &(dyn Any + Send)) -> &str {
    let made =
        || payload.downcast_ref::<String>().map(|text| text.split_once('`').map_or(text.as_str(), |(ours, _)| ours.trim_end()));
    payload.downcast_ref::<&str>().copied().or_else(made).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(work: impl FnOnce() + Send + 'static) -> String {
        let payload = std::thread::spawn(work).join().unwrap_err();
        message(&*payload).to_owned()
    }

    #[test]
    fn what_a_panic_quotes_of_a_text_is_not_repeated() {
        let text = std::hint::black_box("pässword".to_owned());
        let said = of(move || drop(text[..2].to_owned()));
        assert!(said.contains("boundary") && !said.contains("ssword"), "{said}");
        assert_eq!(of(|| panic!("as it is: `x`")), "as it is: `x`");
        let length = std::hint::black_box(3);
        assert_eq!(of(move || _ = vec![0; length][7]), "index out of bounds: the len is 3 but the index is 7");
    }

    #[test]
    fn what_panics_makes_nothing_and_the_rest_goes_on() {
        assert_eq!(contained(|| "it was tried".to_owned(), || panic!("on purpose")), None::<()>);
        assert_eq!(contained(|| "it was tried".to_owned(), || 7), Some(7));
    }
}
