//! Configuration files by chance, in the layouts that people use, and what each of their lines is.

use crate::support::dice::Dice;

/// A file of which it is known what stands where.
pub struct File {
    pub text: String,
    /// Settings that a line of its own sets to a written value: name, and the lines as they stand there.
    pub plain: Vec<(&'static str, String)>,
    /// Settings that are computed, stand in a branch, or are read by other lines.
    pub other: Vec<&'static str>,
    /// A misspelt name, and what is meant.
    pub misspelt: Option<(&'static str, &'static str)>,
    /// Of it, nothing of the above is known.
    pub by_a_person: bool,
}

pub const INTEGERS: [&str; 7] =
    ["workers", "threads", "worker_connections", "max_requests", "max_requests_jitter", "backlog", "limit_request_fields"];
pub const DURATIONS: [&str; 3] = ["timeout", "graceful_timeout", "keepalive"];
pub const BOOLEANS: [&str; 5] = ["preload_app", "reload", "capture_output", "reuse_port", "spew"];
pub const TEXTS: [&str; 9] = [
    "loglevel",
    "accesslog",
    "errorlog",
    "proc_name",
    "access_log_format",
    "pidfile",
    "worker_tmp_dir",
    "forwarded_allow_ips",
    "bind",
];
const WORDS: [&str; 6] = ["info", "/run/shop/x", "-", "10.0.0.1", "it's", "a \"b\" %(h)s"];
const HELPERS: [&str; 6] = [
    "import os, multiprocessing",
    "_cores = multiprocessing.cpu_count()",
    "# a comment \u{e9}",
    "",
    "name = 'web' \\",
    "def _size(workers=1):\n    # inside\n\treturn workers * 2",
];
const MISSPELT: [(&str, &str); 4] =
    [("worker", "workers"), ("time_out", "timeout"), ("max_request", "max_requests"), ("graceful_time_out", "graceful_timeout")];

pub fn kind(name: &str) -> usize {
    [&INTEGERS[..], &DURATIONS, &BOOLEANS, &TEXTS].iter().position(|names| names.contains(&name)).expect("it is one of these")
}

pub fn file(dice: &mut Dice) -> File {
    let end = dice.pick(&["\n", "\n", "\n", "\r\n"]).to_owned();
    let quote = dice.pick(&["'", "\""]).to_owned();
    let equals = dice.pick(&[" = ", " = ", "=", "\t= ", "   = "]).to_owned();
    let mut names: Vec<&'static str> = INTEGERS.iter().chain(&DURATIONS).chain(&BOOLEANS).chain(&TEXTS).copied().collect();
    let mut file = File {
        text: "import os\nimport multiprocessing\n".into(),
        plain: Vec::new(),
        other: Vec::new(),
        misspelt: None,
        by_a_person: false,
    };
    for _ in 0..dice.below(12) {
        let name = names.remove(dice.below(names.len()));
        let value = value(dice, name, &quote);
        match dice.below(13) {
            0 => file.other(name, &format!("if os.environ.get({quote}NOWHERE{quote}):\n    {name}{equals}{value}")),
            1 => file.other(name, &format!("{name}{equals}{value}\n_own = {name}")),
            2 => file.other(name, &format!("{name}{equals}{}", computed(name))),
            3 => file.plain(name, format!("_a = 1; {name}{equals}{value}; _b = 2")),
            4 => file.plain(name, format!("{name}{equals}{value};  # last")),
            5 => file.plain(name, format!("{name}{equals}(  # why\n    {value}\n)")),
            6 => file.plain(name, format!("{name}{equals}\\\n  {value}\t# on")),
            7 => file.plain(name, format!("{name}: object = {value}")),
            8 => file.plain(name, format!("{name}{equals}{value} \\\n")),
            _ => file.plain(name, format!("{name}{equals}{value}{}", dice.pick(&["", "", "  # so", " "]))),
        }
        if dice.below(3) == 0 {
            let helper = dice.pick(&HELPERS);
            file.text.push_str(if helper.ends_with('\\') { "_name = 'web' \\\n    'x'" } else { helper });
            file.text.push('\n');
        }
    }
    if dice.below(5) == 0 {
        let found = MISSPELT[dice.below(MISSPELT.len())];
        if names.contains(&found.1) {
            file.misspelt = Some(found);
            file.text.push_str(&format!("{}{equals}{}  # was\n", found.0, 3 + dice.below(90)));
        }
    }
    if dice.below(3) == 0 {
        file.text.push_str("\n\ndef when_ready(server):\n    server.log.info('x')\n");
    }
    // Behind a backslash, Python needs the line end.
    if dice.below(4) == 0 && !file.text.ends_with("\\\n\n") {
        file.text.pop();
    }
    let bom = if dice.below(8) == 0 { "\u{feff}" } else { "" };
    file.text = format!("{bom}{}", file.text.replace('\n', &end));
    file.plain.iter_mut().for_each(|(_, lines)| *lines = lines.replace('\n', &end));
    file
}

impl File {
    fn plain(&mut self, name: &'static str, lines: String) {
        self.text.push_str(&format!("{lines}\n"));
        self.plain.push((name, lines));
    }

    fn other(&mut self, name: &'static str, lines: &str) {
        self.text.push_str(&format!("{lines}\n"));
        self.other.push(name);
    }
}

fn computed(name: &str) -> &'static str {
    match kind(name) {
        0 | 1 => "multiprocessing.cpu_count() * 2",
        2 => "bool(os.environ.get('NOWHERE'))",
        _ => "os.path.join('/run', 'x')",
    }
}

/// A value that the setting takes, as source.
fn value(dice: &mut Dice, name: &str, quote: &str) -> String {
    let number = 1 + dice.below(200);
    match kind(name) {
        0 | 1 => match dice.below(6) {
            0 => format!("{number:#x}"),
            1 => format!("{quote}{number}{quote}"),
            2 => format!("1_{:03}", number),
            _ => number.to_string(),
        },
        2 => dice.pick(&["True", "False"]).to_owned(),
        _ if name == "bind" => {
            let one = format!("{quote}127.0.0.1:{}{quote}", 8000 + number);
            let items = format!("{one}, {quote}unix:/run/a{quote}");
            [one.clone(), format!("[{one}]"), format!("({one},)"), format!("[{items}]"), format!("[\n    {one},  # x\n]")]
                [dice.below(5)]
            .clone()
        }
        _ if name == "loglevel" => format!("{quote}{}{quote}", dice.pick(&["info", "debug", "warning"])),
        _ if name == "forwarded_allow_ips" => format!("{quote}{}{quote}", dice.pick(&["*", "10.0.0.1,::1"])),
        _ if dice.below(6) == 0 => "None".to_owned(),
        _ => {
            let word = dice.pick(&WORDS);
            let word = word.replace(quote, &format!("\\{quote}"));
            match dice.below(5) {
                0 => format!("{quote}{quote}{quote}x{word}x{quote}{quote}{quote}"),
                1 => format!("({quote}{word}{quote}\n    {quote} b{quote})"),
                _ => format!("{quote}{word}{quote}"),
            }
        }
    }
}
