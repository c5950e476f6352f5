//! What decoding one payload costs: as the gate does under our own prefix, into a sink
//! that only looks at the points, as elsewhere, and beside them `serde_json` reading the same bytes into its tree.

use std::hint::black_box;
use std::time::Instant;

use schemas::payload::{DecodeContext, Sink, keep, read};
use uns_model::{Finding, PointRef, Timestamp, Zone};

const ROUNDS: u32 = 1_000;

/// Looks at every point.
struct Look;

impl Sink for Look {
    fn point(&mut self, point: &PointRef<'_>) {
        black_box(point);
    }

    fn finding(&mut self, finding: Finding) {
        black_box(finding);
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn nanos(mut work: impl FnMut()) -> f64 {
    let mut round = || {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            work();
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
    };
    // The lowest, as a machine that does other things beside only ever adds.
    (0..300).map(|_| round()).fold(f64::INFINITY, f64::min)
}

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn main() {
    let vqt = r#"{"value":23.4,"quality":"Good","timestamp":"2026-11-21T12:00:00.123456Z"}"#;
    let unit = r#"{"value":1000123456789012,"unit":"mm/s at the spindle"}"#;
    let document = r#"{"temp":23.4,"rpm":1200,"motor":{"on":true,"mode":"AUTO"}}"#;
    let fields: Vec<String> = (0..20).map(|n| format!("\"sensor_{n}\":{n}.25")).collect();
    let fields = format!("{{{}}}", fields.join(","));
    let row = r#"{"value":23.4,"timestamp":"2026-11-21T12:00:00Z"}"#;
    let rows = format!("[{}]", vec![row; 100].join(","));
    let only = std::env::args().skip(1).find(|name| !name.starts_with('-'));
    let zone = Zone::default();
    let context = DecodeContext::new(&zone, Timestamp(0));
    println!("{:<11} {:>8} {:>8} {:>11}  (ns)", "payload", "gate", "sink", "serde_json");
    for (name, payload) in [
        ("integer", "1234567"),
        ("float", "23.4375"),
        ("vqt", vqt),
        ("unit", unit),
        ("text", "RUN"),
        ("long text", &"x".repeat(64)),
        ("flag text", "ON"),
        ("number text", "23,4 °C"),
        ("document", document),
        ("20 fields", &fields),
        ("100 rows", &rows),
    ] {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let bytes = payload.as_bytes();
        let asked = context.with_children();
        let accepted = nanos(|| {
            black_box(read(black_box(bytes), None, &asked, &mut Look).is_ok());
        });
        let handed_on = nanos(|| keep(black_box(bytes), None, &context, &mut Look));
        let tree = nanos(|| {
            black_box(serde_json::from_slice::<serde_json::Value>(black_box(bytes)).is_ok());
        });
        println!("{name:<11} {accepted:>8.1} {handed_on:>8.1} {tree:>11.1}");
    }
}
