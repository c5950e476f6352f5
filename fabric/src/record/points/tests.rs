//! Points survive their bytes, texts in the payload are stored once, and no bytes make reading panic.

use proptest::prelude::*;
use uns_model::{Finding, PointRef, Quality, Timestamp, ValueRef};

use super::{Points, PointsBuffer};

/// What a section of these points takes, after a look that it says the same.
fn size(payload: &[u8], points: &[PointRef<'_>]) -> usize {
    let mut buffer = PointsBuffer::new();
    let mut builder = buffer.begin(payload);
    points.iter().for_each(|point| builder.push(point));
    let section = builder.finish();
    assert!(section.is_whole());
    assert_eq!(section.iter().collect::<Vec<_>>(), points);
    assert_eq!((section.findings().count(), section.contract_version()), (0, None));
    section.as_bytes().len()
}

fn part<'a>(payload: &'a str, text: &str) -> &'a str {
    let start = payload.find(text).expect("the payload has it");
    payload.get(start..start + text.len()).expect("it lies within")
}

#[test]
fn nothing_to_say_takes_no_bytes() {
    assert_eq!(size(b"", &[]), 0);
    let nothing = Points::default();
    assert!(nothing.is_empty() && nothing.is_whole());
    assert!(nothing.iter().next().is_none());
}

#[test]
fn a_scalar_takes_two_bytes_beside_its_number() {
    assert_eq!(size(b"118", &[PointRef::new(ValueRef::Int(118))]), 2 + 2);
    assert_eq!(size(b"-1", &[PointRef::new(ValueRef::Int(-1))]), 2 + 1);
    assert_eq!(size(b"23.4", &[PointRef::new(ValueRef::Float(23.4))]), 2 + 8);
    assert_eq!(size(b"true", &[PointRef::new(ValueRef::Bool(true))]), 2);
    let long = "x".repeat(1000);
    assert_eq!(size(long.as_bytes(), &[PointRef::new(ValueRef::Text(&long))]), 2 + 2 + 1);
}

#[test]
fn an_envelope_stores_its_unit_once() {
    let payload = r#"{"value":23.4,"timestamp":"2026-11-21T12:00:00Z","unit":"Cel"}"#;
    let point = PointRef {
        unit: Some(part(payload, "Cel")),
        source: Some(Timestamp(1_795_262_400_000_000_000)),
        ..PointRef::new(ValueRef::Float(23.4))
    };
    // Flags, digits, time, and where the unit is.
    assert_eq!(size(payload.as_bytes(), &[point]), 3 + 2 + 8 + 2);
}

#[test]
fn a_document_of_twenty_fields_stores_no_text_twice() {
    let names: Vec<String> = (0..20).map(|n| format!("temperature_of_zone_{n}")).collect();
    let fields: Vec<String> = names.iter().map(|name| format!("\"{name}\":\"{name}!\"")).collect();
    let payload = format!("{{{}}}", fields.join(","));
    let mut points = vec![PointRef::new(ValueRef::Document(&payload))];
    let texts: Vec<String> = names.iter().map(|name| format!("{name}!")).collect();
    for (name, text) in names.iter().zip(&texts) {
        let value = ValueRef::Text(part(&payload, text));
        points.push(PointRef { field: Some(part(&payload, name)), ..PointRef::new(value) });
    }
    let bytes = size(payload.as_bytes(), &points);
    // The document, and of each field a byte of flags and two places of two or three bytes.
    assert!(bytes <= 2 + 3 + 20 * 7, "{bytes} bytes beside a payload of {}", payload.len());
    let elsewhere: Vec<_> = points
        .iter()
        .map(|point| PointRef { field: point.field.map(|_| "motor.temp"), ..*point })
        .collect();
    let bare = bytes_without(&points, &payload);
    assert_eq!(size(payload.as_bytes(), &elsewhere), bare + 11 + 19, "a name is said once");
}

/// The section without places of fields.
fn bytes_without(points: &[PointRef<'_>], payload: &str) -> usize {
    let bare: Vec<_> = points.iter().map(|point| PointRef { field: None, ..*point }).collect();
    size(payload.as_bytes(), &bare)
}

#[test]
fn rows_say_their_time_beside_the_row_before() {
    let row = |time| PointRef { source: Some(Timestamp(time)), ..PointRef::new(ValueRef::Int(1)) };
    let start = 1_795_262_400_000_000_000;
    let one = size(b"", &[row(start)]);
    assert_eq!(size(b"", &[row(start), row(start)]), one + 2, "the same time costs nothing");
    assert_eq!(size(b"", &[row(start), row(start + 1_000_000_000)]), one + 2 + 5);
    size(b"", &[row(i64::MAX), row(i64::MIN), PointRef::new(ValueRef::Null), row(0)]);
}

#[test]
fn a_double_of_few_decimals_takes_its_digits() {
    let field = |number| {
        let point = PointRef { field: Some("f"), ..PointRef::new(ValueRef::Float(number)) };
        size(b"", &[point]) - size(b"", &[PointRef { value: ValueRef::Null, ..point }])
    };
    for (number, bytes) in [
        (0.0, 1),
        (0.5, 1),
        (23.4, 2),
        (-23.4, 2),
        (1013.25, 3),
        (51.507_351, 5),
        (1e12, 7),
        (1e15, 8),
        (0.1 + 0.2, 8),
        (-0.0, 8),
        (1e300, 8),
        (f64::INFINITY, 8),
    ] {
        assert_eq!(field(number), bytes, "{number}");
    }
}

#[test]
fn what_is_as_before_is_not_said_again() {
    let payload = r#"[{"n":"t","u":"Cel"},{"n":"t","u":"Cel"}]"#;
    let point = PointRef {
        field: Some("line.motor.t"),
        unit: Some(part(payload, "Cel")),
        quality: Quality(0x8000_0000),
        source: Some(Timestamp(7)),
        ..PointRef::new(ValueRef::Int(1))
    };
    let one = size(payload.as_bytes(), &[point]);
    let behind = payload.rfind("Cel").expect("the payload has it");
    let other_unit = PointRef { unit: payload.get(behind..behind + 3), ..point };
    for again in [point, other_unit] {
        assert_eq!(size(payload.as_bytes(), &[point, again]), one + 3);
        let bare = PointRef::new(ValueRef::Null);
        assert_eq!(size(payload.as_bytes(), &[point, bare, again]), one + 4, "past one without");
    }
}

/// Names that are put together stand nowhere in a payload: of a table, each is stored once.
#[test]
fn a_text_that_stands_in_the_section_is_named_there() {
    for columns in [1_usize, 2, 31, 32, 33, 100] {
        let names: Vec<String> =
            (0..columns).map(|n| format!("line.motor.column_{n:03}")).collect();
        let row =
            |names: &[String]| -> Vec<(String, i64)> { names.iter().cloned().zip(0..).collect() };
        // Each row has texts of its own, as a reader puts them together anew.
        let rows: Vec<_> = (0..10).map(|_| row(&names)).collect();
        let all: Vec<PointRef<'_>> = rows
            .iter()
            .flatten()
            .map(|(name, number)| PointRef {
                field: Some(name),
                ..PointRef::new(ValueRef::Int(*number))
            })
            .collect();
        let bytes = size(b"payload", &all);
        let texts = columns * 21;
        match columns {
            1..=32 => assert!(bytes < texts + all.len() * 7, "{columns}: {bytes}"),
            // More than are remembered: those cost their bytes again, and no more than that.
            _ => assert!(bytes <= 1 + all.len() * (21 + 4), "{columns}: {bytes}"),
        }
    }
}

#[test]
fn findings_and_the_contract_stand_beside_the_points() {
    let mut buffer = PointsBuffer::new();
    let mut builder = buffer.begin(b"1");
    builder.finding(Finding::FieldsLeftOut(36));
    builder.push(&PointRef::new(ValueRef::Int(1)));
    builder.contract_version(u64::MAX);
    builder.finding(Finding::Windows1252);
    let section = builder.finish();
    assert!(section.is_whole());
    assert_eq!(section.iter().collect::<Vec<_>>(), [PointRef::new(ValueRef::Int(1))]);
    let expected = [Finding::FieldsLeftOut(36), Finding::Windows1252];
    assert_eq!(section.findings().collect::<Vec<_>>(), expected);
    assert_eq!(section.contract_version(), Some(u64::MAX));
}

#[test]
fn a_finding_of_a_later_release_is_passed_over() {
    let section = Points::new(&[1, 9, 99, 7, 3, 2, 9, 2, 0], b"1");
    assert!(section.is_whole());
    assert_eq!(section.iter().collect::<Vec<_>>(), [PointRef::new(ValueRef::Int(1))]);
    assert_eq!(section.findings().collect::<Vec<_>>(), [Finding::Windows1252]);
}

#[test]
fn a_text_outside_of_the_payload_or_no_text_is_nonsense() {
    for section in [
        // Behind the end, over the end, no UTF-8, a kind there is not, flags there are not.
        &[0, 6, 1 << 1 | 1, 4 + 9][..],
        &[0, 6, 3 << 1 | 1, 2],
        &[0, 6, 1 << 1, 0xFF],
        &[0, 12],
        &[0, 0x83, 0, 2],
        // Quality, unit and field of a point before, where there is none, and said twice.
        &[0, 0x83, 0b0010_0000, 2],
        &[0, 0x83, 0b0100_0000, 2],
        &[0, 0x83, 0b1000_0000, 2],
        &[0, 0x83, 0b0010_0001, 2, 0, 0, 0, 0],
        &[0, 0x83, 0b0100_0010, 2, 0],
        &[0, 0xC3, 0b1000_0000, 2, 0],
        // A decimal without digits, and a text in the section that does not end before its item.
        &[0, 11],
        &[0, 6, 5 << 1 | 1, 4],
        // A time beside none, and bytes that say there is more than points, where there is not.
        &[0, 0x13, 2],
        &[1, 3, 2],
        &[0, 9, 2, 0],
        &[2],
    ] {
        assert!(!Points::new(section, b"1234").is_whole(), "{section:?}");
    }
    assert!(Points::new(&[0, 6, 3 << 1 | 1, 1], b"1234").is_whole());
}

fn value<'a>(kind: u8, bits: u64, text: &'a str) -> ValueRef<'a> {
    match kind {
        0 => ValueRef::Null,
        1 => ValueRef::Bool(bits.is_multiple_of(2)),
        2 => ValueRef::Int(bits.cast_signed()),
        3 => ValueRef::UInt(bits),
        4 => ValueRef::Float(f64::from_bits(bits)),
        5 => ValueRef::Text(text),
        6 => ValueRef::Document(text),
        8 => ValueRef::Float(f64::from(u32::try_from(bits >> 32).unwrap_or_default()) / 100.0),
        _ => ValueRef::Bytes(text.as_bytes()),
    }
}

fn is_same(one: &PointRef<'_>, other: &PointRef<'_>) -> bool {
    let second = match (one.second, other.second) {
        (Some(one), Some(other)) => one.is_same(&other),
        (one, other) => one.is_none() && other.is_none(),
    };
    let bare = |point: &PointRef<'_>| {
        let point = *point;
        (point.field.map(str::to_owned), point.unit.map(str::to_owned), point.quality)
    };
    let rest = |point: &PointRef<'_>| (point.source, point.seq, point.historical);
    second
        && one.value.is_same(&other.value)
        && bare(one) == bare(other)
        && rest(one) == rest(other)
}

proptest! {
    #[test]
    fn any_points_survive_their_bytes(
        payload in ".{0,60}",
        drawn in proptest::collection::vec(
            (
                (0u8..9, any::<u64>(), ".{0,12}", any::<bool>()),
                (proptest::option::of(0u8..5), proptest::option::of("a|b[.]c|.{0,9}"), any::<u64>()),
                (0u32..4, proptest::option::of("°C|[a-z]{0,2}"), any::<bool>()),
                (proptest::option::of(any::<i64>()), proptest::option::of(any::<u64>())),
            ),
            0..20,
        ),
        findings in proptest::collection::vec(any::<u32>(), 0..3),
    ) {
        let points: Vec<_> = drawn
            .iter()
            .map(|(of, (second, field, bits), (quality, unit, historical), (time, seq))| {
                let (kind, number, text, inside) = of;
                let text = if *inside { payload.as_str() } else { text };
                PointRef {
                    field: field.as_deref(),
                    value: value(*kind, *number, text),
                    second: second.map(|kind| value(kind, *bits, "")),
                    quality: if quality % 2 == 0 { Quality::GOOD } else { Quality(*quality) },
                    unit: unit.as_deref(),
                    source: time.map(Timestamp),
                    seq: *seq,
                    historical: *historical,
                }
            })
            .collect();
        let mut buffer = PointsBuffer::new();
        let mut builder = buffer.begin(payload.as_bytes());
        points.iter().for_each(|point| builder.push(point));
        findings.iter().for_each(|fields| builder.finding(Finding::FieldsLeftOut(*fields)));
        let section = builder.finish();
        prop_assert!(section.is_whole());
        let read: Vec<_> = section.iter().collect();
        prop_assert_eq!(read.len(), points.len());
        prop_assert!(read.iter().zip(&points).all(|(one, other)| is_same(one, other)));
        prop_assert_eq!(section.findings().count(), findings.len());
        // A record may be cut anywhere: nothing panics, and nothing is whole that is not.
        for end in 0..section.as_bytes().len() {
            let cut = Points::new(&section.as_bytes()[..end], payload.as_bytes());
            prop_assert!(cut.iter().count() <= points.len());
        }
    }

    #[test]
    fn no_bytes_panic(
        section in proptest::collection::vec(any::<u8>(), 0..60),
        payload in proptest::collection::vec(any::<u8>(), 0..30),
    ) {
        let points = Points::new(&section, &payload);
        let (count, more) = (points.iter().count(), points.findings().count());
        prop_assert!(count + more <= section.len());
        points.contract_version();
        points.is_whole();
    }
}
