//! Layouts of units that people write, and what becomes of them.

use super::*;
use crate::edit::{Tongue, apply};
use crate::source::DocumentId;
use crate::value::{Duration, Item, Origin};

/// An order about the text that a needle marks.
fn order(document: &Document, operation: Operation, kind: Kind, name: &str, needle: &str, to: Option<Known>) -> Order {
    let text = document.as_text();
    let at = text.find(needle).unwrap_or_else(|| panic!("{needle:?} is not in {text:?}"));
    let span = document.span(at, at + needle.len());
    let place = if needle.starts_with('[') && kind != Kind::Oddity { Place::Home(span) } else { Place::Written(span) };
    Order { operation, tongue: Tongue::Own, kind, name: name.into(), place, was: None, to }
}

fn made_of(text: &str, make: impl Fn(&Document) -> Order) -> Result<String, String> {
    let document = Document::new(DocumentId(0), "a.service", text.as_bytes());
    let edits = edit(&document, &make(&document)).map_err(|refused| refused.0)?;
    Ok(String::from_utf8(apply(&document.bytes, &edits).expect("edits do not overlap")).expect("text"))
}

fn text(text: &str) -> Option<Known> {
    Some(Known::Text(text.into()))
}

fn seconds(seconds: i64) -> Option<Known> {
    Some(Known::Duration(Duration::seconds(seconds)))
}

/// Sets a setting of a service.
fn set(unit: &str, name: &str, needle: &str, to: Option<Known>) -> Result<String, String> {
    made_of(unit, |document| order(document, Operation::Set, Kind::Service, name, needle, to.clone()))
}

fn launcher(unit: &str, name: &str, needle: &str, to: Option<Known>) -> Result<String, String> {
    made_of(unit, |document| order(document, Operation::Set, Kind::Launcher, name, needle, to.clone()))
}

/// Does what an oddity asks for.
fn odd(unit: &str, kind: &str, needle: &str, to: &str) -> Result<String, String> {
    made_of(unit, |document| order(document, Operation::Set, Kind::Oddity, kind, needle, text(to)))
}

fn ok(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

#[test]
fn a_section_ends_before_an_indented_header() {
    let unit = "[Service]\nType=notify\n\n  [Install]\nWantedBy=multi-user.target\n";
    let expected = "[Service]\nType=notify\nTimeoutStopSec=125s\n\n  [Install]\nWantedBy=multi-user.target\n";
    assert_eq!(launcher(unit, "stop_grace", "[Service]", seconds(125)), ok(expected));
    let bare = "[Service]\n  [Install]\n";
    assert_eq!(launcher(bare, "stop_grace", "[Service]", seconds(5)), ok("[Service]\nTimeoutStopSec=5s\n  [Install]\n"));
}

#[test]
fn a_file_with_a_nul_byte_is_left_alone() {
    let unit = "[Service]\nType=notify\nUser=shop\0[Install]\nWantedBy=multi-user.target\n";
    let refused = Err("the file holds a NUL byte".to_owned());
    assert_eq!(launcher(unit, "stop_grace", "[Service]", seconds(125)), refused);
    assert_eq!(set(unit, "Type", "Type", text("exec")), refused);
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    let unit = "\u{feff}[Service]\r\n\t KillMode \t=  process  \r\nType=x\\\r\n y\r\n";
    let expected = "\u{feff}[Service]\r\n\t KillMode \t=  mixed  \r\nType=x\\\r\n y\r\n";
    assert_eq!(set(unit, "KillMode", "KillMode", text("mixed")), ok(expected));
    assert_eq!(
        set(unit, "Type", "Type", text("notify")),
        ok("\u{feff}[Service]\r\n\t KillMode \t=  process  \r\nType=notify\r\n")
    );
    assert_eq!(set("[Service]\nKillMode=", "KillMode", "KillMode", text("mixed")), ok("[Service]\nKillMode=mixed"));
    assert_eq!(
        launcher("[Service]\nTimeoutStopSec=90", "stop_grace", "TimeoutStopSec", seconds(125)),
        ok("[Service]\nTimeoutStopSec=125")
    );
    assert_eq!(
        launcher("[Service]\nTimeoutStopSec=1min", "stop_grace", "TimeoutStopSec", seconds(125)),
        ok("[Service]\nTimeoutStopSec=125s")
    );
    assert!(set("[Service]\nKillMode=a \\\n# why\n b", "KillMode", "KillMode", text("mixed")).is_err());
}

#[test]
fn a_new_key_goes_to_the_end_of_its_section() {
    let unit = "[Unit]\nA=1\n\n[Service]\n  ExecStart = /a \\\n# c\n   --b\n# Restart=no\n\n[Install]\nWantedBy=x.target\n";
    let expected = "[Unit]\nA=1\n\n[Service]\n  ExecStart = /a \\\n# c\n   --b\n  Restart = on-failure\n# Restart=no\n\n[Install]\nWantedBy=x.target\n";
    assert_eq!(set(unit, "Restart", "[Service]", text("on-failure")), ok(expected));
    assert_eq!(set("[Service]\n", "Restart", "[Service]", text("always")), ok("[Service]\nRestart=always\n"));
    assert_eq!(set("[Service]", "Restart", "[Service]", text("always")), ok("[Service]\nRestart=always"));
    assert_eq!(
        set("[Service]\nA=1\n[Unit]\n[Service]\nB=1\n", "User", "[Service]", text("a")),
        ok("[Service]\nA=1\n[Unit]\n[Service]\nB=1\nUser=a\n")
    );
    assert!(set("[Service]\nA=1 \\\n", "User", "[Service]", text("a")).is_err());
}

#[test]
fn a_section_is_made_where_it_is_missing() {
    let wanted = || text("multi-user.target");
    for (unit, expected) in [
        ("[Service]\nA=1\n", "[Service]\nA=1\n\n[Install]\nWantedBy=multi-user.target\n"),
        ("[Service]\r\nA=1\r\n\r\n", "[Service]\r\nA=1\r\n\r\n[Install]\r\nWantedBy=multi-user.target\r\n"),
        ("[Service]\nA=1", "[Service]\nA=1\n\n[Install]\nWantedBy=multi-user.target"),
        ("[Service]\nA=1\n\n[Install]\n", "[Service]\nA=1\n\n[Install]\nWantedBy=multi-user.target\n"),
    ] {
        assert_eq!(set(unit, "WantedBy", "[Service]", wanted()), ok(expected), "{unit:?}");
    }
    let unit = "\u{feff}# a\r\n[Service]\r\nA=1";
    let expected = "\u{feff}# a\r\n[Unit]\r\nDescription=b\r\n\r\n[Service]\r\nA=1";
    assert_eq!(set(unit, "Description", "[Service]", text("b")), ok(expected));
    assert!(set("[Service]\nA=1 \\", "WantedBy", "[Service]", wanted()).is_err());
}

#[test]
fn what_another_key_sets_as_well_gets_a_line_of_its_own() {
    let unit = "[Service]\nTimeoutSec=5\nUser=a\n";
    let expected = "[Service]\nTimeoutSec=5\nTimeoutStopSec=35s\nUser=a\n";
    assert_eq!(launcher(unit, "stop_grace", "TimeoutSec", seconds(35)), ok(expected));
    assert!(launcher("[Service]\nSendSIGKILL=no\n", "stop_grace", "SendSIGKILL", seconds(35)).is_err());
    let unit = "[Service]\nExecStop=/bin/kill -s SIGQUIT $MAINPID\n";
    assert_eq!(
        launcher(unit, "stop_signal", "/bin/kill", text("SIGTERM")),
        ok("[Service]\nExecStop=/bin/kill -s SIGTERM $MAINPID\n")
    );
    let unit = "[Service]\nExecStop=/bin/kill -3 $MAINPID\n";
    assert_eq!(launcher(unit, "stop_signal", "/bin/kill", text("SIGTERM")), ok("[Service]\nExecStop=/bin/kill -TERM $MAINPID\n"));
    let unit = "[Service]\nLimitNOFILE=1024:524288\n";
    assert_eq!(
        launcher(unit, "nofile_limit", "LimitNOFILE", Some(Known::Integer(65536))),
        ok("[Service]\nLimitNOFILE=65536:524288\n")
    );
}

#[test]
fn commands_are_replaced_and_reset() {
    let unit = "[Service]\nExecReload=-/bin/kill -USR2 $MAINPID\n";
    assert_eq!(
        launcher(unit, "reload_command", "-/bin", text("/bin/kill -s HUP $MAINPID")),
        ok("[Service]\nExecReload=-/bin/kill -s HUP $MAINPID\n")
    );
    let unit = "[Service]\nExecStart=/a\n# two\n ExecStart=/b \\\n  c\n";
    let made = made_of(unit, |document| {
        let item = |text: &str| Item { value: Value::text(text), origin: Origin::Default { source: "".into() } };
        let was = Some(Known::List([item("/a"), item("/b c")].into()));
        Order { was, ..order(document, Operation::Set, Kind::Service, "ExecStart", "/b", text("/b c")) }
    });
    assert_eq!(made, ok("[Service]\nExecStart=/a\n# two\n ExecStart=\n ExecStart=/b \\\n  c\n"));
}

#[test]
fn a_key_is_taken_away_with_its_lines() {
    let unset = |unit: &str, needle: &str| {
        made_of(unit, |document| order(document, Operation::Unset, Kind::Service, "WatchdogSec", needle, None))
    };
    assert_eq!(
        unset("[Service]\nWatchdogSec=5\nA=1\nWatchdogSec=1 \\\n# c\n 2\n# d\n", "WatchdogSec"),
        ok("[Service]\nA=1\n# d\n")
    );
    assert_eq!(unset("[Service]\r\nA=1\r\nWatchdogSec=5", "WatchdogSec"), ok("[Service]\r\nA=1"));
}

#[test]
fn items_come_and_go() {
    let make = |operation, key: &'static str, needle: &'static str, item: &'static str| {
        move |document: &Document| order(document, operation, Kind::Service, key, needle, text(item))
    };
    let add = |unit: &str, needle| made_of(unit, make(Operation::Add, "ReadWritePaths", needle, "/b"));
    assert_eq!(
        add("[Service]\nReadWritePaths = /a \\\n  /c \nUser=x\n", "ReadWritePaths"),
        ok("[Service]\nReadWritePaths = /a \\\n  /c /b \nUser=x\n")
    );
    assert_eq!(
        add("[Service]\nReadWritePaths=/a\nReadWritePaths=/c\nUser=x\n", "ReadWritePaths=/c"),
        ok("[Service]\nReadWritePaths=/a\nReadWritePaths=/c\nReadWritePaths=/b\nUser=x\n")
    );
    assert_eq!(add("[Service]\nUser=x\n", "[Service]"), ok("[Service]\nUser=x\nReadWritePaths=/b\n"));
    let remove = |unit: &str| made_of(unit, make(Operation::Remove, "ReadWritePaths", "ReadWritePaths", "/b"));
    assert_eq!(remove("[Service]\nReadWritePaths=/a /b /c\n"), ok("[Service]\nReadWritePaths=/a /c\n"));
    assert_eq!(remove("[Service]\nReadWritePaths=/a \\\n /b\n"), ok("[Service]\nReadWritePaths=/a\n"));
    assert_eq!(remove("[Service]\nReadWritePaths=/b\nUser=a\n"), ok("[Service]\nUser=a\n"));
    assert!(remove("[Service]\nReadWritePaths=/a\n").is_err());
    let path = |unit: &str, needle| made_of(unit, make(Operation::Add, "search_path", needle, "/usr/bin:/bin"));
    assert_eq!(
        path("[Service]\nEnvironment=A=1 \"PATH=/v/bin\" B=2\n", "\"PATH=/v/bin\""),
        ok("[Service]\nEnvironment=A=1 \"PATH=/v/bin:/usr/bin:/bin\" B=2\n")
    );
}

#[test]
fn oddities_become_what_was_meant() {
    let unit = "[Service]\n Usr = a\n";
    assert_eq!(odd(unit, "unknown-unit-key", "Usr", "User"), ok("[Service]\n User = a\n"));
    assert_eq!(odd("[Sevice]\nA=1\n", "ignored-unit-line", "[Sevice]", "[Service]"), ok("[Service]\nA=1\n"));
    let unit = "[Service]\nExecStart=/a \\ \n  b\n";
    assert_eq!(odd(unit, "backslash-before-blank", "\\ ", "\\"), ok("[Service]\nExecStart=/a \\\n  b\n"));
    let unit = "[Socket]\nListenStream = unix:/run/a\n";
    assert_eq!(
        odd(unit, "unreadable-listen-address", "ListenStream = unix:/run/a", "/run/a"),
        ok("[Socket]\nListenStream = /run/a\n")
    );
    let unit = "[Service]\nExecStart=-v/gunicorn a \\\n b\n";
    assert_eq!(
        odd(unit, "program-not-found", "-v/gunicorn", "/s/v/gunicorn"),
        ok("[Service]\nExecStart=-/s/v/gunicorn a \\\n b\n")
    );
}

#[test]
fn a_line_goes_to_its_section() {
    let unit = "[Unit]\nA=1\n\n[Service]\nAfter=b.service \\\n  c.service\nUser=a\n";
    let expected = "[Unit]\nA=1\nAfter=b.service \\\n  c.service\n\n[Service]\nUser=a\n";
    assert_eq!(odd(unit, "unit-key-in-wrong-section", "After", "[Unit]"), ok(expected));
    let unit = "[Service]\r\nUser=a\r\nWantedBy=x.target\r\n";
    assert_eq!(
        odd(unit, "unit-key-in-wrong-section", "WantedBy", "[Install]"),
        ok("[Service]\r\nUser=a\r\n\r\n[Install]\r\nWantedBy=x.target\r\n")
    );
    let unit = "[Unit]\nDescription=a\n[Service]\nDescription=b\n";
    assert!(odd(unit, "unit-key-in-wrong-section", "Description=b", "[Unit]").is_err());
}

#[test]
fn a_comment_gets_a_line_of_its_own() {
    let moved = |unit: &str, needle: &str| odd(unit, "comment-after-unit-value", needle, "a line of its own");
    assert_eq!(moved("[Service]\n TimeoutStopSec=30  # s \nA=1\n", "# s"), ok("[Service]\n # s\n TimeoutStopSec=30 \nA=1\n"));
    assert_eq!(moved("[Service]\r\nUser=a ; b", "; b"), ok("[Service]\r\n; b\r\nUser=a"));
    assert_eq!(
        moved("[Service]\nExecStart=/a -b # c \\\n  -d\n", "# c \\\n  -d"),
        ok("[Service]\n# c\nExecStart=/a -b \\\n  -d\n")
    );
}

/// What a drop-in becomes when a unit's key is to change; `was` is what the unit has.
fn dropped(
    drop_in: &str,
    operation: Operation,
    (kind, name): (Kind, &str),
    was: Option<Known>,
    to: Option<Known>,
) -> Result<String, String> {
    let document = Document::new(DocumentId(1), "a.service.d/zz-gearmesh.conf", drop_in.as_bytes());
    let place = Place::Home(Span::new(DocumentId(0), 0, 9));
    let order = Order { operation, tongue: Tongue::Own, kind, name: name.into(), place, was, to };
    let edits = drop_in::edit(&document, &order).map_err(|refused| refused.0)?;
    Ok(String::from_utf8(apply(&document.bytes, &edits).expect("edits do not overlap")).expect("text"))
}

fn list(items: &[&str]) -> Option<Known> {
    let item = |text: &&str| Item { value: Value::text(*text), origin: Origin::Default { source: "".into() } };
    Some(Known::List(items.iter().map(item).collect::<Vec<_>>().into()))
}

#[test]
fn a_drop_in_says_what_becomes_of_keys() {
    let service = |name| (Kind::Service, name);
    let old = "[Service]\nUser=a\n";
    let grace = (Kind::Launcher, "stop_grace");
    assert_eq!(dropped("", Operation::Set, grace, seconds(5), seconds(35)), ok("[Service]\nTimeoutStopSec=35s\n"));
    assert_eq!(dropped(old, Operation::Set, grace, None, seconds(35)), ok("[Service]\nUser=a\nTimeoutStopSec=35s\n"));
    assert_eq!(
        dropped(old, Operation::Set, service("WantedBy"), None, text("b.target")),
        ok("[Service]\nUser=a\n\n[Install]\nWantedBy=b.target\n")
    );
    assert_eq!(
        dropped("", Operation::Add, service("After"), list(&["a.service"]), text("b.service")),
        ok("[Unit]\nAfter=b.service\n")
    );
}

#[test]
fn a_drop_in_empties_what_adds_up() {
    let service = |name| (Kind::Service, name);
    let reload = text("/bin/kill -s HUP $MAINPID");
    let expected = "[Service]\nExecReload=\nExecReload=/bin/kill -s HUP $MAINPID\n";
    let was = text("/bin/kill -USR2 $MAINPID");
    assert_eq!(dropped("", Operation::Set, (Kind::Launcher, "reload_command"), was, reload.clone()), ok(expected));
    assert_eq!(
        dropped("", Operation::Set, service("ExecReload"), list(&[]), reload),
        ok("[Service]\nExecReload=/bin/kill -s HUP $MAINPID\n")
    );
    let paths = service("ReadWritePaths");
    assert_eq!(
        dropped("", Operation::Set, paths, list(&["/a"]), text("/b")),
        ok("[Service]\nReadWritePaths=\nReadWritePaths=/b\n")
    );
    assert_eq!(dropped("", Operation::Add, paths, list(&["/a"]), text("/b")), ok("[Service]\nReadWritePaths=/b\n"));
    assert_eq!(dropped("", Operation::Unset, paths, list(&["/a"]), None), ok("[Service]\nReadWritePaths=\n"));
    let was = list(&["/v/bin", "/usr/bin"]);
    assert_eq!(
        dropped("", Operation::Add, service("search_path"), was, text("/bin")),
        ok("[Service]\nEnvironment=PATH=/v/bin:/usr/bin:/bin\n")
    );
}

#[test]
fn a_drop_in_refuses_what_it_cannot_take_back() {
    let service = |name| (Kind::Service, name);
    let commands = list(&["/bin/a", "/bin/b"]);
    for (operation, key, was, to) in [
        (Operation::Set, "After", list(&["a.service"]), text("b.service")),
        (Operation::Unset, "After", list(&["a.service"]), None),
        (Operation::Remove, "ReadWritePaths", list(&["/a"]), text("/a")),
        (Operation::Set, "ExecStart", commands, text("/bin/b")),
        (Operation::Set, "KillMode", None, text("Mixed")),
        (Operation::Set, "Nonsense", None, text("a")),
    ] {
        let made = dropped("", operation, service(key), was, to);
        assert!(made.is_err(), "{key}: {made:?}");
    }
}

#[test]
fn a_person_is_told_what_a_unit_would_say() {
    let order = |operation, kind, name: &str, was, to| {
        let place = Place::Home(Span::new(DocumentId(0), 0, 0));
        Order { operation, tongue: Tongue::Own, kind, name: name.into(), place, was, to }
    };
    let set = |kind, name, to| order(Operation::Set, kind, name, None, to);
    let reload = text("/bin/kill -s HUP $MAINPID");
    for (order, expected) in [
        (set(Kind::Launcher, "stop_grace", seconds(35)), "TimeoutStopSec=35s"),
        (set(Kind::Launcher, "reload_command", reload), "ExecReload=/bin/kill -s HUP $MAINPID"),
        (set(Kind::Service, "KillMode", text("mixed")), "KillMode=mixed"),
        (order(Operation::Unset, Kind::Service, "WatchdogSec", None, None), "no WatchdogSec="),
        (order(Operation::Remove, Kind::Service, "After", None, text("b.target")), "no b.target in After="),
        (order(Operation::Add, Kind::Service, "search_path", list(&["/v"]), text("/bin")), "Environment=\"PATH=/v:/bin\""),
    ] {
        assert_eq!(spell(&order, "").as_deref(), Some(expected));
    }
    let odd = |kind, name, to| spell(&set(Kind::Oddity, kind, text(to)), name).unwrap();
    assert_eq!(odd("ignored-unit-value", "Restart", "always"), "Restart=always");
    assert_eq!(odd("unknown-unit-key", "Restrt", "Restart"), "Restart instead of Restrt");
    assert_eq!(odd("unit-key-in-wrong-section", "After", "[Unit]"), "After= in [Unit]");
}
