//! A pool of workers that does a list of jobs.
//!
//! In: numbered jobs and what to do with one. Out: what came of each, in any order; nothing of one at which gearmesh itself went wrong.

use crate::bug;
use crate::deep;
use crate::source::DocumentId;

/// So many files are read with large stacks from the start, because some parsers recurse. For fewer, the pages that such a stack begins
/// with take longer than one for each file that needs it.
const MANY: usize = 64;

/// Does all jobs; `doing` says what one is, where it goes wrong.
pub fn run<Job: Sync, Done: Send>(
    jobs: &[(DocumentId, Job)],
    doing: impl Fn(&Job) -> String + Sync,
    work: impl Fn(DocumentId, &Job) -> Done + Sync,
) -> Vec<(DocumentId, Option<Done>)> {
    let workers = num_cpus::get().min(jobs.len().div_ceil(4)).max(1);
    let (doing, work) = (&doing, &work);
    let one = |(id, job): &(DocumentId, Job)| (*id, bug::contained(|| doing(job), || work(*id, job)));
    if workers == 1 {
        // A thread of its own would only have to be waited for.
        return jobs.iter().map(one).collect();
    }
    let (todo, queue) = crossbeam_channel::unbounded();
    let (results, done) = crossbeam_channel::unbounded();
    for job in jobs {
        // The queue lives as long as this function.
        let _ = todo.send(job);
    }
    drop(todo);
    std::thread::scope(|scope| {
        let work = || {
            let (queue, results) = (queue.clone(), results.clone());
            move || {
                while let Ok(job) = queue.recv() {
                    let _ = results.send(one(job));
                }
            }
        };
        if jobs.len() < MANY {
            (0..workers).for_each(|_| drop(scope.spawn(work())));
        } else if (0..workers).filter_map(|_| deep::spawn(scope, work())).count() == 0 {
            work()();
        }
        drop(results);
        done.iter().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_goes_wrong_keeps_no_other_from_being_done() {
        let jobs: Vec<(DocumentId, u32)> = (0..50).map(|number| (DocumentId(number), number)).collect();
        let work = |_, job: &u32| {
            assert!(*job != 17, "on purpose");
            *job
        };
        let mut done = run(&jobs, u32::to_string, work);
        done.sort();
        let expected = (0..50).map(|number| (DocumentId(number), (number != 17).then_some(number)));
        assert_eq!(done, expected.collect::<Vec<_>>());
    }
}
