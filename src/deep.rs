//! Work that may recurse deeply, on a stack that is large enough for it.
//!
//! In: work whose depth an input decides, below a limit of its own. Out: what it makes. A thread with a large stack is started for it, and
//! once one is at work everything below is done right there: a thousand files do not start a thousand threads. Without such a thread
//! nothing is tried, because a stack that overflows ends the program.

use crate::bug;
use std::cell::Cell;
use std::thread::{Builder, Scope, ScopedJoinHandle};

/// Room for 2,000 levels of nesting, of which each takes about 15 kB without optimisation. Only what is used of it takes memory.
const STACK_BYTES: usize = 64 << 20;

thread_local! {
    static IS_DEEP: Cell<bool> = const { Cell::new(false) };
}

/// Does the work on a large stack: this thread's, or that of a thread which is waited for. None when no such thread can be started.
pub fn run<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    if IS_DEEP.get() {
        return Some(work());
    }
    std::thread::scope(|scope| Some(bug::of_thread(spawn(scope, work)?.join())))
}

/// Starts a thread with a large stack. None when the system has no room for it.
pub fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Option<ScopedJoinHandle<'scope, T>> {
    let deep = || {
        IS_DEEP.set(true);
        work()
    };
    Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, deep).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::{self, ThreadId};

    fn here() -> ThreadId {
        thread::current().id()
    }

    #[test]
    fn what_is_deep_already_stays_where_it_is() {
        let (outer, inner) = run(|| (here(), run(here))).unwrap();
        assert!(outer != here() && inner == Some(outer));
    }

    #[test]
    fn deep_work_has_room() {
        fn down(levels: usize) -> usize {
            let room = std::hint::black_box([levels; 1024]);
            if levels == 0 { 0 } else { down(levels - 1) + room[0].min(1) }
        }
        // 16 MB and more, which no other thread has.
        assert_eq!(run(|| down(2000)), Some(2000));
    }
}
