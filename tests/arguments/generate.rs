//! Command lines by chance, the same in every run: options of all versions in every spelling, right and wrong, loose words, and
//! GUNICORN_CMD_ARGS beside some of them.

use crate::support::oracle;
use gearmesh::vocabulary::gunicorn;

/// The words behind `gunicorn` and the variable, both quoted as in a shell.
pub struct Case {
    pub line: String,
    pub variable: Option<String>,
}

pub fn cases(count: usize) -> Vec<Case> {
    let mut random = Random(oracle::seed(20_240_611));
    let flags = Flags::of_all_versions();
    (0..count)
        .map(|_| {
            let line = line(&mut random, &flags, 5);
            let variable = (random.below(3) == 0).then(|| line_of_variable(&mut random, &flags));
            Case { line, variable }
        })
        .collect()
}

/// The options of every version, by what they take.
struct Flags {
    long: Vec<&'static str>,
    short: Vec<&'static str>,
    integers: Vec<&'static str>,
}

impl Flags {
    fn of_all_versions() -> Flags {
        let states = || gunicorn::settings().iter().flat_map(|row| gunicorn::versions().iter().map(|version| row.at(*version)));
        let sorted = |mut flags: Vec<&'static str>| {
            flags.sort_unstable();
            flags.dedup();
            flags
        };
        let all = sorted(states().flat_map(|state| state.flags.iter().copied()).collect());
        let integers = states().filter(|state| ["integer", "duration"].contains(&state.kind.name()));
        let integers = sorted(integers.flat_map(|state| state.flags.iter().copied()).collect());
        let (long, short) = all.into_iter().partition(|flag| flag.starts_with("--"));
        Flags { long, short, integers }
    }
}

/// One to `most` pieces.
fn line(random: &mut Random, flags: &Flags, most: usize) -> String {
    let mut pieces: Vec<String> = (0..1 + random.below(most)).map(|_| piece(random, flags)).collect();
    if random.below(3) == 0 {
        pieces.insert(random.below(pieces.len() + 1), "app:app".into());
    }
    pieces.join(random.pick(&[" ", "  ", "\t", " "]))
}

fn line_of_variable(random: &mut Random, flags: &Flags) -> String {
    match random.below(12) {
        0 => String::new(),
        1 => format!("{} --proc-name='a b' \"--bind=:90 \"", line(random, flags, 1)),
        2 => format!("{} -n a\\ b -b\":91\"", line(random, flags, 1)),
        3 => format!("{} # -w 3", line(random, flags, 1)),
        4 => random.pick(&["'--workers=2", "-w 2 \"", "-w 2 \\", "--name=\"a\\\"b\"", "-w$N", "-n '$HOME'"]).into(),
        _ => line(random, flags, 2),
    }
}

const WORDS: &[&str] = &[
    "app:app",
    "4",
    "-1",
    "-",
    "''",
    "0x4",
    "007",
    "04",
    "-1.5",
    "'a b'",
    "'-a b'",
    "a=b",
    ":8000",
    "unix:/run/a.sock",
    "1_000",
    "3.0",
    "' 7 '",
    "+5",
    "'--a b'",
    "-.5",
    "unix:///var/run/a.sock",
    "[::1]:80",
    "tcp://A:80",
    "fd://3",
    "127.0.0.1",
    "10.0.0.0/8,::1",
    "'*'",
    "auto",
    "OFF",
    "sync",
    "' gthread '",
    "v1",
    "none",
    "drop",
    "h1,H2",
    "0",
    "True",
    "false",
    "\"x y\"",
    "a:b:c",
    "0o17",
    "080",
    "20000",
    "8080,",
    "'127.0.0.1, ::1'",
    "10.0.0.1/8",
    "localhost:8125",
    "unix:8125",
    "1e3",
    "99999999999999999999",
    "gunicorn.conf.py",
    "python:conf",
    "10.0.0.0/255.0.0.0",
    "--name",
    "-w3",
    "é",
];
const PLAIN: &[&str] = &["4", "1", "16", "127.0.0.1", "a:80", "20000", "0", "sync", "auto"];
const WRONG: &[&str] = &[
    "--keepalive",
    "-x",
    "--worker",
    "--log",
    "--no-such=1",
    "-w=",
    "--preload=1",
    "-D1",
    "-Dw4",
    "-DR",
    "-Db",
    "--pas",
    "--",
    "-DRw",
    "--help",
    "-v",
    "-Dh",
    "--versio",
    "--he=3",
    "-RDw=3",
    "---",
    "-é",
    "--é",
    "-D=",
    "--=",
    "-=3",
    "--http",
    "--f",
];

fn piece(random: &mut Random, flags: &Flags) -> String {
    let value = if random.below(3) == 0 { random.pick(WORDS) } else { random.pick(PLAIN) };
    let long = random.pick(&flags.long);
    let short = random.pick(&flags.short);
    let fits = random.below(4) > 0 && (flags.integers.contains(&long) || flags.integers.contains(&short));
    let value = if fits { random.pick(&["4", "1", "16", "20000"]) } else { value };
    match random.below(14) {
        0 => match random.below(3) {
            0 => random.pick(WRONG).into(),
            _ => value.into(),
        },
        1 => {
            random.pick(&["--preload", "--daemon", "-D", "-R", "--reload", "--no-sendfile", "--proxy-protocol", "--spew"]).into()
        }
        2 => format!("{long}={value}"),
        3 => format!("{short}{value}"),
        4 => format!("{short}={value}"),
        5 => format!("{short} {value}"),
        6 => {
            // An abbreviation, which may be ambiguous.
            let length = 4 + random.below(long.len() - 3);
            format!("{} {value}", &long[..length])
        }
        7 => format!("{}={}", random.pick(&flags.integers), random.below(40)),
        8 => format!("{} {}", random.pick(&flags.integers), random.pick(&["4", "1", "020", "0x1F", "1_0"])),
        9 => format!("--workers {}", 1 + random.below(9)),
        10 => format!("{} {value}", random.pick(&["-b", "--bind", "-e", "--env", "--paste-global", "--reload-extra-file"])),
        11 => {
            random.pick(&["--statsd-host=a:1", "-b :1 -b :2", "--threads 2", "-k gevent", "--time 9", "--log-level=debug"]).into()
        }
        12 => format!("{long} {value}"),
        _ => format!("{long} {}", random.pick(&["a", "1", ":80", "auto", "127.0.0.1", ""])),
    }
}

/// xorshift; the same lines in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}
