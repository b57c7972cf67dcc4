//! The drawings of the page: bars of timeouts, one bar of memory, curves over the number of workers. SVG without script; colours come
//! from the page's style, so that they follow light and dark.

use super::super::view::{Budget, Point, Rung, seconds, size};
use super::text;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
/// Where bars begin: names stand left of it.
const LEFT: f64 = 230.0;
/// Room for a value behind the longest bar.
const RIGHT: f64 = 90.0;

/// Two bars for each limit, now and recommended, on one scale of seconds.
pub fn ladder(rungs: &[Rung]) -> String {
    let longest = rungs.iter().flat_map(|rung| [rung.current, rung.recommended]).flatten().fold(1.0, f64::max);
    let scale = |value: f64| value / longest * (WIDTH - LEFT - RIGHT);
    let mut body = String::new();
    for (at, rung) in rungs.iter().enumerate() {
        let top = at as f64 * 40.0 + 6.0;
        label(&mut body, LEFT - 10.0, top + 19.0, "end", &rung.name);
        bar(&mut body, top, "now", rung.current, scale);
        if rung.recommended != rung.current {
            bar(&mut body, top + 15.0, "new", rung.recommended, scale);
        }
    }
    let height = rungs.len() as f64 * 40.0 + 30.0;
    key(&mut body, height - 10.0, &[("now", "now"), ("new", "recommended")]);
    svg(height, "Timeouts of all layers, now and recommended", &body)
}

fn bar(body: &mut String, top: f64, class: &str, value: Option<f64>, scale: impl Fn(f64) -> f64) {
    let Some(value) = value else {
        return label(body, LEFT, top + 11.0, "quiet", "no limit");
    };
    let width = scale(value).max(2.0);
    let _ = writeln!(body, "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{top:.0}\" width=\"{width:.1}\" height=\"12\" rx=\"2\"/>");
    label(body, LEFT + width + 6.0, top + 11.0, "quiet", &seconds(value));
}

/// One bar: what takes memory, and what is free. Parts that stand for what is left are drawn quietly.
pub fn budget(budget: &Budget) -> String {
    let parts: Vec<_> = budget.parts.iter().filter(|part| part.bytes > 0).collect();
    let whole = parts.iter().map(|part| part.bytes).sum::<u64>().max(budget.limit).max(1) as f64;
    let (mut body, mut left) = (String::new(), 0.0);
    let mut named = Vec::new();
    for (part, class) in parts.iter().zip(["a", "b", "c", "d", "e"].iter().cycle()) {
        let class = if part.name == "free" { "free" } else { class };
        let width = part.bytes as f64 / whole * WIDTH;
        // A gap of the paper's colour parts neighbours.
        let drawn = (width - 2.0).max(1.0);
        let _ = writeln!(body, "<rect class=\"{class}\" x=\"{left:.1}\" y=\"4\" width=\"{drawn:.1}\" height=\"26\" rx=\"2\"/>");
        named.push((class, format!("{} {}", part.name, size(part.bytes))));
        left += width;
    }
    let mut top = 52.0;
    for pair in named.chunks(3) {
        let pair: Vec<(&str, &str)> = pair.iter().map(|(class, name)| (*class, name.as_str())).collect();
        key(&mut body, top, &pair);
        top += 20.0;
    }
    svg(top, "Where memory goes", &body)
}

/// 99 % of requests within so many milliseconds, by the number of workers.
pub fn latency(points: &[Point]) -> String {
    let drawn: Vec<(Point, f64, f64)> = points.iter().map(|point| (*point, point.p99_ms.0, point.p99_ms.1)).collect();
    chart("Milliseconds within which 99 % of requests are answered, by workers", "ms", &drawn, |value| format!("{value:.0}"))
}

/// Memory by the number of workers; nothing when it is not known.
pub fn memory(points: &[Point]) -> String {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let known: Vec<(Point, f64, f64)> =
        points.iter().filter_map(|point| Some((*point, mib(point.memory?), mib(point.memory?)))).collect();
    if known.len() < 2 {
        return String::new();
    }
    chart("Memory of all workers in MiB, by workers", "MiB", &known, |value| format!("{value:.0}"))
}

/// A line, or a band with its upper edge, over the number of workers, from zero.
fn chart(title: &str, unit: &str, points: &[(Point, f64, f64)], shown: impl Fn(f64) -> String) -> String {
    const HEIGHT: f64 = 230.0;
    let (top, bottom, left, right) = (22.0, HEIGHT - 36.0, 56.0, WIDTH - 20.0);
    let most = points.iter().map(|(.., high)| *high).fold(f64::MIN_POSITIVE, f64::max);
    let step = round_step(most / 4.0);
    let ceiling = (most / step).ceil() * step;
    let workers = |point: &Point| f64::from(point.workers);
    let (least, span) = match (points.first(), points.last()) {
        (Some((first, ..)), Some((last, ..))) => (workers(first), (workers(last) - workers(first)).max(1.0)),
        _ => return String::new(),
    };
    let x = |point: &Point| left + (workers(point) - least) / span * (right - left);
    let y = |value: f64| bottom - value / ceiling * (bottom - top);
    let mut body = String::new();
    let lines = (ceiling / step).round() as u32;
    for value in (0..=lines).map(|line| f64::from(line) * step) {
        let at = y(value);
        let _ = writeln!(body, "<line class=\"grid\" x1=\"{left}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\"/>");
        label(&mut body, left - 8.0, at + 4.0, "quiet end", &shown(value));
    }
    label(&mut body, left - 8.0, 12.0, "quiet end", unit);
    let place = |(point, value): (&Point, f64)| format!("{:.1},{:.1}", x(point), y(value));
    let upper: Vec<String> = points.iter().map(|(point, _, high)| place((point, *high))).collect();
    let lower: Vec<String> = points.iter().map(|(point, low, _)| place((point, *low))).collect();
    if lower != upper {
        let around: Vec<&str> = upper.iter().chain(lower.iter().rev()).map(String::as_str).collect();
        let _ = writeln!(body, "<polygon class=\"band\" points=\"{}\"/>", around.join(" "));
        let _ = writeln!(body, "<polyline class=\"curve\" points=\"{}\"/>", lower.join(" "));
    }
    let _ = writeln!(body, "<polyline class=\"curve\" points=\"{}\"/>", upper.join(" "));
    // As many numbers as have room.
    let every = points.len().div_ceil(16).max(1);
    for (at, (point, _, high)) in points.iter().enumerate() {
        if at % every == 0 || point.now || point.recommended {
            label(&mut body, x(point), bottom + 18.0, "quiet middle", &point.workers.to_string());
        }
        let class = if point.recommended { "new" } else { "now" };
        if point.now || point.recommended {
            let _ = writeln!(body, "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\"/>", x(point), y(*high));
        }
    }
    key(&mut body, HEIGHT - 4.0, &[("now", "now"), ("new", "recommended")]);
    svg(HEIGHT, title, &body)
}

/// The next of 1, 2, 5, 10, 20, ... that is not smaller.
fn round_step(least: f64) -> f64 {
    let magnitude = 10f64.powf(least.max(f64::MIN_POSITIVE).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * magnitude).find(|step| *step >= least).unwrap_or(magnitude * 10.0)
}

fn key(body: &mut String, baseline: f64, names: &[(&str, &str)]) {
    for (at, (class, name)) in names.iter().enumerate() {
        let left = at as f64 * (WIDTH / 3.0);
        let _ = writeln!(
            body,
            "<rect class=\"{class}\" x=\"{left:.0}\" y=\"{:.0}\" width=\"10\" height=\"10\" rx=\"2\"/>",
            baseline - 10.0
        );
        label(body, left + 16.0, baseline, "quiet", name);
    }
}

fn label(body: &mut String, x: f64, y: f64, class: &str, words: &str) {
    let _ = writeln!(body, "<text class=\"{class}\" x=\"{x:.0}\" y=\"{y:.0}\">{}</text>", text(words));
}

fn svg(height: f64, title: &str, body: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" aria-label=\"{title}\" xmlns=\"http://www.w3.org/2000/svg\">\n\
         <title>{title}</title>\n{body}</svg>\n"
    )
}
