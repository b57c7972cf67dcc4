//! Holds back signals that would end the program while files are written. One that comes meanwhile acts when the writing is over,
//! whether it was finished or undone.
//!
//! A program that is killed, and a machine that stops, leave a journal; signals that can be caught leave nothing.

#[cfg(unix)]
mod unix {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::{flag, low_level};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, LazyLock};

    #[derive(Default)]
    struct Signals {
        /// How many hold signals back.
        holders: AtomicUsize,
        /// Nobody does, and signals act as ever.
        idle: Arc<AtomicBool>,
        /// The number of the last one that came; 0 is none.
        caught: Arc<AtomicUsize>,
    }

    static SIGNALS: LazyLock<Signals> = LazyLock::new(|| {
        let signals = Signals::default();
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            // Where they cannot be held back they end the program, and the next run ends what this one began.
            let _ = flag::register_conditional_default(signal, signals.idle.clone());
            let _ = flag::register_usize(signal, signals.caught.clone(), signal.unsigned_abs() as usize);
        }
        signals
    });

    pub fn hold() {
        SIGNALS.holders.fetch_add(1, Ordering::SeqCst);
        SIGNALS.idle.store(false, Ordering::SeqCst);
    }

    pub fn caught() -> bool {
        SIGNALS.caught.load(Ordering::SeqCst) != 0
    }

    pub fn release() {
        if SIGNALS.holders.fetch_sub(1, Ordering::SeqCst) > 1 {
            return;
        }
        SIGNALS.idle.store(true, Ordering::SeqCst);
        let signal = SIGNALS.caught.swap(0, Ordering::SeqCst);
        if let Some(signal) = i32::try_from(signal).ok().filter(|signal| *signal != 0) {
            // It ends the program; there is nothing to do where it does not.
            let _ = low_level::emulate_default_handler(signal);
        }
    }
}

#[cfg(not(unix))]
mod unix {
    pub fn hold() {}
    pub fn caught() -> bool {
        false
    }
    pub fn release() {}
}

/// As long as it lives, hang-up, interrupt and termination wait.
#[derive(Debug)]
pub struct Held {
    /// One was waiting already, and whoever held it back knows: what is begun now is begun in spite of it, as putting files back is.
    knew: bool,
}

impl Held {
    pub fn new() -> Held {
        unix::hold();
        Held { knew: unix::caught() }
    }

    /// Whether one came since.
    pub fn is_wanted_to_end(&self) -> bool {
        !self.knew && unix::caught()
    }
}

impl Default for Held {
    fn default() -> Held {
        Held::new()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        unix::release();
    }
}
