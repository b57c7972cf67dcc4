//! Two runs that were asked to read different folders, and share a file: whenever the second comes, one of them wins, and the other says so.

use super::tree::Tree;
use gearmesh::edit::Changed;
use gearmesh::error::Error;
use gearmesh::fix::write::{Disk, Step, write, write_on};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

/// How the second run ended, if it came at all; it comes before a step of the first.
type Second = Option<Result<(), String>>;

fn meet(tree: &Tree, first: &[PathBuf], first_files: &[Changed], second: &[PathBuf], at: usize) -> (bool, Second) {
    let ended: Arc<Mutex<Second>> = Arc::default();
    let (end, count) = (ended.clone(), AtomicUsize::new(0));
    let file = Changed { after: (*b"events {}\n").into(), ..tree.files[1].clone() };
    let second = second.to_vec();
    let disk = Disk::with(Box::new(move |_, _| {
        if count.fetch_add(1, Ordering::Relaxed) == at {
            let written = write(&second, std::slice::from_ref(&file)).map(|_| ()).map_err(|error| match error {
                Error::AtWork { .. } => "at work".to_owned(),
                other => other.excerpt().join(""),
            });
            *end.lock().expect("nobody panics") = Some(written);
        }
        Ok(())
    }));
    let won = match write_on(&disk, first, first_files) {
        Ok(_) => true,
        Err(Error::NotWritten { hindrances }) => {
            assert!(hindrances.iter().all(|hindrance| hindrance.reason.contains("changed since")), "{hindrances:?}");
            false
        }
        Err(other) => panic!("{other}"),
    };
    let ended = ended.lock().expect("nobody panics").take();
    (won, ended)
}

#[test]
fn runs_from_different_folders_see_each_other() {
    let (mut met, mut lost) = (0, 0);
    for swapped in [false, true] {
        for at in (0..4).chain((4..).step_by(5)) {
            let tree = Tree::small();
            let (outer, inner) = (tree.paths(), vec![tree.folder.join("nginx")]);
            let (won, second) = if swapped {
                meet(&tree, &inner, &tree.files[1..2], &outer, at)
            } else {
                meet(&tree, &outer, &tree.files, &inner, at)
            };
            let Some(second) = second else {
                assert!(won);
                break;
            };
            assert_ne!(won, second.is_ok(), "step {at}: {second:?}");
            let text = &tree.now()[&PathBuf::from("nginx/app.conf")];
            assert_eq!(text, if won { &b"server { listen 80; }\n"[..] } else { &b"events {}\n"[..] }, "step {at}");
            let litter: Vec<_> = tree.now().into_keys().filter(|path| path.to_string_lossy().contains("gearmesh-")).collect();
            assert!(litter.is_empty(), "{litter:?}");
            met += usize::from(second == Err("at work".to_owned()));
            lost += usize::from(!won);
        }
    }
    assert!(met > 8 && lost > 0, "{met} {lost}");
}

/// Both have looked whether somebody is at work before either has a journal, and each waits for the other again where it would replace the file.
#[test]
fn runs_that_begin_in_the_same_moment_do_not_both_win() {
    for _ in 0..20 {
        let tree = Tree::small();
        let (outer, inner) = (tree.paths(), vec![tree.folder.join("nginx")]);
        let other_text = [Changed { after: (*b"events {}\n").into(), ..tree.files[1].clone() }];
        let barrier = Arc::new(Barrier::new(2));
        let there: [Arc<AtomicBool>; 2] = [Arc::default(), Arc::default()];
        let run = |own: usize, paths: &[PathBuf], files: &[Changed]| {
            let (barrier, mine, others) = (barrier.clone(), there[own].clone(), there[1 - own].clone());
            let steps = AtomicUsize::new(0);
            let disk = Disk::with(Box::new(move |step, _| {
                if steps.fetch_add(1, Ordering::SeqCst) == 0 {
                    barrier.wait();
                }
                if step == Step::Rename {
                    mine.store(true, Ordering::SeqCst);
                    while !others.load(Ordering::SeqCst) {
                        thread::yield_now();
                    }
                }
                Ok(())
            }));
            let written = write_on(&disk, paths, files).map(|_| ()).map_err(|error| error.to_string());
            there[own].store(true, Ordering::SeqCst);
            written
        };
        let (one, two) = thread::scope(|scope| {
            let one = scope.spawn(|| run(0, &outer, &tree.files[1..2]));
            let two = scope.spawn(|| run(1, &inner, &other_text));
            (one.join().expect("no panic"), two.join().expect("no panic"))
        });
        assert!(one.is_err() || two.is_err(), "one of them is lost");
        let text = tree.now()[&PathBuf::from("nginx/app.conf")].clone();
        let expected: &[u8] = match (&one, &two) {
            (Ok(()), _) => b"server { listen 80; }\n",
            (_, Ok(())) => b"events {}\n",
            _ => b"server {}\n",
        };
        assert_eq!(text, expected, "{one:?} {two:?}");
        assert_eq!(tree.now().len(), 2);
    }
}
