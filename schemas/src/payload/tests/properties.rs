//! What holds for all payloads.

use super::*;
use proptest::prelude::*;

/// An object of keys an envelope may have, and others, of scalars and one that is none.
fn nearly_envelope() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "value",
        "quality",
        "success",
        "timestamp",
        "seq",
        "historical",
        "unit",
        "tagName",
        "other",
        "\\u0076alue",
    ]);
    let scalar = prop::sample::select(vec![
        "1",
        "-2.5",
        "true",
        "null",
        "NaN",
        "\"GOOD\"",
        "\"a\\nb\"",
        "1e400",
        "1700000000000",
        "[1]",
        "01",
        "\"2026-11-21T12:00:00Z\"",
    ]);
    let space = prop::sample::select(vec!["", " ", "\n\t"]);
    let member = (key, scalar, space)
        .prop_map(|(key, value, space)| format!("{space}\"{key}\"{space}:{space}{value}{space}"));
    (prop::collection::vec(member, 0..4), prop::sample::select(vec!["", " ", " x", ","]))
        .prop_map(|(members, end)| format!(" {{{}}}{end}", members.join(",")))
}

proptest! {
    #[test]
    fn one_pass_says_what_the_thorough_scan_says(text in nearly_envelope()) {
        let zone = Zone::default();
        let context = DecodeContext::new(&zone, Timestamp(0));
        let mut quick = envelope::Envelope::default();
        let quick = envelope::read_flat(&text, &context, &mut quick).then_some(quick);
        let whole = scan::whole(&text, &mut |_, _| {});
        let thorough = match &whole {
            Ok(Some(json)) => envelope::read(*json, false, &context),
            Ok(None) | Err(_) => None,
        };
        match (quick, thorough) {
            (Some(quick), thorough) => {
                let thorough = thorough.expect("the thorough scan finds it too");
                prop_assert_eq!(quick.point(None), thorough.point(None));
                prop_assert_eq!(quick.unit(), thorough.unit());
                prop_assert_eq!(quick.value, thorough.value);
            }
            (None, Some(_)) => {
                let longer = text.contains("[1]") || text.contains("other") || text.contains("\\u");
                prop_assert!(longer, "only what is nested or unknown takes longer");
            }
            (None, None) => {}
        }
    }

    #[test]
    fn any_bytes_are_survived(data: Vec<u8>) {
        fuzz(&data);
    }

    #[test]
    fn anything_like_json_is_survived(text in "(\\{|\\[|\\}|\\]|\"value\"|\"points\"|\"path\"|nan|\0|\u{feff}|\"t\"|\"v\"|\"\\\\u0041\"|:|,|1|NaN| ){0,24}") {
        fuzz(text.as_bytes());
    }

    #[test]
    fn doubles_survive_bit_for_bit(number: f64) {
        prop_assume!(number.is_finite());
        let decoded = points(format!("{{\"value\":{number:?}}}").as_bytes(), None);
        match decoded[0].value {
            Value::Float(back) => prop_assert_eq!(back.to_bits(), number.to_bits()),
            ref other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn integers_survive(number: i64) {
        prop_assert_eq!(&points(number.to_string().as_bytes(), None)[0].value, &Value::Int(number));
    }
}
