//! Makes scripts: harmless, of the constructs that entry points are written in, in every combination.

use super::support::dice::Dice;

/// Variables that scripts set and read.
pub const NAMES: &[&str] = &["A", "B", "C", "D", "E"];

/// A script, and what it is run with.
pub struct Case {
    pub script: String,
    /// The text of the file that it may source.
    pub sourced: String,
    pub arguments: Vec<String>,
    /// Variables that gearmesh is told of.
    pub given: Vec<(String, String)>,
    /// Variables that are set besides.
    pub hidden: Vec<(String, String)>,
    /// Run by `-c`.
    pub inline: bool,
}

const VALUES: &[&str] = &["", "x", "web", "4", "p q", "a/b", "0.0.0.0:80", "*", "a.b.c", "-w 2"];

pub fn cases(count: usize) -> Vec<Case> {
    let mut dice = Dice(7);
    (0..count).map(|_| case(&mut dice)).collect()
}

fn case(dice: &mut Dice) -> Case {
    let mut given = Vec::new();
    let mut hidden = Vec::new();
    let is_open = dice.below(2) == 0;
    for name in NAMES {
        let value = dice.pick(VALUES).to_owned();
        match dice.below(5) {
            0 | 1 => given.push(((*name).to_owned(), value)),
            2 if is_open => hidden.push(((*name).to_owned(), value)),
            _ => {}
        }
    }
    let mut make = Make { dice, next: 0, depth: 0, in_loop: false, in_function: false };
    let lines = 3 + make.dice.below(6);
    let mut script = String::new();
    if make.dice.below(3) == 0 {
        script.push_str(make.dice.pick(&["set -e\n", "set -a\n", "#!/bin/sh\n", "# a comment 'with a quote\n"]));
    }
    if make.dice.below(3) == 0 {
        make.in_function = true;
        let body = make.list(2);
        make.in_function = false;
        script.push_str(&format!("f() {{\n{body}\n}}\n"));
    } else {
        script.push_str("f() { A=\"f$1\"; }\n");
    }
    script.push_str(&make.list(lines));
    script.push_str(&format!("\n{}{}\n", make.dice.pick(&["", "exec ", "D=5 ", "cd @FOLDER@/a && "]), make.command()));
    let sourced = (0..make.dice.below(3)).map(|_| format!("{}\n", make.assignment())).collect();
    let arguments = (0..make.dice.below(4)).map(|_| make.dice.pick(VALUES).to_owned()).collect();
    Case { script, sourced, arguments, given, hidden, inline: make.dice.below(3) == 0 }
}

struct Make<'a> {
    dice: &'a mut Dice,
    next: usize,
    depth: usize,
    in_loop: bool,
    in_function: bool,
}

impl Make<'_> {
    fn list(&mut self, lines: usize) -> String {
        let separators = ["\n", "; ", " # why\n", "\n\n"];
        let mut list = self.statement();
        for _ in 1..lines.max(1) {
            list.push_str(self.dice.pick(&separators));
            list.push_str(&self.statement());
        }
        list
    }

    fn statement(&mut self) -> String {
        if self.depth > 2 {
            return self.simple();
        }
        self.depth += 1;
        let made = match self.dice.below(14) {
            0 => format!("if {}; then {}; fi", self.condition(), self.block()),
            1 => format!("if {}\nthen {}\nelse {}\nfi", self.condition(), self.block(), self.block()),
            2 => format!(
                "case {} in {}) {} ;; {}|x*) {};; *) {}; esac",
                self.word(),
                self.pattern(),
                self.block(),
                self.pattern(),
                self.block(),
                self.block()
            ),
            3 => format!("case \"{}\" in\n  ({}) {} ;;\nesac", self.expansion(), self.pattern(), self.block()),
            4 => format!("{} && {}", self.condition(), self.simple()),
            5 => format!("{} || {}", self.condition(), self.simple()),
            6 => {
                let outer = std::mem::replace(&mut self.in_loop, true);
                let body = self.block();
                self.in_loop = outer;
                format!("for {} in {} y; do {body}; done", self.dice.pick(NAMES), self.word())
            }
            7 => format!("({})", self.block()),
            8 => format!("{{ {}; }}", self.block()),
            9 => format!("! {} && {} || {}", self.condition(), self.simple(), self.simple()),
            _ => self.simple(),
        };
        self.depth -= 1;
        made
    }

    fn block(&mut self) -> String {
        let lines = 1 + self.dice.below(2);
        let mut list = self.simple();
        for _ in 1..lines {
            list.push_str("; ");
            list.push_str(&self.statement_or_simple());
        }
        list
    }

    fn statement_or_simple(&mut self) -> String {
        if self.dice.below(3) == 0 { self.statement() } else { self.simple() }
    }

    fn simple(&mut self) -> String {
        match self.dice.below(24) {
            0..=5 => self.assignment(),
            6 | 7 => format!("export {}", self.assignment()),
            8 => format!("export {} {}", self.dice.pick(NAMES), self.dice.pick(NAMES)),
            9 => format!("unset {}", self.dice.pick(NAMES)),
            10 => format!("set -- {} {}", self.word(), self.word()),
            11 => "[ $# -gt 0 ] && shift".to_owned(),
            12 => {
                let folders = ["@FOLDER@/a", "\"@FOLDER@/c\"", "..", "@FOLDER@/a && cd b", "\"$(dirname \"$PWD\")\""];
                format!("cd {}", self.dice.pick(&folders))
            }
            13 if self.in_function => format!("return {}", self.dice.pick(&["", "0", "1"])),
            13 if self.in_loop => self.dice.pick(&["break", "continue"]).to_owned(),
            14 => ". ./sourced 2>/dev/null || true".to_owned(),
            15 => format!("f {}", self.word()),
            16 => format!("eval \"{}\"", self.dice.pick(&["A=4", "export B=x", "set -- u v"])),
            17 => format!(": \"${{{}:={}}}\"", self.dice.pick(NAMES), self.dice.pick(&["d", "e f", ""])),
            18 => format!("cat > /dev/null <<'X'\n$({}\nX\n:", self.dice.pick(NAMES)),
            19 => format!("{} | cat", self.assignment()),
            20 => format!("A=\"$(printf '%s' {})\"", self.dice.pick(&["1", "q"])),
            _ => self.gunicorn(),
        }
    }

    fn gunicorn(&mut self) -> String {
        if self.dice.below(5) == 0 {
            return format!("{}={} {}", self.dice.pick(NAMES), self.word_of_assignment(), self.command());
        }
        self.command()
    }

    fn command(&mut self) -> String {
        self.next += 1;
        let mut line = format!("gunicorn id{}", self.next);
        for _ in 0..self.dice.below(4) {
            line.push(' ');
            line.push_str(&self.word());
        }
        line.push_str(self.dice.pick(&["", "", "", " 2>&1", " >/dev/null", " &"]));
        if line.ends_with('&') && !line.ends_with(">&1") {
            line.push_str(" wait");
        }
        line
    }

    fn assignment(&mut self) -> String {
        format!("{}={}", self.dice.pick(NAMES), self.word_of_assignment())
    }

    fn word_of_assignment(&mut self) -> String {
        match self.dice.below(7) {
            0 => "".to_owned(),
            1 => "'p q'".to_owned(),
            2 => format!("$(( {} + 2 * 3 ))", self.dice.below(9)),
            3 => self.expansion(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> String {
        match self.dice.below(12) {
            0 => "plain".to_owned(),
            1 => "'a $A b'".to_owned(),
            2 => format!("\"{}\"", self.expansion()),
            3 => format!("--bind={}", self.expansion()),
            4 => format!("pre\"{} z\"", self.expansion()),
            5 => "\"$@\"".to_owned(),
            6 => "\"x $*\"".to_owned(),
            7 => "a\\ b".to_owned(),
            8 => "\"\"".to_owned(),
            9 => "\"\\$A \\\"q\\\" \\n\"".to_owned(),
            10 => self.expansion(),
            _ => format!("\"${{{}:-\"{}\"}}\"", self.dice.pick(NAMES), self.dice.pick(&["d", "e f"])),
        }
    }

    fn expansion(&mut self) -> String {
        let name = self.dice.pick(NAMES).to_owned();
        let inner = ["d", "$B", "${C:-n}", "", "k-l", "4"];
        match self.dice.below(13) {
            0 | 1 => format!("${name}"),
            2 => format!("${{{name}}}"),
            3 => format!("${{{name}:-{}}}", self.dice.pick(&inner)),
            4 => format!("${{{name}-{}}}", self.dice.pick(&inner)),
            5 => format!("${{{name}:+{}}}", self.dice.pick(&inner)),
            6 => format!("${{{name}+{}}}", self.dice.pick(&inner)),
            7 => format!("${{{name}#{}}}", self.dice.pick(&["*.", "a", "?", "[0-9]"])),
            8 => format!("${{{name}%{}}}", self.dice.pick(&[".*", ":*", "b", "'*'"])),
            9 => format!("${{{name}%%{}}}", self.dice.pick(&[".*", "/*"])),
            10 => format!("${{#{name}}}"),
            11 => self.dice.pick(&["$1", "${2:-two}", "$#", "${1#-}"]).to_owned(),
            _ => format!("$(basename \"${name}x\")"),
        }
    }

    fn condition(&mut self) -> String {
        let name = self.dice.pick(NAMES).to_owned();
        match self.dice.below(11) {
            0 => format!("[ -z \"${name}\" ]"),
            1 => format!("[ -n \"${{{name}:-}}\" ]"),
            2 => format!("[ \"${name}\" = {} ]", self.dice.pick(&["web", "x", "\"\"", "4"])),
            3 => format!("test \"${{{name}:-web}}\" != web"),
            4 => format!("[ \"$#\" -eq {} ]", self.dice.below(3)),
            5 => "true".to_owned(),
            6 => "false".to_owned(),
            7 => "[ -f ./sourced ]".to_owned(),
            8 => format!("[ -n \"$A\" -a \"${name}\" = x ]"),
            9 => "[ \"${1#-}\" != \"$1\" ]".to_owned(),
            _ => format!("[ ${name} ] 2>/dev/null"),
        }
    }

    fn pattern(&mut self) -> String {
        self.dice.pick(&["web", "x", "[0-9]", "\"p q\"", "a*", "''", "\"$B\"", "*.*"]).to_owned()
    }
}
