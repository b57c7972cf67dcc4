//! The conversation of `gearmesh tune`: group by group what is now, what is recommended and why; what is chosen in the end.
//!
//! In: proposals and whoever answers. Out: the changes that were chosen, or none when the person went away. It writes nothing and runs
//! nothing, so it can be left at any question.

use super::Proposal;
use super::view::Item;
use crate::edit::Change;
use crate::report::untrusted::line;
use crate::value::{Duration, Known, Size};
use crate::vocabulary::time;
use std::fmt::Write as _;

/// Whoever is talked to. None from any of these: nobody is there any more.
pub trait Person {
    fn show(&mut self, text: &str) -> Option<()>;
    /// A line, without blanks around it.
    fn enter(&mut self, question: &str) -> Option<String>;

    /// Asks until the answer is one of the words, each with its letter in brackets ("[y]es", "e[x]plain"): the letter, or the word's
    /// beginning.
    fn ask(&mut self, question: &str, words: &[&str]) -> Option<String> {
        loop {
            let answer = self.enter(&format!("{question} {}: ", words.join(", ")))?.to_ascii_lowercase();
            let plain = |word: &&str| word.replace(['[', ']'], "");
            let is_meant = |word: &&&str| word.contains(&format!("[{answer}]")) || plain(word).starts_with(&answer);
            if let Some(word) = words.iter().find(is_meant).filter(|_| !answer.is_empty()) {
                return Some(plain(word));
            }
            let letters: Vec<&str> = words.iter().filter_map(|word| word.split(['[', ']']).nth(1)).collect();
            self.show(&format!("`{}` is none of {}\n", line(&answer), letters.join(", ")))?;
        }
    }
}

/// Talks all proposals over. None when the person quits or goes away.
pub fn talk(proposals: &[Proposal], person: &mut dyn Person) -> Option<Vec<Change>> {
    let mut chosen = Vec::new();
    for group in proposals.chunk_by(|left, right| (&left.app, &left.group) == (&right.app, &right.group)) {
        let (plain, asked): (Vec<&Proposal>, Vec<&Proposal>) =
            group.iter().partition(|proposal| proposal.item.needs_yes.is_none());
        chosen.extend(together(&plain, person)?);
        for proposal in asked {
            chosen.extend(together(&[proposal], person)?);
        }
    }
    Some(chosen)
}

fn together(group: &[&Proposal], person: &mut dyn Person) -> Option<Vec<Change>> {
    let Some(first) = group.first() else { return Some(Vec::new()) };
    let items: Vec<&Item> = group.iter().map(|proposal| &proposal.item).collect();
    person.show(&format!("\napp {}: {}\n{}", line(&first.app), line(&first.group), table(&items)))?;
    for why in items.iter().filter_map(|item| item.why.first()) {
        person.show(&format!("  {}\n", line(why)))?;
    }
    loop {
        let words = ["[y]es", "[n]o", "[e]dit", "e[x]plain", "[q]uit"];
        let question =
            first.item.needs_yes.as_ref().map_or_else(|| "take this?".to_owned(), |what| format!("{}; take this?", line(what)));
        match person.ask(&question, &words)?.as_str() {
            "yes" => return Some(group.iter().flat_map(|proposal| proposal.changes.clone()).collect()),
            "no" => return Some(Vec::new()),
            "edit" => return edited(group, person),
            "explain" => person.show(&items.iter().map(|item| explained(item)).collect::<String>())?,
            _ => return None,
        }
    }
}

/// Asks for each value; an empty line takes what is recommended, a dash leaves the setting as it is.
fn edited(group: &[&Proposal], person: &mut dyn Person) -> Option<Vec<Change>> {
    let mut chosen = Vec::new();
    for proposal in group {
        let item = &proposal.item;
        let Some((change, also)) = proposal.changes.split_first() else { continue };
        let question = format!(
            "  {} [{}], empty for that, - to leave {}: ",
            line(&item.setting),
            line(&item.recommended),
            line(&item.current)
        );
        loop {
            let answer = person.enter(&question)?;
            match answer.as_str() {
                "" => chosen.extend(proposal.changes.iter().cloned()),
                "-" => {}
                text => match change.to.as_ref().and_then(|like| entered(text, like)) {
                    Some(Known::Integer(to)) if proposal.range.is_some_and(|(least, most)| to < least || to > most) => {
                        let (least, most) = proposal.range.unwrap_or_default();
                        let most = if most == i64::MAX { "on".to_owned() } else { format!("to {most}") };
                        person.show(&format!("  {to} makes no sense here: from {least} {most}\n"))?;
                        continue;
                    }
                    Some(to) => {
                        chosen.push(Change { to: Some(to), ..change.clone() });
                        chosen.extend(also.iter().cloned());
                    }
                    None => {
                        let like = change.to.as_ref().map_or("a value", kind);
                        person.show(&format!("  `{}` is not {like}\n", line(text)))?;
                        continue;
                    }
                },
            }
            break;
        }
    }
    Some(chosen)
}

/// What somebody entered, as a value of the same kind; none when it is not one. Durations without a unit are seconds.
fn entered(text: &str, like: &Known) -> Option<Known> {
    match like {
        Known::Integer(_) => text.parse().ok().filter(|number: &i64| *number >= 0).map(Known::Integer),
        Known::Duration(_) => {
            let seconds = text.parse::<i64>().ok().map(Duration::seconds).or_else(|| time::systemd_time(text))?;
            // Written anew, in the terms of the file it goes into.
            (seconds.milliseconds >= 0).then(|| Known::Duration(Duration::milliseconds(seconds.milliseconds)))
        }
        Known::Size(_) => {
            let size = time::nginx_offset(&text.replace("iB", ""))?;
            Some(Known::Size(Size { written: "".into(), ..size }))
        }
        Known::Boolean(_) => match text {
            "true" | "yes" | "on" => Some(Known::Boolean(true)),
            "false" | "no" | "off" => Some(Known::Boolean(false)),
            _ => None,
        },
        Known::Text(_) => (!text.chars().any(|c| c.is_whitespace() || c.is_control())).then(|| Known::Text(text.into())),
        _ => None,
    }
}

fn kind(like: &Known) -> &'static str {
    match like {
        Known::Integer(_) => "a whole number of at least 0",
        Known::Duration(_) => "a time: 65, 65s or 2min",
        Known::Size(_) => "a size: 512M or 2G",
        Known::Boolean(_) => "yes or no",
        Known::Text(_) => "a word",
        _ => "a value that can be entered here",
    }
}

/// Setting, now, recommended; within 80 columns where names and values allow.
pub fn table(items: &[&Item]) -> String {
    let rows: Vec<[String; 3]> = items
        .iter()
        .map(|item| [line(&item.setting), format!("{} ({})", line(&item.current), line(&item.origin)), line(&item.recommended)])
        .collect();
    let heads = ["setting", "now", "recommended"].map(str::to_owned);
    let width = |at: usize| rows.iter().chain([&heads]).filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let (first, second) = (width(0).unwrap_or_default(), width(1).unwrap_or_default());
    let mut text = String::new();
    for [setting, now, recommended] in std::iter::once(&heads).chain(&rows) {
        let _ = writeln!(text, "  {setting:first$}  {now:second$}  {recommended}");
    }
    text
}

/// Everything that is behind an item.
pub fn explained(item: &Item) -> String {
    let mut text = format!("  {} -> {}\n", line(&item.setting), line(&item.recommended));
    for why in &item.why {
        let _ = writeln!(text, "    {}", line(why));
    }
    for also in &item.also {
        let _ = writeln!(text, "    together with {}", line(also));
    }
    if let Some(what) = &item.needs_yes {
        let _ = writeln!(text, "    only with a yes: {}", line(what));
    }
    for evidence in &item.evidence {
        let _ = writeln!(text, "    from {}", line(evidence));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Operation;
    use crate::model::Subject;
    use crate::value::Origin;
    use std::collections::VecDeque;

    /// Answers from a list, and remembers what was shown.
    struct Scripted {
        answers: VecDeque<&'static str>,
        seen: String,
    }

    impl Person for Scripted {
        fn show(&mut self, text: &str) -> Option<()> {
            self.seen.push_str(text);
            Some(())
        }

        fn enter(&mut self, question: &str) -> Option<String> {
            self.seen.push_str(question);
            self.answers.pop_front().map(str::to_owned)
        }
    }

    fn proposal(group: &str, setting: &str, to: Known) -> Proposal {
        let item = Item {
            setting: setting.to_owned(),
            current: "30s".to_owned(),
            origin: "by default".to_owned(),
            recommended: to.to_string(),
            why: vec!["the slowest request took 28 s".to_owned(), "times 1.5".to_owned()],
            needs_yes: (setting == "workers").then(|| "this goes beyond what is usual".to_owned()),
            ..Item::default()
        };
        let change = Change {
            operation: Operation::Set,
            subject: Subject(0),
            title: "app shop".to_owned(),
            setting: format!("app.{setting}"),
            to: Some(to),
            origin: Origin::Default { source: "gunicorn".into() },
        };
        Proposal {
            app: "shop".to_owned(),
            group: group.to_owned(),
            item,
            range: (setting == "workers").then_some((1, 64)),
            changes: vec![change],
        }
    }

    fn talked(answers: &[&'static str]) -> (Option<Vec<String>>, String) {
        let seconds = |seconds| Known::Duration(Duration::seconds(seconds));
        let proposals = [
            proposal("timeouts", "timeout", seconds(45)),
            proposal("timeouts", "graceful_timeout", seconds(40)),
            proposal("capacity", "workers", Known::Integer(4)),
        ];
        let mut person = Scripted { answers: answers.iter().copied().collect(), seen: String::new() };
        let chosen = talk(&proposals, &mut person);
        (chosen.map(|all| all.iter().map(Change::to_string).collect()), person.seen)
    }

    #[test]
    fn yes_takes_a_group_and_what_is_unusual_is_asked_for_alone() {
        let (chosen, seen) = talked(&["y", "no"]);
        assert_eq!(chosen.unwrap(), ["set app.timeout to 45s", "set app.graceful_timeout to 40s"]);
        assert!(seen.contains("beyond what is usual"));
    }

    #[test]
    fn values_can_be_entered_and_left() {
        let (chosen, seen) = talked(&["edit", "soon", "2min", "-", "e", ""]);
        assert_eq!(chosen.unwrap(), ["set app.timeout to 120s", "set app.workers to 4"]);
        assert!(seen.contains("`soon` is not a time"));
    }

    #[test]
    fn more_workers_than_the_memory_carries_are_refused() {
        let (chosen, seen) = talked(&["n", "e", "4700000", "0", "64"]);
        assert_eq!(chosen.unwrap(), ["set app.workers to 64"]);
        assert_eq!(seen.matches("from 1 to 64").count(), 2);
    }

    #[test]
    fn explain_shows_what_is_behind_and_asks_again() {
        let (chosen, seen) = talked(&["x", "maybe", "n", "n"]);
        assert_eq!(chosen.unwrap(), Vec::<String>::new());
        assert!(seen.contains("times 1.5") && seen.contains("`maybe` is none of y, n, e, x, q"));
    }

    #[test]
    fn whoever_quits_or_goes_away_has_chosen_nothing() {
        assert_eq!(talked(&["y", "q"]).0, None);
        assert_eq!(talked(&["y"]).0, None);
    }
}
