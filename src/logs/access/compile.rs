//! Makes steps out of format strings.
//!
//! In: a format's text. Out: literals and fields, each field with what it tells and where it ends. Fields that touch each other
//! cannot be told apart unless one of them has a shape of its own; where they cannot, they are passed over together.

use super::format::{Clock, Escape, Format, Program, Role, Step, Stop};

/// A part of a format string.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Literal(Vec<u8>),
    Field(String),
}

/// Parts of nginx's `log_format`: `$name` and `${name}` (ngx_http_log_compile_format).
pub(super) fn nginx(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once('$') {
        push_literal(&mut parts, literal.as_bytes());
        let (name, left) = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}').ok_or("the closing bracket of a variable is missing")?,
            None => {
                let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
                after.split_at(after.find(|character| !is_part(character)).unwrap_or(after.len()))
            }
        };
        if name.is_empty() {
            return Err("a dollar sign stands without the name of a variable".into());
        }
        parts.push(Part::Field(name.to_owned()));
        rest = left;
    }
    push_literal(&mut parts, rest.as_bytes());
    Ok(parts)
}

/// Parts of gunicorn's `access_log_format`: Python's `%(name)s`, with flags and width, and `%%`.
pub(super) fn gunicorn(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once('%') {
        push_literal(&mut parts, literal.as_bytes());
        if let Some(left) = after.strip_prefix('%') {
            push_literal(&mut parts, b"%");
            rest = left;
            continue;
        }
        let named = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        let (name, after) = named.ok_or("a percent sign stands without a name in brackets")?;
        let flags = |character: char| character.is_ascii_digit() || " -+#0.".contains(character);
        let after = after.trim_start_matches(flags);
        let left = after.strip_prefix(|character: char| character.is_ascii_alphabetic());
        rest = left.ok_or_else(|| format!("%({name}) does not say how it is written, as in %({name})s"))?;
        parts.push(Part::Field(in_its_case(name)));
    }
    push_literal(&mut parts, rest.as_bytes());
    Ok(parts)
}

/// gunicorn looks up headers, which stand in braces, without regard to case; its other names are case-sensitive.
fn in_its_case(name: &str) -> String {
    if name.starts_with('{') { name.to_ascii_lowercase() } else { name.to_owned() }
}

/// Literals that touch become one.
fn push_literal(parts: &mut Vec<Part>, bytes: &[u8]) {
    match parts.last_mut() {
        _ if bytes.is_empty() => {}
        Some(Part::Literal(before)) => before.extend(bytes),
        _ => parts.push(Part::Literal(bytes.to_vec())),
    }
}

/// A format of these parts.
pub(super) fn format(program: Program, text: &str, escape: Escape, parts: Vec<Part>) -> Format {
    let chosen = best(program, &parts);
    let fields = parts.iter().enumerate().map(|(at, part)| match part {
        Part::Literal(bytes) => Piece::Literal(bytes.clone()),
        Part::Field(name) => {
            let role = told_by(program, name).filter(|_| chosen.contains(&at)).map_or(Role::Skip, |(role, _)| role);
            Piece::Field(role, is_list(name))
        }
    });
    let pieces: Vec<Piece> = fields.collect();
    Format { program, text: text.to_owned(), escape, steps: steps(&pieces) }
}

enum Piece {
    Literal(Vec<u8>),
    Field(Role, bool),
}

/// The numbers of the parts to read: of those that tell the same, the most exact one, the first of equals.
fn best(program: Program, parts: &[Part]) -> Vec<usize> {
    let mut chosen: Vec<(usize, usize, u8)> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let Part::Field(name) = part else { continue };
        let Some((role, rank)) = told_by(program, name) else { continue };
        match chosen.iter_mut().find(|(class, ..)| *class == class_of(role)) {
            Some(known) if known.2 >= rank => {}
            Some(known) => *known = (class_of(role), at, rank),
            None => chosen.push((class_of(role), at, rank)),
        }
    }
    chosen.into_iter().map(|(_, at, _)| at).collect()
}

fn class_of(role: Role) -> usize {
    match role {
        Role::Skip => 0,
        Role::Time(_) => 1,
        Role::Request | Role::Path => 2,
        Role::Status => 3,
        Role::Total(_) => 4,
        Role::Service(_) => 5,
        Role::Upstream => 6,
        Role::Id => 7,
        Role::Address => 8,
    }
}

/// What a field tells, and how exactly.
fn told_by(program: Program, name: &str) -> Option<(Role, u8)> {
    match program {
        Program::Nginx => told_by_nginx(name),
        Program::Gunicorn => told_by_gunicorn(name),
    }
}

pub(super) fn told_by_nginx(name: &str) -> Option<(Role, u8)> {
    Some(match name {
        "msec" => (Role::Time(Clock::Seconds), 3),
        "time_iso8601" => (Role::Time(Clock::Iso), 2),
        "time_local" => (Role::Time(Clock::Local), 1),
        "request_uri" => (Role::Path, 3),
        "request" => (Role::Request, 2),
        // After rewriting: perhaps /index.html for everything.
        "uri" | "document_uri" => (Role::Path, 1),
        "status" => (Role::Status, 1),
        "request_time" => (Role::Total(1_000_000), 1),
        "upstream_response_time" => (Role::Upstream, 1),
        "request_id" => (Role::Id, 2),
        "upstream_addr" => (Role::Address, 1),
        _ if is_request_id(name) => (Role::Id, 1),
        _ => return None,
    })
}

/// gunicorn.glogging.Logger.atoms.
fn told_by_gunicorn(name: &str) -> Option<(Role, u8)> {
    Some(match name {
        "t" => (Role::Time(Clock::Local), 1),
        "r" => (Role::Request, 2),
        "U" => (Role::Path, 1),
        "s" => (Role::Status, 1),
        "D" => (Role::Service(1), 4),
        "L" => (Role::Service(1_000_000), 3),
        "M" => (Role::Service(1_000), 2),
        "T" => (Role::Service(1_000_000), 1),
        _ if name.starts_with('{') && is_request_id(name) => (Role::Id, 1),
        _ => return None,
    })
}

/// `http_x_request_id`, `{x-request-id}i`, `{x-correlation-id}i`.
fn is_request_id(name: &str) -> bool {
    let name = name.replace('_', "-");
    ["request-id", "correlation-id"].iter().any(|word| name.contains(word))
}

/// What may hold several values, joined by `, ` and ` : ` (ngx_http_upstream_response_time_variable) or by `, `.
fn is_list(name: &str) -> bool {
    name.starts_with("upstream_") || matches!(name, "http_x_forwarded_for" | "proxy_add_x_forwarded_for" | "{x-forwarded-for}i")
}

fn steps(pieces: &[Piece]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut run = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Field(role, list) => run.push((*role, *list)),
            Piece::Literal(bytes) => {
                let is_last = at + 1 == pieces.len();
                close(&mut steps, &run, if is_last { Stop::End(bytes.len()) } else { Stop::At(bytes.clone()) });
                run.clear();
                steps.push(Step::Literal(bytes.clone()));
            }
        }
    }
    close(&mut steps, &run, Stop::End(0));
    steps
}

/// Ends a run of fields without literals between them.
fn close(steps: &mut Vec<Step>, run: &[(Role, bool)], stop: Stop) {
    let field = |role: Role, stop: Stop, list: bool| Step::Field { role, stop, list };
    match run {
        [] => {}
        [(role @ Role::Time(Clock::Local), list)] => steps.push(field(*role, Stop::Own, *list)),
        [(role, list)] => steps.push(field(*role, stop, *list)),
        [(role @ (Role::Time(_) | Role::Status), _), rest @ ..] => {
            steps.push(field(*role, Stop::Own, false));
            close(steps, rest, stop);
        }
        // `$scheme$host$request_uri`: an address begins with a slash, and nothing before it has one.
        [skipped @ .., (Role::Path, list)] if skipped.iter().all(|(role, _)| *role == Role::Skip) => {
            steps.push(field(Role::Skip, Stop::Slash, false));
            steps.push(field(Role::Path, stop, *list));
        }
        // `$uri$is_args$args`.
        [(Role::Path, _), rest @ ..] if rest.iter().all(|(role, _)| *role == Role::Skip) => {
            steps.push(field(Role::Path, stop, false));
        }
        _ => steps.push(field(Role::Skip, stop, run.iter().any(|(_, list)| *list))),
    }
}
