//! What an app serves, and what its worker class needs to serve it.
//!
//! In: the settings of an app and what is known of its packages. Out: which interface the application probably speaks, whether
//! gunicorn has the worker class, and which packages are missing for it. The application itself is never read: a guess goes by names
//! of modules and packages, and there is none where these do not agree.

use super::packages::Found;
use crate::model::Node;
use crate::value::{Item, Known, Setting, Value};
use crate::vocabulary::gunicorn;
use crate::vocabulary::version::{Version, VersionRange};

/// Frameworks whose applications speak ASGI.
const ASGI: [&str; 5] = ["fastapi", "starlette", "quart", "litestar", "blacksheep"];
/// Frameworks whose applications speak WSGI, or either.
const WSGI: [&str; 13] = [
    "flask",
    "django",
    "bottle",
    "falcon",
    "pyramid",
    "dash",
    "cherrypy",
    "tornado",
    "connexion",
    "webpy",
    "apiflask",
    "flask-restx",
    "web2py",
];
/// What turns one into the other, or speaks ASGI beside a WSGI framework.
const BRIDGES: [&str; 3] = ["a2wsgi", "channels", "python-socketio"];

/// What Django calls the application in the modules `shop.wsgi` and `shop.asgi` that it makes, and gunicorn where nobody says.
const DJANGO: &str = "application";

/// Adds the facts of an app whose settings and version are set.
pub fn derive(node: &mut Node, range: &VersionRange, packages: &Found) {
    let listed = Listed { packages };
    packages.versions.iter().for_each(|(fact, version)| node.set(fact, version.clone()));
    if let Some(guess) = protocol(node, &listed) {
        node.set("protocol_guess", guess);
    }
    let Some(class) = node.settings.get("worker_class").cloned() else { return };
    let Some(name) = class.value.as_text() else { return };
    if let Some(exists) = exists(name, range) {
        node.set("worker_class_exists", Setting { value: exists, ..class.clone() });
    }
    node.set("missing_packages", Setting { value: missing(name, range, &listed), ..class });
}

/// What is listed.
struct Listed<'a> {
    packages: &'a Found,
}

impl Listed<'_> {
    fn has(&self, name: &str) -> bool {
        self.packages.packages.value.items().iter().any(|item| item.value.as_text() == Some(name))
    }

    fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    /// The list leaves nothing out.
    fn is_whole(&self) -> bool {
        let items = self.packages.packages.value.items();
        !items.is_empty() && items.iter().all(|item| item.value.as_text().is_some())
    }
}

/// asgi or wsgi by the name of the module, else by the frameworks in the list.
fn protocol(node: &Node, listed: &Listed<'_>) -> Option<Setting> {
    let served = node.settings.get("application")?;
    let (module, object) = served.value.as_text()?.split_once(':').unwrap_or((served.value.as_text()?, DJANGO));
    let (folder, last) = module.trim().rsplit_once('.').map_or((None, module.trim()), |(folder, last)| (Some(folder), last));
    let is_django = folder.is_some() && object.trim() == DJANGO;
    let guess = match last {
        "asgi" if !listed.has("a2wsgi") => "asgi",
        "wsgi" if !listed.any(&ASGI) && !listed.any(&BRIDGES) && (is_django || listed.any(&["flask", "django"])) => "wsgi",
        "wsgi" | "asgi" => return None,
        _ if listed.any(&ASGI) && listed.is_whole() && !listed.any(&WSGI) && !listed.any(&BRIDGES) => "asgi",
        _ => return None,
    };
    Some(Setting { value: Value::text(guess), ..served.clone() })
}

/// Whether gunicorn has a class of that name; none for a dotted one that is not its own.
fn exists(name: &str, range: &VersionRange) -> Option<Value> {
    let name = name.strip_prefix("egg:gunicorn#").unwrap_or(name);
    let exists = match gunicorn::worker_class(name) {
        Some(class) => class.exists_in(range),
        None if name.contains(['.', ':', '#', '/']) => return None,
        None => Some(false),
    };
    let unknown = || Value::unknown(format!("not every gunicorn from {} to {} has it", range.min, range.max));
    Some(exists.map_or_else(unknown, |exists| Value::Known(Known::Boolean(exists))))
}

/// The packages that a class imports and that a lock leaves out; unknown without a lock that is whole.
fn missing(name: &str, range: &VersionRange, listed: &Listed<'_>) -> Value {
    let needed = needed(name, range);
    let tells_all = listed.packages.locked.value.as_boolean() == Some(true) && listed.is_whole();
    if !needed.is_empty() && !tells_all {
        return Value::unknown("no lock tells all packages");
    }
    let absent = needed.iter().filter(|name| !listed.has(name));
    let origin = &listed.packages.packages.origin;
    let item = |name: &&str| Item { value: Value::text(*name), origin: origin.clone() };
    Value::Known(Known::List(absent.map(item).collect()))
}

/// What a class imports besides gunicorn's own dependencies (gunicorn 20.1 to 27.0.1, uvicorn 0.54, uvicorn-worker 0.4).
fn needed(name: &str, range: &VersionRange) -> &'static [&'static str] {
    // Up to 26.2 gunicorn itself asks for packaging.
    let since_27 = range.at_least(Version::of_table("27.0")) == Some(true);
    match name.strip_prefix("egg:gunicorn#").unwrap_or(name) {
        "gevent" | "gevent_wsgi" | "gevent_pywsgi" if since_27 => &["gevent", "packaging"],
        "gevent" | "gevent_wsgi" | "gevent_pywsgi" => &["gevent"],
        name if name.starts_with("gunicorn.workers.ggevent.") => {
            if since_27 {
                &["gevent", "packaging"]
            } else {
                &["gevent"]
            }
        }
        "eventlet" => &["eventlet"],
        "tornado" => &["tornado"],
        name if name.starts_with("uvicorn_worker.") => &["uvicorn-worker"],
        name if name.starts_with("uvicorn.workers.") => &["uvicorn"],
        _ => &[],
    }
}
