//! Secrets that stand in the open: in files that everybody on the machine may read, and in settings that gunicorn prints.
//!
//! In: the environment and the settings of an app. Out: the names of the variables, each with its place. The values are never passed
//! on, so that no message can repeat one.

use crate::expr::Environment;
use crate::model::Stack;
use crate::source::DocumentId;
use crate::value::{Item, Known, Origin, Setting, Value};
use crate::vocabulary::secrets::is_secret;

/// The variables whose value is a secret that is written into a unit, a definition or a configuration file. A file of variables may
/// have permissions of its own, so what stands there is no matter.
pub fn plain(stack: &Stack, environment: &Environment, raw_env: Option<&Setting>) -> Setting {
    let of_launcher = environment.names().filter_map(|name| {
        let variable = environment.get(name)?;
        let span = variable.span.filter(|span| !is_variables(stack, span.document))?;
        is_secret(name, variable.value.as_text()?)
            .then(|| Item { value: Value::text(name.clone()), origin: Origin::Written { span } })
    });
    let of_gunicorn = raw_env.into_iter().flat_map(|setting| setting.value.items()).filter_map(|item| {
        let (name, value) = item.value.as_text()?.split_once('=')?;
        let is_written = matches!(item.origin, Origin::Written { .. } | Origin::Flag { .. });
        (is_written && is_secret(name, value)).then(|| Item { value: Value::text(name), origin: item.origin.clone() })
    });
    let found: Vec<Item> = of_launcher.chain(of_gunicorn).collect();
    if let (true, Some(Setting { value: Value::Unknown(unknown), origin, .. })) = (found.is_empty(), raw_env) {
        return Setting::new(Value::Unknown(unknown.clone()), origin.clone());
    }
    let origin = found.first().map_or(Origin::Default { source: "gearmesh".into() }, |item| item.origin.clone());
    Setting::new(Value::Known(Known::List(found.into())), origin)
}

/// Whether a document is a file of variables.
fn is_variables(stack: &Stack, document: DocumentId) -> bool {
    let kind = stack.file(document).map(|file| stack.setting(file, "kind"));
    kind.is_some_and(|kind| kind.value.as_text() == Some("environment"))
}
