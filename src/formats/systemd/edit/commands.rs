//! Commands of a unit: one is replaced, a second one takes the place of the first, the signal of a kill becomes another.
//!
//! In: the assignment of a command and an order. Out: edits. A command is written as it comes, in systemd's own words and quotes.

use super::super::Assignment;
use super::super::command::{Command, commands};
use super::super::words::words;
use super::layout::File;
use super::{printed, text_of};
use crate::edit::{Edit, Order, Refusal};
use crate::source::Span;
use crate::value::{Known, Value};

const SIGNALS: [&str; 15] =
    ["HUP", "TERM", "QUIT", "INT", "USR1", "USR2", "KILL", "WINCH", "TTIN", "TTOU", "1", "2", "3", "9", "15"];

/// A command line as it is written. A percent sign stands for itself.
pub fn printed(to: &Known) -> Result<String, Refusal> {
    let text = printed::without_specifiers(&to.to_string());
    printed::one_line(&text)?;
    Ok(text)
}

/// Makes a command the only one.
pub fn set(file: &File<'_>, found: &Assignment, order: &Order, text: &str) -> Result<Vec<Edit>, Refusal> {
    let all = match &order.was {
        Some(Known::List(items)) => items.iter().map(|item| &item.value).collect(),
        _ => Vec::new(),
    };
    let wanted = text_of(order)?;
    let is_it = |value: &&Value| value.to_string() == wanted;
    match all.as_slice() {
        [.., last] if all.len() > 1 && is_it(last) && commands(&found.value).list.len() > 1 => {
            Err(Refusal::new("several commands stand on one line"))
        }
        [.., last] if all.len() > 1 && is_it(last) => Ok(vec![file.insert_above(found, &format!("{}=", found.key))]),
        [_, _, ..] => Err(Refusal::new("there are several commands")),
        _ => replace(file, found, order.place.span(), text),
    }
}

/// Replaces a command; that its failure does not matter, or that it runs with other rights, stays.
fn replace(file: &File<'_>, found: &Assignment, span: Span, text: &str) -> Result<Vec<Edit>, Refusal> {
    let read = commands(&found.value).list;
    let one = |command: &&Command| command.span == span || read.len() == 1;
    let old = read.iter().find(one).ok_or_else(|| Refusal::new("several commands stand on one line"))?;
    let prefixes = old.prefixes.replace('@', "");
    Ok(vec![file.replace(old.span, format!("{prefixes}{text}"))?])
}

/// Makes the kill of an `ExecStop=` send another signal.
pub fn set_signal(file: &File<'_>, found: &Assignment, order: &Order) -> Result<Vec<Edit>, Refusal> {
    let wanted = text_of(order)?;
    let name = wanted.strip_prefix("SIG").unwrap_or(&wanted);
    let none = || Refusal::new("which signal its command sends is not plain");
    let read = words(&found.value).list;
    let behind_kill =
        read.iter().skip_while(|word| !word.text.text.ends_with("kill") && !word.text.text.ends_with("killall")).skip(1);
    for word in behind_kill {
        let text = word.text.text.as_str();
        let start = text.len() - text.trim_start_matches("--signal=").trim_start_matches('-').len();
        let inner = text.get(start..).unwrap_or_default();
        let bare = inner.strip_prefix("SIG").unwrap_or(inner);
        if !SIGNALS.contains(&bare) {
            continue;
        }
        let keeps_sig = if inner.len() > bare.len() { "SIG" } else { "" };
        let span = word.text.span_of(start, text.len());
        return Ok(vec![file.replace(span, format!("{keeps_sig}{name}"))?]);
    }
    Err(none())
}
