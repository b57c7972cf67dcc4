//! Layouts that people use, before and after.

use super::*;
use crate::edit::{Tongue, apply};
use crate::source::DocumentId;
use crate::value::{Address, Duration, Item, Origin, Value};

fn document(text: &[u8]) -> Document {
    Document::new(DocumentId(3), "gunicorn.conf.py", text.to_vec())
}

/// `at` is a part of the text that the order is about; the last one there is. None: the setting is not written.
fn ordered(
    text: &[u8],
    operation: Operation,
    kind: model::Kind,
    name: &str,
    at: Option<&str>,
    to: Option<Known>,
) -> Result<Vec<u8>, String> {
    let document = document(text);
    let place = match at {
        Some(at) => {
            let start = memchr::memmem::rfind(text, at.as_bytes()).expect("it stands there");
            Place::Written(document.span(start, start + at.len()))
        }
        None => Place::Home(document.span(0, 0)),
    };
    let order = Order { operation, tongue: Tongue::Own, kind, name: name.into(), place, was: None, to };
    let edits = edit(&document, &order).map_err(|why| why.0)?;
    Ok(apply(text, &edits).expect("edits do not overlap"))
}

fn string(bytes: Result<Vec<u8>, String>) -> Result<String, String> {
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn set(text: &str, name: &str, at: &str, to: Known) -> Result<String, String> {
    string(ordered(text.as_bytes(), Operation::Set, model::Kind::App, name, Some(at), Some(to)))
}

fn add(text: &str, name: &str, to: Known) -> Result<String, String> {
    string(ordered(text.as_bytes(), Operation::Set, model::Kind::App, name, None, Some(to)))
}

fn unset(text: &str, at: &str) -> Result<String, String> {
    string(ordered(text.as_bytes(), Operation::Unset, model::Kind::App, "", Some(at), None))
}

fn correct(text: &str, at: &str, to: &str) -> Result<String, String> {
    string(ordered(text.as_bytes(), Operation::Set, model::Kind::Oddity, "refused-value", Some(at), Some(self::text(to))))
}

fn rename(text: &str, at: &str, to: &str) -> Result<String, String> {
    string(ordered(text.as_bytes(), Operation::Rename, model::Kind::Oddity, "unknown-setting", Some(at), Some(self::text(to))))
}

fn item(text: &str, operation: Operation, name: &str, at: &str, item: &str) -> Result<String, String> {
    string(ordered(text.as_bytes(), operation, model::Kind::App, name, Some(at), Some(self::text(item))))
}

fn text(text: &str) -> Known {
    Known::Text(text.into())
}

fn list(texts: &[&str]) -> Known {
    let item = |one: &&str| Item { value: Value::Known(text(one)), origin: Origin::Default { source: "test".into() } };
    Known::List(texts.iter().map(item).collect())
}

fn seconds(seconds: i64) -> Known {
    Known::Duration(Duration::seconds(seconds))
}

fn ok(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

fn refused(why: &str) -> Result<String, String> {
    Err(why.to_owned())
}

#[test]
fn a_value_is_replaced_and_nothing_else() {
    assert_eq!(set("timeout = 30  # s\nworkers=4\n", "timeout", "30", seconds(60)), ok("timeout = 60  # s\nworkers=4\n"));
    assert_eq!(set("workers\t=\t4", "workers", "4", Known::Integer(2)), ok("workers\t=\t2"));
    assert_eq!(set("timeout: int = (30)\r\nx = 1\r\n", "timeout", "30", seconds(5)), ok("timeout: int = (5)\r\nx = 1\r\n"));
    assert_eq!(set("a = 1; timeout = 0;b = 2\n", "timeout", "0", seconds(30)), ok("a = 1; timeout = 30;b = 2\n"));
    assert_eq!(set("timeout = \\\n  30\n", "timeout", "30", seconds(31)), ok("timeout = \\\n  31\n"));
    assert_eq!(
        set("\u{feff}preload_app = False\n", "preload_app", "False", Known::Boolean(true)),
        ok("\u{feff}preload_app = True\n")
    );
    assert_eq!(set("timeout = -1\n", "timeout", "-1", Known::Null), ok("timeout = None\n"));
    assert_eq!(set("timeout = '30'\n", "timeout", "'30'", seconds(60)), ok("timeout = 60\n"));
    let latin = ordered(
        b"# caf\xe9\nworkers = 4 # \xe9\n",
        Operation::Set,
        model::Kind::App,
        "workers",
        Some("4"),
        Some(Known::Integer(2)),
    );
    assert_eq!(latin.unwrap(), b"# caf\xe9\nworkers = 2 # \xe9\n");
}

#[test]
fn quotes_stay() {
    assert_eq!(set("loglevel = 'warn'\n", "loglevel", "'warn'", text("warning")), ok("loglevel = 'warning'\n"));
    assert_eq!(set("loglevel = r\"warn\"\n", "loglevel", "r\"warn\"", text("info")), ok("loglevel = r\"info\"\n"));
    assert_eq!(set("loglevel = '''warn'''\n", "loglevel", "'''warn'''", text("info")), ok("loglevel = '''info'''\n"));
    assert_eq!(set("user = 'a'\n", "user", "'a'", text("it's")), ok("user = \"it's\"\n"));
    assert_eq!(set("user = 'a'\n", "user", "'a'", text("'\"\\\n")), ok("user = '\\'\"\\\\\\n'\n"));
    assert_eq!(set("a = 'x'\nb = 'y'\nuser = None\n", "user", "None", text("u")), ok("a = 'x'\nb = 'y'\nuser = 'u'\n"));
    assert_eq!(
        set("bind = '0.0.0.0:80'\n", "bind", "'0.0.0.0:80'", Known::Address(Address::Unix("/run/x".into()))),
        ok("bind = 'unix:/run/x'\n")
    );
}

#[test]
fn of_a_longer_text_only_what_is_new_goes_in() {
    let format = "access_log_format = (\n    '%(h)s '  # host\n    \"%(s)s\"  # status\n)\n";
    let old = "'%(h)s '  # host\n    \"%(s)s\"";
    assert_eq!(
        set(format, "access_log_format", old, text("%(h)s %(s)s %(L)s \"x\"")),
        ok("access_log_format = (\n    '%(h)s '  # host\n    \"%(s)s %(L)s \\\"x\\\"\"  # status\n)\n")
    );
    assert_eq!(set(format, "access_log_format", old, text("%(h)s")), refused("a comment stands inside of the value"));
    assert_eq!(
        set("access_log_format = '%(r)s' '\\1'\n", "access_log_format", "'%(r)s' '\\1'", text("%(r)s\u{1}2")),
        ok("access_log_format = '%(r)s\\x012'\n")
    );
}

#[test]
fn a_list_stays_a_list() {
    let one = text("127.0.0.1:80");
    assert_eq!(set("bind = ['0.0.0.0:80']\n", "bind", "['0.0.0.0:80']", one.clone()), ok("bind = ['127.0.0.1:80']\n"));
    assert_eq!(set("bind = ('0.0.0.0:80',)\n", "bind", "('0.0.0.0:80',)", one.clone()), ok("bind = ('127.0.0.1:80',)\n"));
    assert_eq!(set("bind = ['a', 'b']\n", "bind", "['a', 'b']", one.clone()), refused("it is one of several"));
    assert_eq!(
        set("bind = [\n  'a', # x\n  'b',\n]\n", "bind", "[\n  'a', # x\n  'b',\n]", list(&["a", "c"])),
        ok("bind = [\n  'a', # x\n  'c',\n]\n")
    );
    assert_eq!(set("bind = 'a'\n", "bind", "'a'", list(&["b"])), ok("bind = 'b'\n"));
    assert_eq!(set("bind = 'a'\n", "bind", "'a'", list(&["b", "c"])), ok("bind = ['b', 'c']\n"));
    assert_eq!(
        set("forwarded_allow_ips = '*'\n", "forwarded_allow_ips", "'*'", list(&["1.1.1.1", "::1"])),
        ok("forwarded_allow_ips = '1.1.1.1,::1'\n")
    );
}

#[test]
fn items_come_and_go() {
    use Operation::{Add, Remove};
    assert_eq!(item("bind = ['a']\n", Add, "bind", "['a']", "b"), ok("bind = ['a', 'b']\n"));
    assert_eq!(item("bind = [\n  'a',\n]\n", Add, "bind", "[\n  'a',\n]", "b"), ok("bind = [\n  'a',\n  'b',\n]\n"));
    assert_eq!(item("bind = 'a'\n", Add, "bind", "'a'", "b"), ok("bind = ['a', 'b']\n"));
    assert_eq!(item("bind = [('a')]\n", Add, "bind", "[('a')]", "b"), refused("the list is not a plain one"));
    assert_eq!(item("forwarded_allow_ips = 'a'\n", Add, "forwarded_allow_ips", "'a'", "b"), ok("forwarded_allow_ips = 'a,b'\n"));
    assert_eq!(item("bind = ['a', 'b']\n", Remove, "bind", "['a', 'b']", "a"), ok("bind = ['b']\n"));
    assert_eq!(item("bind = ['a', 'b',]\n", Remove, "bind", "['a', 'b',]", "b"), ok("bind = ['a',]\n"));
    assert_eq!(
        item("forwarded_allow_ips = 'a,b'\n", Remove, "forwarded_allow_ips", "'a,b'", "a"),
        ok("forwarded_allow_ips = 'b'\n")
    );
}

#[test]
fn what_is_computed_or_decided_elsewhere_is_left() {
    let refuses = |source: &str, at: &str| set(source, "workers", at, Known::Integer(2)).unwrap_err();
    assert_eq!(refuses("workers = int('4')\n", "'4'"), "the value is computed");
    assert_eq!(refuses("workers = 2 * 2\n", "2 * 2"), "the value is computed");
    assert_eq!(refuses("workers = f'4'\n", "f'4'"), "the value is computed");
    assert_eq!(refuses("if x:\n    workers = 4\n", "4"), "it stands in a branch of the file");
    assert_eq!(refuses("try:\n    workers = 4\nexcept E:\n    pass\n", "4"), "it stands in a branch of the file");
    assert_eq!(refuses("def f():\n    global workers\n    workers = 4\nf()\n", "4"), "a function or class sets it");
    assert_eq!(refuses("workers = threads = 4\n", "4"), "it is assigned together with others");
    assert_eq!(refuses("workers, threads = 4, 5\n", "4"), "it is assigned together with others");
    assert_eq!(refuses("workers += 4\n", "4"), "the value is computed");
    let again = "the file sets workers again further down";
    assert_eq!(refuses("workers = 4\nif x:\n    workers = 5\n", "4"), again);
    assert_eq!(refuses("workers = 4\nfrom x import *\n", "4"), again);
    assert_eq!(refuses("workers = 4\ndel workers\n", "4"), again);
    assert_eq!(refuses("workers = 4\nworkers += 1\n", "4"), again);
    assert_eq!(refuses("workers = 4\ndef f():\n    global workers\n    workers = 5\nf()\n", "4"), again);
    let by_text = "the file sets names by their text (globals(), exec)";
    assert_eq!(refuses("workers = 4\nglobals()['workers'] = 5\n", "4"), by_text);
    assert_eq!(refuses("workers = 4\ndef f():\n    exec('workers = 5')\nf()\n", "4"), by_text);
    assert_eq!(refuses("workers = 4\nthreads = workers * 2\n", "4"), "other lines of the file read workers");
    assert_eq!(refuses("workers = 4\nthreads = = 2\n", "4"), "Python does not read the file");
    assert_eq!(
        set("timeout = 4\n", "timeout", "4", Known::Duration(Duration::milliseconds(1500))),
        refused("gunicorn takes whole numbers only")
    );
}

#[test]
fn what_came_before_or_belongs_to_a_hook_does_not_matter() {
    let two = || Known::Integer(2);
    assert_eq!(set("if x:\n  workers = 4\nworkers = 5\n", "workers", "5", two()), ok("if x:\n  workers = 4\nworkers = 2\n"));
    assert_eq!(set("from x import *\nworkers = 5\n", "workers", "5", two()), ok("from x import *\nworkers = 2\n"));
    let hook = "\ndef when_ready(server):\n    server.log.info(workers)\n";
    assert_eq!(set(&format!("workers = 5\n{hook}"), "workers", "5", two()), Ok(format!("workers = 2\n{hook}")));
}

#[test]
fn a_setting_goes_below_its_kin() {
    let jitter = || Known::Integer(100);
    let name = "max_requests_jitter";
    assert_eq!(
        add("max_requests = 1000  # x\nworkers = 4\n", name, jitter()),
        ok("max_requests = 1000  # x\nmax_requests_jitter = 100\nworkers = 4\n")
    );
    assert_eq!(
        add("max_requests=1000\r\nworkers=4\r\n", name, jitter()),
        ok("max_requests=1000\r\nmax_requests_jitter=100\r\nworkers=4\r\n")
    );
    assert_eq!(add("max_requests = 1000", name, jitter()), ok("max_requests = 1000\nmax_requests_jitter = 100"));
    assert_eq!(
        add("max_requests = 1; a = 2; # x\n", name, jitter()),
        ok("max_requests = 1; a = 2; # x\nmax_requests_jitter = 100\n")
    );
    assert_eq!(
        add("max_requests = 1 \\\n\nx = 1\n", name, jitter()),
        ok("max_requests = 1 \\\n\nmax_requests_jitter = 100\nx = 1\n")
    );
    assert_eq!(
        add("bind = [\n  'x',\n]\n\ndef f(s):\n    pass\n", name, jitter()),
        ok("bind = [\n  'x',\n]\nmax_requests_jitter = 100\n\ndef f(s):\n    pass\n")
    );
    assert_eq!(add("timeout        = 5\n", "graceful_timeout", seconds(5)), ok("timeout        = 5\ngraceful_timeout = 5\n"));
    assert_eq!(
        add("graceful_timeout = 5\nkeepalive        = 5\n", "timeout", seconds(5)),
        ok("graceful_timeout = 5\ntimeout = 5\nkeepalive        = 5\n")
    );
    let both = add("timeout = 5\nkeepalive = 2\n", "graceful_timeout", seconds(4));
    assert_eq!(both, ok("timeout = 5\ngraceful_timeout = 4\nkeepalive = 2\n"));
    assert_eq!(add("workers        = 5\n", "threads", Known::Integer(4)), ok("workers        = 5\nthreads        = 4\n"));
}

#[test]
fn a_setting_without_kin_goes_to_the_end() {
    let four = || Known::Integer(4);
    assert_eq!(add("", "threads", four()), ok("threads = 4\n"));
    assert_eq!(add("# nothing yet", "threads", four()), ok("# nothing yet\nthreads = 4"));
    assert_eq!(add("def f(s):\n    pass\n", "threads", four()), ok("def f(s):\n    pass\n\n\nthreads = 4\n"));
    assert_eq!(add("x = 'a'\ny = 'b'\n", "user", text("c")), ok("x = 'a'\ny = 'b'\nuser = 'c'\n"));
    assert_eq!(add("x = 1 # \\", "threads", four()), refused("the last line of the file is continued"));
    let sets = "the file sets threads in a branch, or may import it";
    assert_eq!(add("if x:\n    threads = 3\n", "threads", four()), refused(sets));
    assert_eq!(add("workers = 3\nfrom x import *\n", "threads", four()), refused(sets));
    assert_eq!(add("globals().update(x)\n", "threads", four()), refused("the file sets names by their text (globals(), exec)"));
}

#[test]
fn an_assignment_goes_with_its_line() {
    assert_eq!(unset("a = 1\nreload = True  # dev\nb = 2\n", "True"), ok("a = 1\nb = 2\n"));
    assert_eq!(unset("\u{feff}reload = True\r\nb = 2\r\n", "True"), ok("\u{feff}b = 2\r\n"));
    assert_eq!(unset("a = 1\nreload = True", "True"), ok("a = 1\n"));
    assert_eq!(unset("reload = True;\nb = 2\n", "True"), ok("b = 2\n"));
    assert_eq!(unset("a = 1; reload = True; b = 2 # c\n", "True"), ok("a = 1; b = 2 # c\n"));
    assert_eq!(unset("a = 1; reload = True # c\n", "True"), ok("a = 1 # c\n"));
    assert_eq!(unset("reload = True; a = 1\n", "True"), ok("a = 1\n"));
    assert_eq!(unset("bind = [\n  'a',  # b\n]  # c\nx = 1\n", "[\n  'a',  # b\n]"), ok("x = 1\n"));
    assert_eq!(unset("reload = True \\\n\nx = 1\n", "True"), ok("x = 1\n"));
    assert_eq!(unset("reload = False\nx = 1\nreload = True\n", "True"), ok("x = 1\n"));
}

#[test]
fn an_assignment_that_something_needs_stays() {
    assert_eq!(unset("reload = True\nspew = reload\n", "True"), refused("other lines of the file read reload"));
    assert_eq!(unset("reload = True\ndef f(s):\n    print(reload)\n", "True"), refused("other lines of the file read reload"));
    assert_eq!(unset("reload = f(True)\n", "True"), refused("the value is computed"));
    assert_eq!(unset("if x:\n    reload = True\n", "True"), refused("it stands in a branch of the file"));
    assert_eq!(
        unset("if x:\n    reload = False\nreload = True\n", "True"),
        refused("the file sets reload in another way as well")
    );
    assert_eq!(unset("reload = daemon = True\n", "True"), refused("it is assigned together with others"));
    let lost = |source: &str, at: &str| {
        string(ordered(source.as_bytes(), Operation::Unset, model::Kind::Oddity, "overridden-setting", Some(at), None))
    };
    let computed = "multiprocessing.cpu_count() * 2 + 1";
    assert_eq!(lost(&format!("workers = {computed}\nx = 1\n"), computed), ok("x = 1\n"));
    assert_eq!(lost("workers = start()\n", "start()"), refused("the value is computed"));
}

#[test]
fn a_misspelt_name_gets_another() {
    assert_eq!(rename("worker = 4  # x\n", "worker", "workers"), ok("workers = 4  # x\n"));
    assert_eq!(rename("time_out: int = 4\n", "time_out", "timeout"), ok("timeout: int = 4\n"));
    assert_eq!(
        rename("if x:\n  worker = 4\nelse:\n  worker = 5\n", "worker", "workers"),
        ok("if x:\n  workers = 4\nelse:\n  workers = 5\n")
    );
    assert_eq!(
        rename("def post_forked(server, w):\n    pass\n", "post_forked", "post_fork"),
        ok("def post_fork(server, w):\n    pass\n")
    );
    assert_eq!(rename("worker = 4\nworkers = 5\nworker = 6\n", "worker", "workers"), refused("the file has workers already"));
    assert_eq!(
        rename("worker = 4\nx = worker\nworker = 2\n", "worker", "workers"),
        refused("other lines of the file read worker")
    );
    assert_eq!(rename("import worker\nworker = 2\n", "worker", "workers"), refused("worker is also bound in another way"));
}

#[test]
fn a_refused_value_is_corrected_wherever_it_stands() {
    assert_eq!(correct("umask = 22\n", "22", "0o22"), ok("umask = 0o22\n"));
    assert_eq!(correct("timeout = '30s'\n", "'30s'", "30"), ok("timeout = 30\n"));
    assert_eq!(correct("if x:\n    reload = 'yes'\n", "'yes'", "True"), ok("if x:\n    reload = True\n"));
    assert_eq!(correct("bind = ['/run/a', 'b:1']\n", "['/run/a', 'b:1']", "unix:/run/a"), ok("bind = ['unix:/run/a', 'b:1']\n"));
    assert_eq!(correct("forwarded_allow_ips = ['a', 'b']\n", "['a', 'b']", "\"a,b\""), ok("forwarded_allow_ips = 'a,b'\n"));
    assert_eq!(correct("timeout = str('30s')\n", "'30s'", "30"), refused("the value is computed"));
}

#[test]
fn what_is_no_setting_of_gunicorn_is_not_written() {
    let limit = Some(Known::Integer(1 << 30));
    let made = |kind| string(ordered(b"workers = 4\n", Operation::Set, kind, "memory_limit", None, limit.clone()));
    assert_eq!(made(model::Kind::Launcher), Err("it is no setting of gunicorn".to_owned()));
}
