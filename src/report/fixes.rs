//! What became of proposals: made, to be made by a person, left because they are unsafe, taken back because they contradict each
//! other. Reads what a run of fixes came to, writes lines; decides nothing.

use super::plural;
use super::untrusted::{excerpt, line, unmasked};
use crate::finding::Finding;
use crate::outcome::Settled;
use std::fmt::Write as _;

/// What was made, and what was not, a few lines each.
pub fn made(settled: &Settled) -> String {
    let mut text = String::new();
    for applied in &settled.applied {
        let (at, finding) = (unmasked(&applied.at), &applied.finding);
        let _ = writeln!(text, "fixed {at}: {}[{}] {}", finding.severity, finding.rule, line(&finding.message));
        if let Some(fix) = &finding.fix {
            let _ = writeln!(text, "  {}", excerpt(&fix.to_string()));
        }
    }
    text
}

/// What was not made, and why: for a person to do, to allow, or to decide.
pub fn not_made(settled: &Settled) -> String {
    let mut text = String::new();
    for advised in &settled.advised {
        let (finding, advice) = (&advised.finding, &advised.advice);
        let (at, write) = (unmasked(&advised.at), excerpt(&advice.write));
        let _ = writeln!(text, "by hand {at}: {}[{}] {write}", finding.severity, finding.rule);
        let _ = writeln!(text, "  not written, because {}", line(&advice.why));
    }
    for refused in &settled.refused {
        let _ = writeln!(text, "left {}: {}", refused.rule, line(&refused.subject));
        let _ = writeln!(text, "  taken back, because {}", line(&refused.why));
    }
    text
}

/// "3 fixes in 2 files; 1 finding is left; 2 more fixes with --unsafe".
pub fn summary(settled: &Settled, left: &[&Finding], with_unsafe: usize) -> String {
    let mut parts = vec![format!("{} in {}", count(settled.applied.len(), "fix", "fixes"), plural(settled.files.len(), "file"))];
    parts.push(match left.len() {
        0 => "nothing is left".to_owned(),
        1 => "1 finding is left".to_owned(),
        more => format!("{more} findings are left"),
    });
    if with_unsafe > 0 {
        parts.push(format!("{} with --unsafe", count(with_unsafe, "more fix", "more fixes")));
    }
    format!("{}\n", parts.join("; "))
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
