//! A misspelt command, flag, value, rule or key is answered with the one that was probably meant, and status 2.

use super::{FINE, Folder};

#[test]
fn what_is_misspelt_is_answered_with_what_was_meant() {
    let folder = Folder::new(&[("a.service", FINE)]);
    let rule = "max-requests-without-jitter";
    for (arguments, meant) in [
        (&["chekc"][..], "'check'"),
        (&["baselin"], "'baseline'"),
        (&["check", "--fomat", "json"], "'--format'"),
        (&["check", "--min-severty", "error"], "'--min-severity'"),
        (&["check", "--format", "concis"], "'concise'"),
        (&["check", "--min-severity", "warnign"], "`warning`"),
        (&["check", "--min-confidence", "hihg"], "`high`"),
        (&["check", "--fail-on", "eror"], "`error`"),
        (&["explain", "max-request-without-jitter"], rule),
        (&["explain", "max-requests-low"], "`max-requests-very-low`"),
        (&["fix", "--rule", "max-requests-without-jiter"], rule),
        (&["show", "--setting", "app.timeot"], "`app.timeout`"),
        (&["show", "--setting", "ap.timeout"], "; `gearmesh rules --fields` lists them"),
    ] {
        let done = folder.run(arguments);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{arguments:?}");
        assert!(done.err.contains(meant), "{arguments:?}: {}", done.err);
    }
    for (text, meant) in [
        ("[chekc]\n", "`check`"),
        ("[check]\nmin-severty = 'error'\n", "`min-severity`"),
        ("[check]\nfail-on = 'errors'\n", "`error`"),
        ("[host]\nmemroy = '8G'\n", "`memory`"),
        ("[versions]\ngunicron = '23.0.0'\n", "`gunicorn`"),
        ("[rules]\nmax-requests-low = 'off'\n", "`max-requests-very-low`"),
        ("[rules]\nmax-requests-without-jitter = 'of'\n", "one of off, error, warning, advice"),
    ] {
        folder.write("gearmesh.toml", text.as_bytes());
        let done = folder.run(&["check"]);
        assert!(done.code == 2 && done.err.contains(meant), "{text}: {}", done.err);
    }
}
