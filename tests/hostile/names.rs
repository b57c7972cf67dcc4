//! Names of files and bytes in them that nobody expects.

use super::case::{ANY, all_end, case};
use super::commands;
use super::outside::UNIT;
use super::run::Repository;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

const CHECK: &[&str] = &["check", "--verbose"];

/// Names that steer a terminal, break lines, and are no UTF-8; each is a unit.
const NAMES: [&[u8]; 12] = [
    b"new\nline.service",
    b"\x1b[31mred\x1b]0;title\x07.service",
    b"\xff\xfe\x80.service",
    b"caf\xe9.service",
    b"carriage\rreturn.service",
    b"\xe2\x80\xaebackwards.service",
    b"\xc2\x9b31m.service",
    b"a b'c\"d$e`f`;g|h&i.service",
    b"-rf.service",
    b"%n%s%x.service",
    b"\xe2\x80\xa8separator\xe2\x80\xa9.service",
    b"\xd8\x9cmark\xf3\xa0\x81\x81tag.service",
];

fn named(made: &Repository) {
    for name in NAMES {
        fs::write(made.path().join(OsStr::from_bytes(name)), UNIT).expect("it is written");
    }
    let long = "l".repeat(247) + ".service";
    made.write(&long, UNIT);
    fs::create_dir(made.path().join(OsStr::from_bytes(b"fold\ner\xff.service.d"))).expect("it is made");
    fs::write(made.path().join(OsStr::from_bytes(b"fold\ner\xff.service.d/\x1b[2J.conf")), "[Service]\nTimeoutStopSec=1\n")
        .expect("it is written");
    made.write("nginx.conf", b"events {}\nhttp { include \xff\xfe*.conf; include caf\xe9.conf; server { server_name \x1b[31m \xe2\x80\xae; location /\xff { proxy_pass http://127.0.0.1:8000; } } }\n");
    fs::write(
        made.path().join(OsStr::from_bytes(b"caf\xe9.conf")),
        "server { location / { proxy_pass http://127.0.0.1:8000; } }\n",
    )
    .expect("it is written");
}

/// Characters that act on a terminal or on the text around them, none of which leaves the program raw.
pub fn acts(character: char) -> bool {
    matches!(character, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[test]
fn names_act_on_nothing_in_any_command() {
    let made = Repository::new();
    named(&made);
    made.write(
        "../errors.log",
        b"[2026-11-21 10:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)\x1b[31m \xff \xe2\x80\xae\n".as_slice(),
    );
    for words in commands::on(".") {
        let written = made.path().join(commands::WRITTEN);
        let _ = fs::remove_dir_all(&written);
        fs::create_dir(&written).expect("the folder is made");
        let ended = made.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        ended.honest();
        for (what, bytes) in [("out", &ended.out), ("err", &ended.err)] {
            let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{words:?}: {what} is no UTF-8"));
            let found = text.chars().find(|character| acts(*character));
            // A diff that is to be applied is the bytes of the files.
            assert!(
                found.is_none() || words[0] == "fix" && words.contains(&"--diff".to_owned()),
                "{words:?}: {found:?} in {what}: {text}"
            );
        }
        assert!(!ended.out.is_empty() || ["baseline", "snapshot"].contains(&&*words[0]), "{words:?}: {}", ended.err());
    }
}

fn utf16(text: &str) -> Vec<u8> {
    [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat()
}

#[test]
fn bytes_that_are_no_text_end() {
    const FILES: [&str; 17] = [
        "a.service",
        "b.socket",
        "a.service.d/x.conf",
        "nginx.conf",
        "conf.d/x.conf",
        "gunicorn.conf.py",
        "compose.yaml",
        "k8s.yaml",
        "app.yaml",
        "Dockerfile",
        "Procfile",
        "supervisord.conf",
        "start.sh",
        "requirements.txt",
        "pyproject.toml",
        "uv.lock",
        "Pipfile.lock",
    ];
    fn all(made: &Repository, text: impl Fn(&str) -> Vec<u8>) {
        made.write("z.service", UNIT);
        FILES.iter().for_each(|name| made.write(name, text(name)));
    }
    const TEXT: &str = "[Service]\nExecStart=gunicorn a:b\nservices:\n  a: b\nworkers = 2\nserver { }\n";
    all_end(&[
        case("nothing at all", |made| all(made, |_| Vec::new()), CHECK, ANY, ""),
        case("nul bytes", |made| all(made, |_| vec![0; 20_000]), CHECK, ANY, ""),
        case("nul bytes in text", |made| all(made, |_| TEXT.replace(' ', "\0").into_bytes()), CHECK, ANY, ""),
        case("UTF-16", |made| all(made, |_| utf16(TEXT)), CHECK, ANY, ""),
        case("UTF-16 without a mark", |made| all(made, |_| utf16(TEXT)[2..].to_vec()), CHECK, ANY, ""),
        case("a mark of UTF-8", |made| all(made, |_| ["\u{feff}", TEXT].concat().into_bytes()), CHECK, ANY, ""),
        case(
            "bytes of no UTF-8",
            |made| all(made, |_| [TEXT.as_bytes(), &[0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf5]].concat()),
            CHECK,
            ANY,
            "",
        ),
        case("every byte", |made| all(made, |_| (0..=255u8).cycle().take(20_000).collect()), CHECK, ANY, ""),
        case("ends of lines of a Mac", |made| all(made, |_| TEXT.replace('\n', "\r").into_bytes()), CHECK, ANY, ""),
        case("ends of lines of Windows", |made| all(made, |_| TEXT.replace('\n', "\r\n").into_bytes()), CHECK, ANY, ""),
        case("separators of Unicode", |made| all(made, |_| TEXT.replace('\n', "\u{2028}\u{85}\n").into_bytes()), CHECK, ANY, ""),
        case("escapes", |made| all(made, |_| TEXT.replace(' ', "\u{1b}[31m\u{9b}\u{202e}").into_bytes()), CHECK, ANY, ""),
        case("64 KiB of line ends", |made| all(made, |_| vec![b'\n'; 1 << 16]), CHECK, ANY, ""),
        case("64 KiB of backslashes", |made| all(made, |_| vec![b'\\'; 1 << 16]), CHECK, ANY, ""),
        case("64 KiB of quotes", |made| all(made, |_| vec![b'"'; 1 << 16]), CHECK, ANY, ""),
        case("64 KiB of brackets", |made| all(made, |_| vec![b'['; 1 << 16]), CHECK, ANY, ""),
        case("64 KiB of braces", |made| all(made, |_| vec![b'{'; 1 << 16]), CHECK, ANY, ""),
        case("64 KiB of dollars", |made| all(made, |_| vec![b'$'; 1 << 16]), CHECK, ANY, ""),
        case("64 KiB of percents", |made| all(made, |_| vec![b'%'; 1 << 16]), CHECK, ANY, ""),
        case("64 KiB of blanks", |made| all(made, |_| vec![b' '; 1 << 16]), CHECK, ANY, ""),
        case("64 KiB of tabs", |made| all(made, |_| vec![b'\t'; 1 << 16]), CHECK, ANY, ""),
        case("64 KiB of numbers", |made| all(made, |_| vec![b'9'; 1 << 16]), CHECK, ANY, ""),
        case("64 KiB of comments", |made| all(made, |_| "# gearmesh: ignore[a]\n".repeat(3_000).into_bytes()), CHECK, ANY, ""),
    ]);
}
