//! What it costs to write and to read the points of a publish.
//!
//! Prints and asserts nothing about time: `cargo bench -p fabric --bench points`.

use std::hint::black_box;
use std::time::Duration;

use fabric::PointsBuffer;
use uns_model::{Clock, PointRef, SystemClock, Timestamp, ValueRef};

/// Points in one go, and how often: other work on the machine makes goes longer, never shorter.
const POINTS: u32 = 50_000;
const GOES: u32 = 60;

fn main() {
    let scalar = [PointRef::new(ValueRef::Float(23.4))];
    measure("a number", b"23.4", &scalar);
    measure("an integer", b"118", &[PointRef::new(ValueRef::Int(118))]);

    let payload = r#"{"value":23.4,"timestamp":"2026-11-21T12:00:00Z","unit":"Cel"}"#;
    let envelope = PointRef {
        unit: payload.get(57..60),
        source: Some(Timestamp(1_795_262_400_000_000_000)),
        ..PointRef::new(ValueRef::Float(23.4))
    };
    measure("value, time and unit", payload.as_bytes(), &[envelope]);

    let fields: Vec<String> = (10..30).map(|n| format!("\"field_{n}\":{n}.5")).collect();
    let payload = format!("{{{}}}", fields.join(","));
    let mut points = vec![PointRef::new(ValueRef::Document(&payload))];
    for (field, number) in fields.iter().zip(10..) {
        let start = payload.find(field.as_str()).unwrap_or_default() + 1;
        let value = ValueRef::Float(f64::from(number) + 0.5);
        points.push(PointRef { field: payload.get(start..start + 8), ..PointRef::new(value) });
    }
    measure("a document of 20 fields", payload.as_bytes(), &points);
    let names: Vec<String> = (10..30).map(|n| format!("line.motor.field_{n}")).collect();
    for (point, name) in points.iter_mut().skip(1).zip(&names) {
        point.field = Some(name);
    }
    measure("20 fields in levels", payload.as_bytes(), &points);
    let third = 1.0 / 3.0;
    points.iter_mut().skip(1).for_each(|point| point.value = ValueRef::Float(third));
    measure("20 long doubles", payload.as_bytes(), &points);
}

/// Per payload: its section is written, and read with every point looked at.
fn measure(what: &str, payload: &[u8], points: &[PointRef<'_>]) {
    let mut buffer = PointsBuffer::new();
    let rounds = POINTS / u32::try_from(points.len()).unwrap_or(u32::MAX);
    let writing = best(rounds, || {
        let mut builder = buffer.begin(black_box(payload));
        black_box(points).iter().for_each(|point| builder.push(point));
        black_box(builder.finish());
    });
    let mut builder = buffer.begin(payload);
    points.iter().for_each(|point| builder.push(point));
    let section = builder.finish();
    let reading = best(rounds, || {
        black_box(section).iter().for_each(|point| {
            black_box(point);
        });
    });
    report((what, payload.len(), section.as_bytes().len()), (writing, reading), rounds);
}

/// The time of the shortest go.
fn best(rounds: u32, mut once: impl FnMut()) -> Duration {
    let clock = SystemClock;
    let go = |_| {
        let start = clock.monotonic();
        (0..rounds).for_each(|_| once());
        clock.monotonic() - start
    };
    (0..GOES).map(go).min().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn report(
    (what, payload, section): (&str, usize, usize),
    (writing, reading): (Duration, Duration),
    rounds: u32,
) {
    let each = |took: Duration| took.as_secs_f64() * 1e9 / f64::from(rounds);
    let (writing, reading) = (each(writing), each(reading));
    println!(
        "{what:<24} {payload:>4} + {section:>4} bytes, write {writing:>7.1} ns, read {reading:>7.1} ns"
    );
}
