//! Names that sound like secrets, and values that only stand in for one.
//!
//! In: names of variables and headers, and literal values. Out: whether something would be told that nobody else should know. What
//! a report must not repeat and what a rule finds go by the same words.

pub mod mask;

/// Words of names whose values are not repeated: rather too many than too few. PASS and KEY alone are parts of nginx's directives.
pub const WORDS: [&str; 32] = [
    "AUTHORIZATION",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "_PWD",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "CREDENTIAL",
    "_DSN",
    "DB_PASS",
    "SQL_PASS",
    "DATABASE_PASS",
    "POSTGRES_PASS",
    "REDIS_PASS",
    "SMTP_PASS",
    "MAIL_PASS",
    "USER_PASS",
    "ADMIN_PASS",
    "JWT_KEY",
    "HMAC_KEY",
    "AUTH_KEY",
    "MASTER_KEY",
    "FERNET_KEY",
    "SIGNING_KEY",
    "ENCRYPT_KEY",
    "ENCRYPTION_KEY",
    "STRIPE_KEY",
    "SESSION_KEY",
];

/// How the name of a variable ends that holds a secret itself, rather than its place, age or length.
const ENDS: [&str; 9] =
    ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "SECRET_KEY", "SECRET_ACCESS_KEY", "SECRET_KEY_BASE"];

/// Shortest value that is taken for a secret.
const LEAST: usize = 6;

/// Words of values that somebody is meant to replace.
const STAND_INS: [&str; 22] = [
    "CHANGE",
    "EXAMPLE",
    "XXX",
    "YOUR",
    "REPLACE",
    "PLACEHOLDER",
    "DUMMY",
    "INSERT",
    "TODO",
    "FIXME",
    "SAMPLE",
    "SOME",
    "MY-",
    "MY_",
    "HERE",
    "PASSWORD",
    "SECRET",
    "TOKEN",
    "***",
    "...",
    "NOT-SET",
    "TEST",
];

/// Whether a literal value of a variable is a secret: by its name, or a URL with a password in it. Nothing that looks like a
/// stand-in, a reference, a path or an address is one.
pub fn is_secret(name: &str, value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let upper = name.to_ascii_uppercase();
    let named = ENDS.iter().any(|end| upper.ends_with(end)) && is_literal(value) && !value.contains("://");
    named || url_password(value).is_some_and(is_literal)
}

/// The password of `scheme://user:PASSWORD@host`.
fn url_password(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#', ' ']).next()?;
    Some(authority.rsplit_once('@')?.0.split_once(':')?.1)
}

fn is_literal(value: &str) -> bool {
    let upper = value.to_ascii_uppercase();
    let is_reference = value.contains(['$', '{', '<', '%', '[']) || value.starts_with(['/', '.', '~', '@']);
    let repeats = value.chars().collect::<std::collections::BTreeSet<char>>().len() < 3;
    let is_word = ["true", "false", "none", "null", "required", "optional"].contains(&&*value.to_ascii_lowercase());
    value.chars().count() >= LEAST && !is_reference && !repeats && !is_word && !STAND_INS.iter().any(|word| upper.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_literally_is_a_secret() {
        for (name, value) in [
            ("SECRET_KEY", "k3w!9s0dfj2"),
            ("DJANGO_SECRET_KEY", "django-insecure-8dh2k1m0s"),
            ("POSTGRES_PASSWORD", "hunter22"),
            ("STRIPE_API_KEY", "sk_live_51Habcd"),
            ("DATABASE_URL", "postgres://shop:hunter22@db.internal/shop"),
        ] {
            assert!(is_secret(name, value), "{name}");
        }
    }

    #[test]
    fn stand_ins_references_and_other_things_are_none() {
        for (name, value) in [
            ("SECRET_KEY", "changeme"),
            ("SECRET_KEY", "your-secret-key-here"),
            ("SECRET_KEY", "short"),
            ("SECRET_KEY", "xxxxxxxxxx"),
            ("SECRET_KEY", "${SECRET_KEY}"),
            ("SECRET_KEY", "{{ secret_key }}"),
            ("SECRET_KEY", "<secret>"),
            ("DB_PASSWORD_FILE", "/run/credentials/db"),
            ("DB_PASSWORD", "/run/secrets/db"),
            ("TOKEN_LIFETIME", "86400000"),
            ("TOKEN_URL", "https://login.internal/oauth"),
            ("DATABASE_URL", "postgres://db.internal/shop"),
            ("DATABASE_URL", "postgres://user:password@localhost/shop"),
            ("DATABASE_URL", "postgres://shop:$PASSWORD@db/shop"),
            ("DJANGO_SETTINGS_MODULE", "shop.settings"),
        ] {
            assert!(!is_secret(name, value), "{name}={value}");
        }
    }
}
