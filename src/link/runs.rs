//! Making many things that do not depend on each other, on all processors.
//!
//! In: a list and what makes things of a run of it. Out: the things in the order of the list, whatever the number of threads.

use crate::bug;

/// A list shorter than this is done before a thread has started.
const SHORT: usize = 4096;

/// What is made of all runs of a list, in its order.
pub fn in_runs<T: Sync, M: Send>(list: &[T], make: impl Fn(&[T]) -> Vec<M> + Sync) -> Vec<M> {
    let threads = num_cpus::get();
    if list.len() < SHORT || threads < 2 {
        return make(list);
    }
    let make = &make;
    std::thread::scope(|scope| {
        let runs = list.chunks(list.len().div_ceil(threads));
        let threads: Vec<_> = runs.map(|run| scope.spawn(move || make(run))).collect();
        let mut made = Vec::with_capacity(list.len());
        for thread in threads {
            made.extend(bug::of_thread(thread.join()));
        }
        made
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_in_the_order_of_the_list() {
        for length in [0, 1, SHORT - 1, SHORT, 3 * SHORT + 1] {
            let list: Vec<usize> = (0..length).collect();
            let made = in_runs(&list, |run| run.iter().filter(|number| **number % 3 > 0).map(|number| number * 2).collect());
            let expected: Vec<usize> = list.iter().filter(|number| **number % 3 > 0).map(|number| number * 2).collect();
            assert_eq!(made, expected);
        }
    }
}
