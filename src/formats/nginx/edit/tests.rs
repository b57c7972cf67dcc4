//! How files look after an edit, for the layouts that people use.

use super::{edit, spell};
use crate::edit::{Operation, Order, Place, Tongue, apply};
use crate::model::Kind;
use crate::source::{Document, DocumentId, Span};
use crate::value::{Duration, Known};

/// The first place of a text in another.
fn place(text: &str, part: &str) -> Span {
    let start = text.find(part).unwrap_or_else(|| panic!("{part:?} is not in {text:?}"));
    Span::new(DocumentId(0), start, start + part.len())
}

fn done(text: &[u8], order: &Order) -> Result<Vec<u8>, String> {
    let document = Document::new(DocumentId(0), "nginx.conf", text.to_vec());
    let edits = edit(&document, &super::super::parse(&document), order).map_err(|refusal| refusal.0)?;
    Ok(apply(text, &edits).expect("edits do not overlap"))
}

fn order(operation: Operation, kind: Kind, name: &str, place: Place, to: Option<Known>) -> Order {
    Order { operation, tongue: Tongue::Own, kind, name: name.into(), place, was: None, to }
}

fn known(to: &str) -> Known {
    match to {
        "on" => Known::Boolean(true),
        to if to.ends_with('s') && to.trim_end_matches('s').parse::<i64>().is_ok() => Known::Duration(Duration {
            milliseconds: to.trim_end_matches('s').parse::<i64>().unwrap() * 1000,
            written: "".into(),
        }),
        to => Known::Text(to.into()),
    }
}

/// A directive of a route that is written as `part` gets another value.
#[track_caller]
fn sets(text: &str, part: &str, to: &str, expected: &str) {
    let name = part.split([' ', '\t', '\n']).next().unwrap_or(part);
    let order = order(Operation::Set, Kind::Route, name, Place::Written(place(text, part)), Some(known(to)));
    let after = done(text.as_bytes(), &order).map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(after.as_deref(), Ok(expected));
}

/// A directive comes into the block with that head.
#[track_caller]
fn comes(text: &str, head: &str, directive: &str, expected: &str) {
    let (name, to) = directive.split_once(' ').unwrap();
    let home = if head.is_empty() { Span::new(DocumentId(0), 0, 0) } else { place(text, head) };
    let kind = match head.split(' ').next() {
        Some("") => Kind::Nginx,
        Some("server") => Kind::Server,
        Some("upstream") => Kind::Upstream,
        _ => Kind::Route,
    };
    let after = done(text.as_bytes(), &order(Operation::Set, kind, name, Place::Home(home), Some(known(to))));
    let after = after.map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(after.as_deref(), Ok(expected));
}

#[track_caller]
fn goes(text: &str, part: &str, expected: &str) {
    let order = order(Operation::Unset, Kind::Route, "x", Place::Written(place(text, part)), None);
    let after = done(text.as_bytes(), &order).map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(after.as_deref(), Ok(expected));
}

#[track_caller]
fn refuses(text: &str, order: &Order, why: &str) {
    assert_eq!(
        done(text.as_bytes(), order).map_err(|found| found.contains(why)),
        Err(true),
        "{:?}",
        done(text.as_bytes(), order)
    );
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    let text = "location / {\r\n\tproxy_read_timeout\t 60s ; # why\r\n}";
    sets(text, "proxy_read_timeout\t 60s ;", "125s", "location / {\r\n\tproxy_read_timeout\t 125s ; # why\r\n}");
    sets("a { alias '/x'; }", "alias '/x';", "/x/", "a { alias '/x/'; }");
    sets("a { alias \"/x\"; }", "alias \"/x\";", "/a\"b", "a { alias \"/a\\\"b\"; }");
    sets("a { alias /x; }", "alias /x;", "/a b/", "a { alias \"/a b/\"; }");
    sets("proxy_buffers 4  8k;", "proxy_buffers 4  8k;", "8 8k", "proxy_buffers 8  8k;");
    sets("keepalive_timeout 65 60;", "keepalive_timeout 65 60;", "5s", "keepalive_timeout 5s 60;");
    let text = "proxy_next_upstream\n  error # a\n  timeout\n  non_idempotent # c\n  ;";
    let after = "proxy_next_upstream\n  error # a\n  timeout\n # c\n  ;";
    sets(text, text, "error timeout", after);
    sets("proxy_next_upstream error;", "proxy_next_upstream error;", "error timeout", "proxy_next_upstream error timeout;");
}

#[test]
fn a_directive_comes_beside_its_family() {
    comes(
        "server {\n  location / {\n    proxy_pass http://a; # app\n    add_header A b;\n  }\n}\n",
        "location /",
        "proxy_read_timeout 125s",
        "server {\n  location / {\n    proxy_pass http://a; # app\n    proxy_read_timeout 125s;\n    add_header A b;\n  }\n}\n",
    );
    comes(
        "location / { proxy_pass x; }",
        "location /",
        "proxy_read_timeout 5s",
        "location / { proxy_pass x; proxy_read_timeout 5s; }",
    );
    comes(
        "location / {proxy_pass x;}",
        "location /",
        "proxy_read_timeout 5s",
        "location / {proxy_pass x; proxy_read_timeout 5s;}",
    );
    comes("location / {}", "location /", "resolver 127.0.0.11", "location / { resolver 127.0.0.11; }");
    comes("location / {   }\n", "location /", "resolver 127.0.0.11", "location / { resolver 127.0.0.11; }\n");
    comes("location / {\r\n}\r\n", "location /", "resolver 1.1.1.1", "location / {\r\n    resolver 1.1.1.1;\r\n}\r\n");
    comes(
        "server {\n\tlocation /\n\t{\n\t\t# nothing\n\t}\n}",
        "location /",
        "root /srv",
        "server {\n\tlocation /\n\t{\n\t\troot /srv;\n\t\t# nothing\n\t}\n}",
    );
    comes("server {\n\tlocation / {\n\t}\n}", "location /", "root /srv", "server {\n\tlocation / {\n\t\troot /srv;\n\t}\n}");
    comes(
        "location / {\n    proxy_set_header   Host       $host;\n    proxy_pass         http://a;\n}\n",
        "location /",
        "proxy_read_timeout 9s",
        "location / {\n    proxy_set_header   Host       $host;\n    proxy_pass         http://a;\n    proxy_read_timeout 9s;\n}\n",
    );
    comes(
        "server {\n    location / {\n    }\n}\n",
        "server",
        "client_max_body_size 5m",
        "server {\n    client_max_body_size 5m;\n    location / {\n    }\n}\n",
    );
    comes(
        "upstream a {\n    server b;\n    keepalive 16; # few\n    # end\n}",
        "upstream a",
        "keepalive_timeout 4s",
        "upstream a {\n    server b;\n    keepalive 16; # few\n    keepalive_timeout 4s;\n    # end\n}",
    );
}

#[test]
fn a_directive_comes_after_what_stands_before_other_blocks() {
    comes(
        "server {\n  listen 80;\n  location / { }\n  root /x;\n}",
        "server",
        "underscores_in_headers on",
        "server {\n  listen 80;\n  underscores_in_headers on;\n  location / { }\n  root /x;\n}",
    );
    comes("server { listen 80; location / { } }", "server", "http2 on", "server { listen 80; http2 on; location / { } }");
    comes("server {location / { } }", "server", "http2 on", "server { http2 on;location / { } }");
}

#[test]
fn main_and_events_have_directives_of_their_own() {
    let text = "user www;\n\nevents {\n  use epoll;\n}\nhttp {\n}";
    comes(text, "", "worker_rlimit_nofile 9", "user www;\nworker_rlimit_nofile 9;\n\nevents {\n  use epoll;\n}\nhttp {\n}");
    comes(text, "", "worker_connections 9", "user www;\n\nevents {\n  use epoll;\n  worker_connections 9;\n}\nhttp {\n}");
    comes("events {}", "", "worker_connections 9", "events { worker_connections 9; }");
    comes(
        "# top\n\n# events\nevents {}\nhttp {}\n",
        "",
        "worker_rlimit_nofile 9",
        "# top\n\nworker_rlimit_nofile 9;\n# events\nevents {}\nhttp {}\n",
    );
    let marked = "\u{feff}events {}\r\nhttp {}\r\n";
    comes(marked, "", "worker_rlimit_nofile 9", "\u{feff}worker_rlimit_nofile 9;\r\nevents {}\r\nhttp {}\r\n");
    let site = Place::Home(Span::new(DocumentId(0), 0, 0));
    let order = order(Operation::Set, Kind::Nginx, "worker_rlimit_nofile", site, Some(Known::Integer(9)));
    refuses("server { }", &order, "no main file");
}

#[test]
fn what_an_if_does_not_take_comes_into_the_block_around_it() {
    let text = "server {\n location / {\n  if ($x) {\n   proxy_pass http://a;\n  }\n }\n}\n";
    let after = "server {\n location / {\n  proxy_read_timeout 5s;\n  if ($x) {\n   proxy_pass http://a;\n  }\n }\n}\n";
    comes(text, "if ($x)", "proxy_read_timeout 5s", after);
}

#[test]
fn http2_moves_out_of_listen() {
    let text = "server {\n    listen 443 ssl http2;\n    listen [::]:443 http2 ssl;\n    server_name a;\n}\n";
    let after = "server {\n    listen 443 ssl;\n    listen [::]:443 ssl;\n    http2 on;\n    server_name a;\n}\n";
    comes(text, "server", "http2 on", after);
}

#[test]
fn a_statement_goes_with_its_line() {
    goes("a 1;\r\n  b 2; # why\r\nc 3;\r\n", "b 2;", "a 1;\r\nc 3;\r\n");
    goes("x { a 1; b 2; }", "b 2;", "x { a 1; }");
    goes("x { a 1; b 2; }", "a 1;", "x { b 2; }");
    goes("x { a 1; }", "a 1;", "x { }");
    goes("x {a 1;}", "a 1;", "x {}");
    goes("x {\n  a 1; b 2;\n}", "a 1;", "x {\n  b 2;\n}");
    goes("x {\n  a 1; b 2; # of both\n}", "b 2;", "x {\n  a 1; # of both\n}");
    goes("a 1;\nb\n  2\n  3;\nc 4;", "b\n  2\n  3;", "a 1;\nc 4;");
    goes("a 1;\nb 2;", "b 2;", "a 1;\n");
}

#[track_caller]
fn adds(text: &str, part: &str, to: &str, expected: &str) {
    let order = order(Operation::Add, Kind::Route, "proxy_set_header", Place::Written(place(text, part)), Some(known(to)));
    let after = done(text.as_bytes(), &order).map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(after.as_deref(), Ok(expected));
}

#[test]
fn an_entry_comes_beside_those_of_its_level() {
    let text = "proxy_set_header Host $host;\nproxy_set_header  A      b;\nlocation / { proxy_pass x; }\n";
    adds(
        text,
        "proxy_set_header Host $host;",
        "X-Forwarded-Proto $scheme",
        "proxy_set_header Host $host;\nproxy_set_header  A      b;\nproxy_set_header  X-Forwarded-Proto $scheme;\n\
         location / { proxy_pass x; }\n",
    );
    adds("proxy_set_header A b;", "proxy_set_header A b;", "A b", "proxy_set_header A b;");
    adds(
        "proxy_set_header A b;",
        "proxy_set_header A b;",
        "Connection \"\"",
        "proxy_set_header A b; proxy_set_header Connection \"\";".replace("; p", ";\np").as_str(),
    );
    adds(" include proxy_params;\n", "include proxy_params;", "A b", " include proxy_params;\n proxy_set_header A b;\n");
}

#[test]
fn an_entry_goes_for_another() {
    let text = "proxy_set_header   X-Forwarded-Ssl  $scheme; # old";
    let mut order = order(
        Operation::Set,
        Kind::Route,
        "proxy_set_header",
        Place::Written(place(text, "proxy_set_header   X-Forwarded-Ssl  $scheme;")),
        Some(known("X-Forwarded-Proto $scheme")),
    );
    refuses(text, &order, "several directives");
    order.was = Some(known("X-Forwarded-Ssl $scheme"));
    assert_eq!(done(text.as_bytes(), &order).unwrap(), b"proxy_set_header   X-Forwarded-Proto  $scheme; # old");
    let include = "include proxy_params;";
    order.place = Place::Written(place(include, include));
    refuses(include, &order, "proxy_params, which is not at hand");
}

#[track_caller]
fn connects(text: &str, token: &str, address: &str, expected: &str) {
    let order = order(Operation::Set, Kind::Route, "peers", Place::Written(place(text, token)), Some(known(address)));
    assert_eq!(done(text.as_bytes(), &order).map(|bytes| String::from_utf8(bytes).unwrap()).as_deref(), Ok(expected));
}

#[test]
fn an_address_becomes_another() {
    connects("server 127.0.0.1:1 weight=5;", "127.0.0.1:1", "unix:/run/a", "server unix:/run/a weight=5;");
    connects("proxy_pass http://127.0.0.1:1;", "http://127.0.0.1:1", "unix:/run/a", "proxy_pass http://unix:/run/a;");
    connects("proxy_pass http://127.0.0.1:1/x/;", "http://127.0.0.1:1/x/", "unix:/run/a", "proxy_pass http://unix:/run/a:/x/;");
    connects("proxy_pass \"http://unix:/a:/x\";", "\"http://unix:/a:/x\"", "[::1]:8", "proxy_pass \"http://[::1]:8/x\";");
    connects("uwsgi_pass unix:/a;", "unix:/a", "127.0.0.1:8", "uwsgi_pass 127.0.0.1:8;");
}

#[track_caller]
fn begins(text: &str, head: &str, prefix: &str) -> Result<String, String> {
    let order = order(Operation::Set, Kind::Location, "prefix", Place::Written(place(text, head)), Some(known(prefix)));
    done(text.as_bytes(), &order).map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn a_location_gets_another_prefix_unless_others_are_in_its_way() {
    assert_eq!(begins("location /s { }", "location /s", "/s/").unwrap(), "location /s/ { }");
    assert_eq!(begins("location ^~/s{ }", "location ^~/s", "/s/").unwrap(), "location ^~/s/{ }");
    assert_eq!(begins("location ^~ '/s' { }", "location ^~ '/s'", "/s/").unwrap(), "location ^~ '/s/' { }");
    assert!(begins("location /s/ { } location ^~ /s { }", "location ^~ /s", "/s/").is_err());
    assert!(begins("location = /s/ { } location /s { }", "location /s", "/s/").is_ok());
    assert!(begins("location /s { location /sa { } }", "location /s", "/s/").is_err());
    assert!(begins("location /s { location ~ x { } location /s/a { } }", "location /s", "/s/").is_ok());
}

#[test]
fn a_target_with_a_path_means_another_path_elsewhere() {
    let text = "location /a/ { proxy_pass http://u/; location /a/b/ { } }";
    let pass = |target: &str| {
        order(Operation::Set, Kind::Location, "proxy_pass", Place::Home(place(text, "location /a/b/")), Some(known(target)))
    };
    refuses(text, &pass("http://u/"), "has a path");
    refuses(text, &pass("http://unix:/a:/"), "has a path");
    refuses(text, &pass("http://$x/$1"), "outer location matches");
    let after = "location /a/ { proxy_pass http://u/; location /a/b/ { proxy_pass http://unix:/a; } }";
    assert_eq!(done(text.as_bytes(), &pass("http://unix:/a")).unwrap(), after.as_bytes());
}

#[test]
fn what_is_no_directive_of_a_sound_file_is_left_alone() {
    let written = |text: &str, part: &str| {
        order(Operation::Set, Kind::Route, "proxy_read_timeout", Place::Written(place(text, part)), Some(known("5s")))
    };
    let text = "location / { proxy_read_timeout 1s; ";
    refuses(text, &written(text, "proxy_read_timeout 1s;"), "does not read");
    let text = "location / { proxy_buffer_size 1k; }";
    refuses(text, &written(text, "proxy_buffer_size 1k;"), "follows from");
    let text = "location / { }";
    refuses(text, &written(text, "location /"), "not at hand");
}

#[test]
fn bytes_that_are_no_text_stay() {
    let text = b"# caf\xe9\r\nlocation / { proxy_read_timeout 1s; return 200 \xff; }";
    let at = Span::new(DocumentId(0), 21, 43);
    let order = order(Operation::Set, Kind::Route, "proxy_read_timeout", Place::Written(at), Some(known("5s")));
    let after = b"# caf\xe9\r\nlocation / { proxy_read_timeout 5s; return 200 \xff; }";
    assert_eq!(done(text, &order).unwrap(), after);
}

#[test]
fn what_is_not_done_is_spelt_for_a_person() {
    let spelt = |operation, name: &str, to: Option<&str>| {
        spell(&order(operation, Kind::Route, name, Place::Home(Span::new(DocumentId(0), 0, 0)), to.map(known)))
    };
    assert_eq!(spelt(Operation::Set, "proxy_buffering", Some("on")), "proxy_buffering on;");
    assert_eq!(spelt(Operation::Set, "proxy_buffers", Some("8 16k")), "proxy_buffers 8 16k;");
    assert_eq!(spelt(Operation::Add, "proxy_set_header", Some("A b c")), "proxy_set_header A \"b c\";");
    assert_eq!(spelt(Operation::Remove, "proxy_set_header", Some("A b")), "no proxy_set_header A b;");
    assert_eq!(spelt(Operation::Remove, "host_headers", Some("$host")), "no proxy_set_header Host $host;");
    assert_eq!(spelt(Operation::Unset, "underscores_in_headers", None), "no underscores_in_headers;");
    assert_eq!(spelt(Operation::Set, "peers", Some("unix:/a")), "connect to unix:/a");
}

#[test]
fn only_the_item_that_is_meant_goes() {
    let text = "proxy_set_header Host $host;\nproxy_set_header A \"\";\n";
    let remove = |name: &str, part: &str, item: &str| {
        let order = order(Operation::Remove, Kind::Route, name, Place::Written(place(text, part)), Some(known(item)));
        done(text.as_bytes(), &order).map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let first = "proxy_set_header Host $host;";
    assert_eq!(remove("proxy_set_header", first, "Host $host").as_deref(), Ok("proxy_set_header A \"\";\n"));
    assert_eq!(remove("host_headers", first, "$host").as_deref(), Ok("proxy_set_header A \"\";\n"));
    assert_eq!(remove("proxy_set_header", "proxy_set_header A \"\";", "A ").as_deref(), Ok("proxy_set_header Host $host;\n"));
    assert!(remove("proxy_set_header", first, "A ").is_err());
    let list = "proxy_next_upstream error timeout;";
    let order = |item: &str| {
        order(Operation::Remove, Kind::Route, "proxy_next_upstream", Place::Written(place(list, list)), Some(known(item)))
    };
    assert_eq!(done(list.as_bytes(), &order("error")).unwrap(), b"proxy_next_upstream timeout;");
    assert!(done(list.as_bytes(), &order("off")).is_err());
}
