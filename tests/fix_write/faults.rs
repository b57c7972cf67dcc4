//! Every step on the disk fails once, or the machine stops before it: the tree is wholly old or wholly new, at the latest after the
//! next run, and nothing lies about.

use super::tree::Tree;
use crate::support::dice::Dice;
use gearmesh::error::Error;
use gearmesh::fix::write::{Disk, Ended, Step, recover, recover_on, write_on};
use std::collections::BTreeSet;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A disk on which `fails` says by number which steps fail, and how many steps were asked for.
fn faulty(fails: impl Fn(usize) -> bool + 'static, with: io::ErrorKind) -> (Disk, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let before = move |_: Step, _: &std::path::Path| {
        if fails(counted.fetch_add(1, Ordering::Relaxed)) { Err(io::Error::from(with)) } else { Ok(()) }
    };
    (Disk::with(Box::new(before)), count)
}

fn is_old(tree: &Tree) -> bool {
    tree.now() == tree.old() && tree.empty_folders().is_empty()
}

#[test]
fn each_step_that_fails_once_leaves_all_or_nothing() {
    let mut seen = BTreeSet::new();
    for failing in 0.. {
        let tree = Tree::small();
        let (disk, count) = faulty(move |step| step == failing, io::ErrorKind::StorageFull);
        let written = write_on(&disk, &tree.paths(), &tree.files);
        if count.load(Ordering::Relaxed) <= failing {
            assert!(written.is_ok() && tree.now() == tree.all_new());
            break;
        }
        match written {
            // Only the end of the journal may have failed, after everything was done.
            Ok(_) => {
                recover(&tree.paths()).expect("nothing is left to do");
                assert_eq!(tree.now(), tree.all_new(), "step {failing}");
                seen.insert("written");
            }
            Err(Error::NotWritten { hindrances }) => {
                assert!(hindrances.iter().all(|hindrance| hindrance.reason.contains("no storage space")), "{hindrances:?}");
                recover(&tree.paths()).expect("nothing is left to do");
                assert!(is_old(&tree), "step {failing}: {:?}", tree.now().keys());
                seen.insert("not written");
            }
            Err(Error::Unfinished { .. }) => {
                let found = recover(&tree.paths()).expect("the second time goes well");
                assert_eq!(found.len(), 1, "step {failing}");
                assert!(is_old(&tree) || tree.now() == tree.all_new(), "step {failing}: {:?}", tree.now().keys());
                seen.insert("unfinished");
            }
            Err(other) => panic!("step {failing}: {other}"),
        }
    }
    assert_eq!(seen, BTreeSet::from(["written", "not written", "unfinished"]));
}

#[test]
fn a_step_that_fails_leaves_no_litter_of_its_own() {
    let mut without = 0;
    for failing in 0.. {
        let tree = Tree::small();
        let (disk, count) = faulty(move |step| step == failing, io::ErrorKind::StorageFull);
        let written = write_on(&disk, &tree.paths(), &tree.files);
        if count.load(Ordering::Relaxed) <= failing {
            break;
        }
        if matches!(written, Err(Error::NotWritten { .. })) && is_old(&tree) {
            without += 1;
        }
    }
    assert!(without > 25, "{without}");
}

#[test]
fn wherever_gearmesh_itself_goes_wrong_all_is_old_or_all_is_new() {
    let mut seen = BTreeSet::new();
    for wrong in 0.. {
        let tree = Tree::small();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let disk = Disk::with(Box::new(move |step, path| {
            assert!(counted.fetch_add(1, Ordering::Relaxed) != wrong, "on purpose, {step:?} of {}", path.display());
            Ok(())
        }));
        let written = std::panic::catch_unwind(AssertUnwindSafe(|| write_on(&disk, &tree.paths(), &tree.files)));
        if count.load(Ordering::Relaxed) <= wrong {
            break;
        }
        let now = tree.now();
        match written {
            Ok(Ok(_)) => assert_eq!(now, tree.all_new(), "step {wrong}"),
            Ok(Err(Error::NotWritten { .. })) => assert!(is_old(&tree), "step {wrong}: {:?}", now.keys()),
            Ok(Err(other)) => panic!("step {wrong}: {other}"),
            // Before anything was begun, or when the journal is taken away, after everything was done.
            Err(_) => _ = recover(&tree.paths()).expect("there is little to do"),
        }
        assert!(is_old(&tree) || tree.now() == tree.all_new(), "step {wrong}: {:?}", tree.now().keys());
        seen.insert(tree.now() == tree.all_new());
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
}

/// A machine that stops: no step is done any more.
fn stopped_at(tree: &Tree, step: usize) -> bool {
    let (disk, count) = faulty(move |at| at >= step, io::ErrorKind::BrokenPipe);
    let _ = write_on(&disk, &tree.paths(), &tree.files);
    count.load(Ordering::Relaxed) > step
}

#[test]
fn wherever_the_machine_stops_the_next_run_ends_it_even_if_it_stops_again() {
    let (mut undone, mut completed, mut twice) = (0, 0, 0);
    for step in 0.. {
        let tree = Tree::small();
        if !stopped_at(&tree, step) {
            break;
        }
        // Every second pair: there are many, and each waits for the disk.
        for again in (step % 2..).step_by(2) {
            let tree = Tree::small();
            stopped_at(&tree, step);
            let (disk, count) = faulty(move |at| at >= again, io::ErrorKind::BrokenPipe);
            let first = recover_on(&disk, &tree.paths());
            let stopped = count.load(Ordering::Relaxed) > again;
            let half = tree.now();
            let found = if stopped { recover(&tree.paths()).expect("now it goes well") } else { first.expect("it goes well") };
            assert!(is_old(&tree) || tree.now() == tree.all_new(), "{step}, {again}: {:?}", tree.now().keys());
            match found.first().map(|found| found.ended) {
                Some(Ended::Undone(3)) => undone += usize::from(is_old(&tree)),
                Some(Ended::Completed(3)) => completed += usize::from(tree.now() == tree.all_new()),
                None => assert!(half == tree.now() || tree.old().len() + 1 == half.len() || half.len() == 4),
                Some(other) => panic!("{step}, {again}: {other:?}"),
            }
            if !stopped {
                break;
            }
            twice += 1;
        }
    }
    eprintln!("stopped twice {twice} times; undone {undone}, completed {completed}");
    assert!(undone > 50 && completed > 50 && twice > 100, "{undone} {completed} {twice}");
}

#[test]
fn where_names_cannot_be_added_old_texts_are_copied() {
    for step in 0.. {
        let tree = Tree::small();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let disk = Disk::with(Box::new(move |kind, _| {
            let at = counted.fetch_add(1, Ordering::Relaxed);
            let renaming_fails = kind == Step::Rename && at >= step;
            if kind == Step::Link || renaming_fails { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
        }));
        let written = write_on(&disk, &tree.paths(), &tree.files);
        if written.is_ok() {
            assert_eq!(tree.now(), tree.all_new());
            assert!(step > 0);
            break;
        }
        recover(&tree.paths()).expect("the disk is well again");
        assert!(is_old(&tree) || tree.now() == tree.all_new(), "{step}: {:?}", tree.now().keys());
    }
}

/// A disk on which about one step in eight fails.
fn bad(seed: u64) -> Disk {
    let dice = std::sync::Mutex::new(Dice(seed));
    let fails = move || dice.lock().expect("nobody panics").below(8) == 0;
    Disk::with(Box::new(move |_, _| if fails() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }))
}

#[test]
fn on_a_disk_that_fails_again_and_again_nothing_is_half_written_in_the_end() {
    let mut ends = BTreeSet::new();
    for seed in 0..400 {
        let tree = Tree::small();
        let state = || match tree.now() {
            now if tree.old().iter().all(|(path, text)| now.get(path) == Some(text)) && !tree.files[2].path.exists() => "old",
            now if tree.all_new().iter().all(|(path, text)| now.get(path) == Some(text)) => "new",
            _ => "mixed",
        };
        let written = write_on(&bad(seed), &tree.paths(), &tree.files);
        let after = state();
        match &written {
            Ok(_) => assert_eq!(after, "new", "{seed}"),
            Err(Error::NotWritten { .. }) => assert_eq!(after, "old", "{seed}"),
            Err(_) => {}
        }
        for again in 0..3 {
            let _ = recover_on(&bad(seed * 7919 + again), &tree.paths());
        }
        recover(&tree.paths()).expect("the disk is well again");
        assert!(is_old(&tree) || tree.now() == tree.all_new(), "{seed}: {:?}", tree.now().keys());
        assert!(after == "mixed" || after == state(), "{seed}: it was {after}, and is {} now", state());
        ends.insert((after, written.is_ok(), state()));
    }
    eprintln!("{ends:?}");
    assert!(ends.iter().any(|(after, ..)| *after == "mixed"), "{ends:?}");
}
