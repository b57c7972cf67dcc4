//! What is known of server hooks: the calls of their own bodies under the names of their modules, keywords, and signals.

mod support;

use gearmesh::model::facts::Facts;
use gearmesh::model::{Kind, Stack, Subject};
use gearmesh::value::Value;
use support::Scratch;

fn stack(config: &str) -> Stack {
    Scratch::new(&[("gunicorn.conf.py".into(), config.into())]).check(&Facts::default()).stack
}

fn hooks(stack: &Stack) -> Vec<(Subject, String)> {
    stack.all(Kind::Hook).map(|(subject, node)| (subject, node.name.to_string())).collect()
}

fn of(stack: &Stack, hook: Subject, fact: &str) -> String {
    stack.setting(hook, fact).value.to_string()
}

#[test]
fn a_body_is_described_by_the_names_of_modules() {
    let stack = stack(
        "import signal as sig\nfrom signal import signal, SIGTERM\n\n\ndef post_fork(server, worker):\n    \
         from shop.db import engine as db\n    if worker:\n        db.dispose(close=False)\n    db().dispose(**{})\n    \
         signal(SIGTERM, quit)\n    sig.signal(1, quit)\n    for one in (sig.SIGINT, sig.Signals.SIGQUIT):\n        \
         signal(one, quit)\n    signal(worker.signal, quit)\n\n    def later():\n        sig.signal(sig.SIGCHLD, quit)\n",
    );
    let [(hook, name)] = &hooks(&stack)[..] else { panic!() };
    assert_eq!(name, "post_fork");
    assert_eq!(of(&stack, *hook, "parameters"), "2");
    let signal = "signal.signal";
    let calls = ["shop.db.engine.dispose", "shop.db.engine().dispose", "shop.db.engine", signal, signal, signal, signal];
    assert_eq!(of(&stack, *hook, "calls"), calls.join(", "));
    assert_eq!(of(&stack, *hook, "keywords"), "shop.db.engine.dispose(close), unknown");
    assert_eq!(of(&stack, *hook, "signals"), "TERM, HUP, INT, QUIT, unknown");
}

#[test]
fn what_is_no_plain_function_is_unknown_and_what_cannot_be_called_is_no_hook() {
    let stack = stack(
        "from shop.hooks import on_exit\npre_fork = 'shop.hooks.pre_fork'\nwhen_ready = None\non_reload = 3\n\n\n\
         def helper(server):\n    pass\n\n\npost_worker_init = helper\n",
    );
    let mut found: Vec<(String, bool)> = hooks(&stack)
        .into_iter()
        .map(|(hook, name)| (name, matches!(stack.setting(hook, "parameters").value, Value::Known(_))))
        .collect();
    found.sort();
    assert_eq!(found, [("on_exit".into(), false), ("post_worker_init".into(), true), ("pre_fork".into(), false)]);
}

/// A hook that every world of an app has is one hook, so that a rule over hooks that names the app holds in all of them.
#[test]
fn the_worlds_of_an_app_share_their_hooks() {
    let stack = stack(
        "import os\nif os.getenv('STAGE') == 'live':\n    workers = 4\n\n    def on_exit(server):\n        pass\n\n\n\
         def on_starting(server):\n    pass\n",
    );
    let worlds = |name: &str| {
        let (hook, _) = hooks(&stack).into_iter().find(|(_, other)| other == name).expect("the hook is there");
        stack.links(hook, "apps").len()
    };
    assert_eq!((worlds("on_starting"), worlds("on_exit")), (2, 1));
}
