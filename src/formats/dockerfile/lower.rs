//! From instructions to an image: its stages, each with everything that the stages below give it.
//!
//! In: the instructions of a Dockerfile. Out: one image. A later instruction of the same name wins, variables add up, a folder that is
//! no absolute path lies in the one before, ENTRYPOINT drops a CMD that comes from below. ONBUILD is for other images.

use super::words::{Looked, exec_form, split, value};
use super::{Dockerfile, Instruction, here};
use crate::expr::{Environment, Variable, Word};
use crate::formats::{Forest, Lowered};
use crate::model::named::Named;
use crate::model::piece::{Copied, Image, Piece, Process, Stage};
use crate::source::paths::plain;
use crate::source::{DocumentId, Excerpt, MAX_GROWN, Span};
use crate::value::{Item, Known, Origin, Setting, Value};
use crate::vocabulary::{docker, images};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

/// Variables that images set with values of their own.
const SET_BELOW: &[&str] = &["PATH", "LANG", "HOME", "HOSTNAME", "GPG_KEY", "PYTHON_VERSION", "PYTHON_SHA256"];

/// Variables and copied files that stages may take over from others, all together. Real files stay below some hundred.
const MAX_COPIED: usize = 500_000;

/// Lowers a Dockerfile.
pub fn lower(document: DocumentId, file: &Dockerfile, forest: &Forest<'_>) -> Lowered {
    let own = forest.documents.path(document).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut building = Building {
        escape: file.escape,
        file: own,
        outer: BTreeMap::new(),
        stages: Vec::new(),
        names: HashMap::new(),
        copied: 0,
        grown: 0,
    };
    for instruction in &file.instructions {
        building.instruction(instruction);
        if building.is_beyond() {
            return too_many(document);
        }
    }
    let stages: Vec<Stage> = building.stages.into_iter().map(|open| open.stage).collect();
    if stages.is_empty() {
        return Lowered::default();
    }
    let name = name(forest.documents.path(document)).into();
    Lowered::piece(Piece::Image(Image { document, name, stages }))
}

/// How an image is called: after what its file's name adds to "Dockerfile", else after the folder.
fn name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let lower = file.to_ascii_lowercase();
    let own = lower
        .strip_suffix(".dockerfile")
        .or_else(|| lower.strip_prefix("dockerfile."))
        .or_else(|| lower.strip_prefix("dockerfile-"));
    let folder = || path.parent().and_then(Path::file_name).map(|folder| folder.to_string_lossy().into_owned());
    own.map(str::to_owned).or_else(folder).filter(|name| !name.is_empty()).unwrap_or_else(|| "image".to_owned())
}

fn too_many(document: DocumentId) -> Lowered {
    let reason = format!(
        "its stages take over more than {MAX_COPIED} things from each other, or its variables stand for more than {} MiB: the most that gearmesh reads of one Dockerfile",
        MAX_GROWN >> 20
    );
    Lowered::too_much(document, "Dockerfile", reason)
}

struct Building {
    escape: char,
    /// The name of the Dockerfile.
    file: String,
    /// ARG before the first FROM.
    outer: BTreeMap<Arc<str>, Variable>,
    stages: Vec<Open>,
    /// The last stage of each name.
    names: HashMap<Arc<str>, usize>,
    /// What stages have taken over from others.
    copied: usize,
    /// Bytes of the values of variables of the stages before the last one.
    grown: usize,
}

/// A stage that instructions are added to.
#[derive(Clone)]
struct Open {
    stage: Stage,
    arguments: BTreeMap<Arc<str>, Variable>,
    /// The stage itself has a CMD.
    has_command: bool,
    shell: Option<Vec<Word>>,
    /// Bytes of the values of its variables.
    grown: usize,
}

impl Building {
    fn instruction(&mut self, one: &Instruction) {
        match (one.name.as_str(), self.stages.last_mut()) {
            ("FROM", _) => self.from(one),
            ("ARG", None) => self.outer_argument(one),
            ("ARG", Some(open)) => open.argument(one, self.escape, &self.outer),
            (_, Some(open)) => open.instruction(one, self.escape, &self.file),
            _ => {}
        }
    }

    fn outer_argument(&mut self, one: &Instruction) {
        for raw in split(&one.rest, self.escape) {
            let outer = &self.outer;
            let look = |name: &str| outer.get(name).map_or(Looked::Unset, |variable| Looked::Set(variable.clone()));
            let (name, variable) = argument(&raw, self.escape, &look);
            self.grown += variable.as_ref().map_or(0, Variable::length);
            self.outer.insert(name, variable.unwrap_or_else(|| not_given(raw.span())));
        }
    }

    fn from(&mut self, one: &Instruction) {
        let words: Vec<Excerpt> =
            split(&one.rest, self.escape).into_iter().skip_while(|word| word.text.starts_with("--")).collect();
        let Some(image) = words.first() else { return };
        let alias = words.get(1).filter(|word| word.text.eq_ignore_ascii_case("as")).and_then(|_| words.get(2));
        let outer = &self.outer;
        let look = |name: &str| outer.get(name).map_or(Looked::Absent, |variable| Looked::Set(variable.clone()));
        let image = value(image, self.escape, &look);
        let name: Option<Arc<str>> = alias.map(|alias| alias.text.to_ascii_lowercase().into());
        let below = image.as_text().and_then(|text| {
            let text = text.to_ascii_lowercase();
            self.names.get(text.as_str()).and_then(|number| self.stages.get(*number))
        });
        let mut open = match below {
            Some(below) => below.taken_over(),
            None => Open::on(image.text),
        };
        self.copied += below.map_or(0, |below| below.stage.process.environment.len() + below.stage.copies.len());
        self.grown += self.stages.last().map_or(0, |open| open.grown);
        (open.stage.name, open.stage.anchor) = (name.clone(), one.span);
        self.names.extend(name.map(|name| (name, self.stages.len())));
        self.stages.push(open);
    }

    fn is_beyond(&self) -> bool {
        let grown = self.grown + self.stages.last().map_or(0, |open| open.grown);
        self.copied > MAX_COPIED || grown > MAX_GROWN
    }
}

/// `NAME` or `NAME=default`; what the builder gives wins.
fn argument(raw: &Excerpt, escape: char, look: &dyn Fn(&str) -> Looked) -> (Arc<str>, Option<Variable>) {
    let Some((name, _)) = raw.text.split_once('=') else { return (raw.text.as_str().into(), None) };
    let word = value(&raw.part(name.len() + 1, raw.text.len()), escape, look);
    let mut assuming = word.assuming;
    assuming.push(format!("the build argument {name} is not given").into());
    (name.into(), Some(Variable { value: word.text, span: Some(raw.span()), assuming }))
}

fn not_given(span: Span) -> Variable {
    Variable::new(Value::unknown("it is given when the image is built"), Some(span))
}

impl Open {
    /// What a stage on top of this one begins with.
    fn taken_over(&self) -> Open {
        let (stage, shell) = (self.stage.clone(), self.shell.clone());
        Open { stage, shell, arguments: BTreeMap::new(), has_command: false, grown: 0 }
    }

    /// A stage on an image from elsewhere.
    fn on(base: Value) -> Open {
        let known = base.as_text().and_then(images::base);
        let closed = known.is_some_and(|base| base.sets_no_variable);
        let mut environment = Environment::empty(closed);
        for name in SET_BELOW.iter().filter(|_| closed) {
            environment.set(name, Variable::new(Value::unknown("the image below sets it"), None));
        }
        let process = Process { environment, settings: Named::new(), ..Process::default() };
        let anchor = Span { document: DocumentId(0), start: 0, end: 0 };
        let stage = Stage { name: None, base, process, copies: Vec::new(), anchor };
        Open { stage, arguments: BTreeMap::new(), has_command: false, shell: None, grown: 0 }
    }

    fn look(&self, name: &str) -> Looked {
        match (self.stage.process.environment.get(name), self.arguments.get(name)) {
            (Some(variable), _) | (None, Some(variable)) => Looked::Set(variable.clone()),
            _ if self.stage.process.environment.closed => Looked::Unset,
            _ => Looked::Absent,
        }
    }

    fn text(&self, raw: &Excerpt, escape: char) -> Word {
        value(raw, escape, &|name| self.look(name))
    }

    fn set(&mut self, name: &'static str, word: Word) {
        let origin = Origin::Written { span: word.span };
        let setting = Setting { assuming: word.assuming.into(), ..Setting::new(word.text, origin) };
        self.stage.process.settings.insert(name, setting);
    }

    fn argument(&mut self, one: &Instruction, escape: char, outer: &BTreeMap<Arc<str>, Variable>) {
        for raw in split(&one.rest, escape) {
            let (name, variable) = argument(&raw, escape, &|name| self.look(name));
            let variable = variable.or_else(|| outer.get(&name).cloned()).unwrap_or_else(|| not_given(raw.span()));
            self.grown += variable.length();
            self.arguments.insert(name, variable);
        }
    }

    fn instruction(&mut self, one: &Instruction, escape: char, file: &str) {
        match one.name.as_str() {
            "ENV" => self.environment(one, escape),
            "WORKDIR" => self.folder(one, escape),
            "USER" => {
                let word = self.text(&one.rest, escape);
                let user = word.as_text().and_then(|text| text.split(':').next()).map(Value::text);
                self.set("user", Word { text: user.unwrap_or_else(|| word.text.clone()), ..word });
            }
            "STOPSIGNAL" => {
                let word = self.text(&one.rest, escape);
                let signal = word.as_text().map(|text| Value::text(docker::signal(text)));
                self.set("stop_signal", Word { text: signal.unwrap_or_else(|| word.text.clone()), ..word });
            }
            "EXPOSE" => self.ports(one, escape),
            "SHELL" => self.shell = exec_form(&one.rest),
            "CMD" => {
                self.stage.process.command = Some(self.command(one));
                self.has_command = true;
            }
            "ENTRYPOINT" => {
                self.stage.process.entrypoint = Some(self.command(one));
                if !self.has_command {
                    self.stage.process.command = None;
                }
            }
            "COPY" | "ADD" => {
                let copied = copies(one, escape).into_iter().chain(here::copies(one, escape, file));
                let from = self.stage.process.settings.get("working_directory").and_then(|folder| folder.value.as_text());
                let from = from.unwrap_or("/").to_owned();
                let placed = |copied: Copied| {
                    let slash = if copied.to.ends_with('/') || matches!(&*copied.to, "." | "./") { "/" } else { "" };
                    let to = plain(&Path::new(&from).join(&*copied.to)).to_string_lossy().into_owned();
                    Copied { to: format!("{}{slash}", to.trim_end_matches('/')).into(), ..copied }
                };
                self.stage.copies.extend(copied.map(placed));
            }
            _ => {}
        }
    }

    /// `ENV NAME=value ...`, or the older `ENV NAME value`.
    fn environment(&mut self, one: &Instruction, escape: char) {
        let words = split(&one.rest, escape);
        let is_older = words.first().is_some_and(|word| !word.text.contains('='));
        let mut set = Vec::new();
        if is_older {
            let Some(name) = words.first() else { return };
            let start = one.rest.text.find([' ', '\t']).unwrap_or(one.rest.text.len());
            let start = start + one.rest.text.get(start..).map_or(0, |rest| rest.len() - rest.trim_start().len());
            set.push((name.text.clone(), one.rest.part(start, one.rest.text.len()), one.rest.span()));
        } else {
            for word in words {
                let Some((name, _)) = word.text.split_once('=') else { continue };
                set.push((name.trim_matches(['"', '\'']).to_owned(), word.part(name.len() + 1, word.text.len()), word.span()));
            }
        }
        // All of one instruction see the variables as they were before it.
        let values: Vec<(String, Variable)> = set
            .into_iter()
            .map(|(name, raw, span)| {
                let word = self.text(&raw, escape);
                (name, Variable { value: word.text, span: Some(span), assuming: word.assuming })
            })
            .collect();
        for (name, variable) in values {
            self.grown += variable.length();
            self.stage.process.environment.set(&name, variable);
        }
    }

    fn folder(&mut self, one: &Instruction, escape: char) {
        let word = self.text(&one.rest, escape);
        let below = self.stage.process.settings.get("working_directory").map(|folder| folder.value.clone());
        let root = self.stage.base.as_text().and_then(images::base).and_then(|base| base.directory);
        let below = below.or_else(|| root.map(Value::text)).unwrap_or_else(|| Value::unknown("the folder of the image below"));
        let path = match (word.as_text(), below.as_text()) {
            (Some(path), _) if path.starts_with('/') => Value::text(plain(Path::new(path)).to_string_lossy()),
            (Some(path), Some(below)) => Value::text(plain(&Path::new(below).join(path)).to_string_lossy()),
            (Some(_), None) => below,
            (None, _) => word.text.clone(),
        };
        self.set("working_directory", Word { text: path, ..word });
    }

    fn ports(&mut self, one: &Instruction, escape: char) {
        let mut items: Vec<Item> = match self.stage.process.settings.get("expose") {
            Some(setting) => setting.value.items().to_vec(),
            None => Vec::new(),
        };
        for raw in split(&one.rest, escape) {
            let word = self.text(&raw, escape);
            let port = word.as_text().map(|text| Value::text(text.trim_end_matches("/tcp")));
            items.push(Item { value: port.unwrap_or_else(|| word.text.clone()), origin: Origin::Written { span: word.span } });
        }
        let value = Value::Known(Known::List(items.into()));
        self.stage.process.settings.insert("expose", Setting::new(value, Origin::Written { span: one.span }));
    }

    /// The words of CMD or ENTRYPOINT.
    fn command(&self, one: &Instruction) -> Vec<Word> {
        if let Some(words) = exec_form(&one.rest) {
            return words;
        }
        let here = |text: &str| {
            let (start, end) = (one.name_span.start as usize, one.name_span.end as usize);
            let mut excerpt = Excerpt::at(one.name_span.document, start);
            text.chars().for_each(|c| excerpt.push(c, start, end));
            Word::known(excerpt)
        };
        let shell = self.shell.clone().unwrap_or_else(|| vec![here("/bin/sh"), here("-c")]);
        shell.into_iter().chain([Word::known(one.rest.clone())]).collect()
    }
}

/// What COPY or ADD takes from the repository, as it is written.
pub(super) fn copies(one: &Instruction, escape: char) -> Vec<Copied> {
    if !matches!(one.name.as_str(), "COPY" | "ADD") || one.rest.text.contains("<<") {
        return Vec::new();
    }
    let words = split(&one.rest, escape);
    let flags = words.iter().take_while(|word| word.text.starts_with("--")).count();
    if words.iter().take(flags).any(|flag| flag.text.starts_with("--from")) {
        return Vec::new();
    }
    let rest = words.get(flags).map(|first| {
        let start = first.span().start;
        one.rest.part(
            one.rest.text.char_indices().map(|(at, _)| at).find(|at| one.rest.span_of(*at, *at).start == start).unwrap_or(0),
            one.rest.text.len(),
        )
    });
    let listed = rest
        .as_ref()
        .and_then(exec_form)
        .map(|words| words.iter().filter_map(|word| word.as_text().map(str::to_owned)).collect());
    let plain_words = || words.iter().skip(flags).map(|word| word.text.trim_matches(['"', '\'']).to_owned()).collect();
    let words: Vec<String> = listed.unwrap_or_else(plain_words);
    let Some((to, sources)) = words.split_last() else { return Vec::new() };
    let literal = |text: &&String| !text.contains(['$', '*', '?', '[']);
    if !literal(&to) {
        return Vec::new();
    }
    sources.iter().filter(literal).map(|from| Copied { from: from.as_str().into(), to: to.as_str().into() }).collect()
}
