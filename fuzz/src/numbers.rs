//! Words that stand for numbers, times, sizes, versions and addresses, in the spelling of each program.

use gearmesh::value::{Origin, Value};
use gearmesh::vocabulary::gunicorn::{self, Number, supported};
use gearmesh::vocabulary::nginx::Context;
use gearmesh::vocabulary::version::specifier::Allowed;
use gearmesh::vocabulary::version::{Version, VersionRange};
use gearmesh::vocabulary::{docker, kubernetes, nginx, secrets, suggest, systemd, time};

/// One word, read as each of them.
pub fn number(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let times = [time::systemd_time(text), time::nginx_time(text), time::nginx_seconds(text), docker::duration(text)];
    for time in times.into_iter().flatten() {
        assert!(time.milliseconds >= 0, "{text:?} is {time:?}");
    }
    for size in [time::nginx_size(text), time::nginx_offset(text), docker::size(text)].into_iter().flatten() {
        assert!(size.bytes >= 0, "{text:?} is {size:?}");
    }
    let _ =
        (time::systemd_microseconds(text), time::systemd_size(text), time::systemd_integer(text), time::systemd_boolean(text));
    let _ =
        (time::nginx_flag(text), docker::signal(text), kubernetes::cpus(text), kubernetes::size(text), gunicorn::address(text));
    let _ = (Number::decimal(text), Number::literal(text), Number::mode(text), secrets::is_secret("key", text));
    let _ = (secrets::is_secret(text, "x"), suggest::suggest(text, gunicorn::settings().iter().map(|row| row.name)));
    versions(text);
    for setting in gunicorn::settings() {
        let converted = gunicorn::convert(setting, &supported(), &Value::text(text), &Origin::Host { probe: "x".into() });
        assert!(!matches!(converted, Ok(Value::None)), "{} = {text:?} is something", setting.name);
    }
    for section in ["Service", "Socket"] {
        for key in systemd::keys(section).filter_map(|name| systemd::key(section, name)) {
            let _ = (systemd::read(key, text), systemd::values::takes(key, text), systemd::values::meant(key, text));
        }
    }
    let words: Vec<&str> = text.split(' ').collect();
    for name in ["listen", "proxy_read_timeout", "client_max_body_size", "gzip", "proxy_buffers", "worker_processes"] {
        let known =
            [Context::Main, Context::Http, Context::Server].into_iter().find_map(|context| nginx::directive(name, context));
        let _ = known.map(|directive| nginx::read(directive, &words));
    }
}

fn versions(text: &str) {
    if let Some(version) = Version::parse(text) {
        let shown = version.to_string();
        assert!(Version::parse(&shown) == Some(version), "{text:?} is shown as {shown:?}, which is another version");
        let exactly = VersionRange::exactly(version);
        assert!(exactly.contains(version) && exactly.at_least(version) == Some(true) || exactly.min != exactly.max, "{text:?}");
    }
    if let Ok(range) = VersionRange::declared(text, &supported()) {
        assert!(range.min <= range.max, "{text:?} is {range:?}");
        assert!(VersionRange::of(&range.known()) == Some(range), "{text:?} is {range:?}");
    }
    let releases = gunicorn::versions();
    for allowed in [Allowed::pep440(text), Allowed::poetry(text), Allowed::exactly(text)].into_iter().flatten() {
        let (and, or) = (allowed.and(&Allowed::any()), Allowed::any().or(&allowed));
        for version in releases {
            assert!(and.contains(*version) == allowed.contains(*version) && or.contains(*version), "{text:?} and {version}");
        }
        if let Some(range) = allowed.within(&supported(), releases) {
            assert!(range.min <= range.max, "{text:?} within {range:?}");
        }
    }
}
