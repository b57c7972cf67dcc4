//! Templates: texts that become a configuration once their placeholders are filled in.
//!
//! In: a document and its tree. Out: the kind of its placeholders and the first of them. `{{ }}`, `{% %}` and `<% %>` cannot be read
//! as nginx syntax and are looked for in the text where reading it gave problems; the other kinds are words of a sound syntax.

use std::collections::HashSet;

use super::TemplateKind::{AtSigns, Envsubst, Erb, Jinja, Underscores};
use super::{Statement, Template, TemplateKind, Token, Tree};
use crate::source::{Document, Span};

/// How far behind its start the end of a tag is looked for, in bytes.
const LONGEST_TAG: usize = 1000;

pub fn find(document: &Document, text: &str, tree: &Tree) -> Option<Template> {
    let tag = if tree.problems.is_empty() { None } else { find_tag(document, text, tree) };
    tag.or_else(|| find_placeholder(document, tree))
}

/// The first tag outside Lua code, where two braces begin a table.
fn find_tag(document: &Document, text: &str, tree: &Tree) -> Option<Template> {
    let mut lua = tree.statements.iter().filter_map(|statement| statement.lua_body).peekable();
    for at in memchr::memchr2_iter(b'{', b'<', text.as_bytes()) {
        while lua.next_if(|body| (body.end as usize) <= at).is_some() {}
        if lua.peek().is_some_and(|body| (body.start as usize) <= at) {
            continue;
        }
        if let Some((kind, length)) = text.as_bytes().get(at..).and_then(tag) {
            return Some(Template { kind, span: document.span(at, at + length) });
        }
    }
    None
}

/// The kind and length of the tag that a text begins with.
fn tag(text: &[u8]) -> Option<(TemplateKind, usize)> {
    let near = text.get(..LONGEST_TAG).unwrap_or(text);
    let length = |close: &[u8]| memchr::memmem::find(near, close).map(|at| at + close.len());
    if near.starts_with(b"{%") {
        Some((Jinja, length(b"%}")?))
    } else if near.starts_with(b"<%") {
        Some((Erb, length(b"%>")?))
    } else if near.starts_with(b"{{") {
        let length = length(b"}}")?;
        // Braces doubled by mistake hold statements.
        let is_expression = near.get(..length).is_some_and(|tag| memchr::memchr2(b';', b'\n', tag).is_none());
        is_expression.then_some((Jinja, length))
    } else {
        None
    }
}

/// What every placeholder that stands in words has in it, but for those with `@`.
const MARKS: [&[u8]; 3] = [b"${", b"__", b"<%"];

fn find_placeholder(document: &Document, tree: &Tree) -> Option<Template> {
    let bytes = &document.bytes;
    if memchr::memchr(b'@', bytes).is_none() && MARKS.iter().all(|mark| memchr::memmem::find(bytes, mark).is_none()) {
        return None;
    }
    let mut defined: Option<HashSet<&[u8]>> = None;
    for token in tree.statements.iter().flat_map(tokens) {
        let raw = document.slice(token.span);
        for at in memchr::memchr3_iter(b'$', b'@', b'_', raw) {
            let Some((kind, length)) = placeholder(raw, at) else { continue };
            if kind == Envsubst {
                let name = raw.get(at + 2..at + length - 1).unwrap_or_default();
                if defined.get_or_insert_with(|| defined_variables(tree)).contains(name) {
                    continue;
                }
            }
            return Some(Template { kind, span: part(token, at, length) });
        }
        // nginx reads `listen <%= port %>;` as words.
        if let Some(at) = memchr::memmem::find(raw, b"<%").filter(|_| !token.quoted) {
            return Some(Template { kind: Erb, span: part(token, at, raw.len() - at) });
        }
    }
    None
}

fn tokens(statement: &Statement) -> impl Iterator<Item = &Token> {
    std::iter::once(&statement.name).chain(&statement.args)
}

fn part(token: &Token, at: usize, length: usize) -> Span {
    let start = token.span.start as usize + at;
    Span::new(token.span.document, start, start + length)
}

/// The kind and length of the placeholder at an offset of a word.
fn placeholder(raw: &[u8], at: usize) -> Option<(TemplateKind, usize)> {
    let rest = raw.get(at..)?;
    let name_from = |from: usize| {
        let name = rest.get(from..).unwrap_or_default();
        let length = name.iter().take_while(|byte| is_name(byte)).count();
        if name.first().is_some_and(u8::is_ascii_uppercase) { length } else { 0 }
    };
    let is_whole = |length: usize| {
        let before = at.checked_sub(1).and_then(|at| raw.get(at));
        let after = rest.get(length);
        [before, after].into_iter().flatten().all(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
    };
    let (kind, length) = match rest {
        [b'$', b'{', ..] => {
            let name = name_from(2);
            return (name > 0 && rest.get(2 + name) == Some(&b'}')).then_some((Envsubst, name + 3));
        }
        [b'@', ..] => {
            let name = name_from(1);
            (AtSigns, (name > 0 && rest.get(1 + name) == Some(&b'@')).then_some(name + 2)?)
        }
        [b'_', b'_', ..] if at == 0 || raw.get(at - 1) != Some(&b'_') => {
            let name = name_from(2);
            (Underscores, rest.get(..2 + name).is_some_and(|word| name > 2 && word.ends_with(b"__")).then_some(2 + name)?)
        }
        _ => return None,
    };
    is_whole(length).then_some((kind, length))
}

fn is_name(byte: &u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_'
}

/// Names of the variables that the text itself defines, without `$`.
fn defined_variables(tree: &Tree) -> HashSet<&[u8]> {
    let defines = |name: &str| {
        matches!(name, "geo" | "js_var" | "map" | "split_clients") || name.starts_with("set") || name.ends_with("_set")
    };
    let definitions = tree.statements.iter().filter(|statement| defines(&statement.name.text));
    definitions
        .flat_map(|statement| &statement.args)
        .filter_map(|token| token.text.strip_prefix('$'))
        .map(str::as_bytes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{TemplateKind, parse};
    use super::*;
    use crate::source::DocumentId;

    #[track_caller]
    fn template(text: &str, expected: Option<(TemplateKind, &str)>) {
        let document = Document::new(DocumentId(0), "t", text.as_bytes().to_vec());
        let found = parse(&document).template;
        let seen = found.map(|template| (template.kind, document.text(template.span).into_owned()));
        assert_eq!(seen, expected.map(|(kind, first)| (kind, first.to_owned())), "{text}");
    }

    #[test]
    fn each_kind_is_recognised_at_its_first_placeholder() {
        template("server_name {{ domain }};\n", Some((Jinja, "{{ domain }}")));
        template("{% if tls -%}\nlisten 443 ssl;\n{% endif %}\n", Some((Jinja, "{% if tls -%}")));
        template("<% if tls %>\nlisten 443 ssl;\n<% end %>\n", Some((Erb, "<% if tls %>")));
        template("root <%= @root %>/public;", Some((Erb, "<%=")));
        template("<% if tls %>", Some((Erb, "<% if tls %>")));
        template("root /var/www/__APP__/static;", Some((Underscores, "__APP__")));
        template("root \"/srv/${APP_ROOT}/a\"; index __X__;", Some((Envsubst, "${APP_ROOT}")));
        template("server_name @HOST@;", Some((AtSigns, "@HOST@")));
    }

    #[test]
    fn a_configuration_is_no_template() {
        template("return 200 ${host}$uri; set $A 1; return 200 ${A};", None);
        template("location @APP { try_files $uri @APP; }", None);
        template("# {{ ansible_managed }} __NAME__ ${NAME}\nadd_header X '{{ a }} {% b %} <% c %>';", None);
        template("alias /a__B__c/__init__.py; alias /____/__;", None);
        template("content_by_lua_block { local t = {{1}, {2}} } }", None);
        template("location / {{ return 200; }}", None);
    }

    #[test]
    fn tags_in_quotes_and_comments_count_when_the_text_has_problems() {
        template("# {{ managed }}\n}", Some((Jinja, "{{ managed }}")));
        template("root \"{{ root }}\"; }", Some((Jinja, "{{ root }}")));
    }
}
