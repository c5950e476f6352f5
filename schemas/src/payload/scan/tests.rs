//! Tests of the scanner, with `serde_json` as the oracle of what JSON is.

use super::*;
use proptest::prelude::*;

fn whole(text: &str) -> Result<Option<Token<'_>>, Malformed> {
    super::whole(text, &mut |_, _| {})
}

/// Whether the scanner takes a text for JSON, or for JSON it refuses.
fn is_json(text: &str) -> bool {
    !matches!(whole(text), Ok(None))
}

fn check(text: &str) {
    // As raw text: the oracle then checks the grammar and leaves the size of numbers alone.
    let oracle = serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
    assert_eq!(is_json(text), oracle, "{text}");
}

#[test]
fn the_grammar_is_json_s() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{\"a\" : 1 }",
        "nul",
        "null",
        "nullx",
        "true",
        "tru",
        "\"\"",
        "\"a",
        "a\"",
        "\"\\\"",
        "\"\\u12\"",
        "\"\t\"",
        "\"\u{7f}\"",
        "1",
        "-",
        "01",
        "1.",
        ".1",
        "1e5",
        "1e400",
        "1 1",
        " 1 ",
        "\u{feff}1",
        "[[[]]]",
        "[[]",
        "[]]",
        "{\"a\":{\"b\":[1,{\"c\":null}]}}",
        "// 1",
        "'a'",
        "\u{a0}1",
    ] {
        check(text);
    }
}

#[test]
fn only_characters_are_strings() {
    assert!(is_json("\"\\ud83d\\ude00\""));
    assert!(!is_json("\"\\ud83d\""));
}

#[test]
fn a_key_twice_is_found_at_every_size() {
    for count in [1_usize, 2, 7, 8, 9, 31, 32, 33, 34, 100, 1000] {
        let keys: Vec<String> = (0..count).map(|n| format!("\"k{n}\":{{\"k{n}\":[]}}")).collect();
        let unique = format!("{{{}}}", keys.join(","));
        assert!(matches!(whole(&unique), Ok(Some(_))), "{count} keys");
        let list = format!("[{unique},{unique}]");
        assert!(matches!(whole(&list), Ok(Some(_))), "{count} keys, two objects");
        for again in [0, count / 2, count - 1] {
            let twice = format!("{{{},\"k{again}\":1}}", keys.join(","));
            let at = twice.len() - format!("\"k{again}\":1}}").len();
            let expected = Err(Malformed::DuplicateKey { at });
            assert_eq!(whole(&twice).map(drop), expected, "{count} keys");
            let inside = format!("[{{\"x\":{twice},\"y\":{twice}}}]");
            assert!(whole(&inside).is_err(), "{count} keys");
        }
    }
}

#[test]
fn keys_are_compared_by_what_they_mean() {
    assert!(whole(r#"{"a":1,"\u0061":2}"#).is_err());
    assert!(whole(r#"{"a":1,"\u0062":2}"#).is_ok());
    assert!(whole(r#"{"a":1,"A":2,"a ":3}"#).is_ok());
    assert!(whole(r#"[{"a":1},{"a":2}]"#).is_ok());
    assert!(whole(r#"{"a":{"a":{"a":1}}}"#).is_ok());
}

#[test]
fn what_is_not_json_is_not_malformed() {
    assert!(matches!(whole(r#"{"a":1,"a":2} tail"#), Ok(None)));
    assert!(matches!(whole(r#"{"a":1,"a":2"#), Ok(None)));
}

#[test]
fn depth_is_counted_exactly() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(matches!(whole(&nested(32)), Ok(Some(_))));
    assert_eq!(whole(&nested(33)).map(drop), Err(Malformed::TooDeep { at: 32 }));
    let bomb = "{\"a\":".repeat(1_000_000);
    assert_eq!(whole(&bomb).map(drop), Err(Malformed::TooDeep { at: 160 }));
}

#[test]
fn numbers_that_are_none_are_seen() {
    let scan = whole("[1e999,NaN,-Infinity,nan,-nan(ind),+Inf,1.#QNAN]").unwrap().unwrap();
    let kinds: Vec<_> = elements(scan).map(|token| token.kind).collect();
    assert_eq!(kinds[0], Kind::Number);
    assert!(kinds[1..].iter().all(|kind| *kind == Kind::NonFinite), "{kinds:?}");
    for none in ["[nano]", "[nan(]", "[nan(a b)]", "[nan(x]", "[inf(1)]", "[1.#X]", "[--inf]"] {
        assert!(!is_json(none), "{none}");
    }
}

#[test]
fn a_container_knows_whether_all_its_numbers_are_ones() {
    let scan = whole(r#"[[1,{"a":nan}],[2],{"b":[3]},inf]"#).unwrap().unwrap();
    let finite = |token: Token<'_>| match token.kind {
        Kind::Object { finite } | Kind::Array { finite } => finite,
        kind => kind != Kind::NonFinite,
    };
    assert!(!finite(scan));
    assert_eq!(elements(scan).map(finite).collect::<Vec<_>>(), [false, true, true, false]);
}

#[test]
fn the_outermost_members_are_shown() {
    let members = |text| {
        let mut shown = String::new();
        let mut show = |key: Token<'_>, value: Token<'_>| {
            shown.push_str(key.text);
            shown.push_str(value.text);
            shown.push(' ');
        };
        super::whole(text, &mut show).unwrap().unwrap();
        shown
    };
    assert_eq!(
        members(r#"{"a":1,"points":[ 2 ],"b":{"points":[3]}}"#),
        "a1 points[ 2 ] b{\"points\":[3]} "
    );
    assert_eq!(members(r#"[{"points":[3]}]"#), "");
}

/// JSON with every kind of value, spaces and escapes.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:?}")),
        ".{0,6}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = ".{0,3}".prop_map(|text| serde_json::to_string(&text).unwrap());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[ {} ]", items.join(" , "))),
            prop::collection::btree_map(key, inner, 0..6).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(k, v)| format!("{k} :{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn check_scalar(text: &str) {
    let opens = text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(['{', '[']);
    let found = whole(text).unwrap_or_default().filter(|_| !opens);
    assert_eq!(scalar(text).filter(|_| !opens), found, "{text}");
}

#[test]
fn a_scalar_is_told_by_its_first_byte() {
    for text in [
        "", " ", "RUN", "true", "tru", "null", "none", "NaN", "nan(ind)", "-inf", "+Inf",
        "Infinity", "INF", "iNF", "1.#QNAN", "-1.#IND", "\"a\"", "\"a", " 5 ", "5 V", "0042", "-",
        "\u{b0}C",
    ] {
        check_scalar(text);
    }
}

proptest! {
    #[test]
    fn a_scalar_is_what_the_whole_scan_finds(text in "[-+ 01.eE#nNaAiIfFtTrulsy()\"\\\\xX]{0,12}") {
        check_scalar(&text);
    }

    #[test]
    fn every_json_is_scanned_and_walked_again(text in json()) {
        let scan = whole(&text).unwrap().unwrap();
        let oracle: serde_json::Value = serde_json::from_str(&text).unwrap();
        match &oracle {
            serde_json::Value::Array(items) => {
                let ours: Vec<_> = elements(scan).collect();
                prop_assert_eq!(ours.len(), items.len());
                for (token, item) in ours.iter().zip(items) {
                    if !matches!(token.kind, Kind::Text { .. }) {
                        let read: serde_json::Value = serde_json::from_str(token.text).unwrap();
                        prop_assert_eq!(&read, item);
                    }
                }
            }
            serde_json::Value::Object(map) => {
                let ours: Vec<_> = members(scan).collect();
                prop_assert_eq!(ours.len(), map.len());
                for ((key, _), expected) in ours.iter().zip(map.keys()) {
                    prop_assert_eq!(&crate::payload::text::unescape(key.text, true), expected);
                }
            }
            _ => prop_assert_eq!(scan.text.len() + 2 >= text.len(), true),
        }
    }

    #[test]
    fn a_damaged_json_is_judged_like_the_oracle_does(
        text in json(), at: prop::sample::Index, byte in "[ \\[\\]{}\",:0-9a-e.\\\\-]"
    ) {
        let mut damaged: Vec<char> = text.chars().collect();
        let at = at.index(damaged.len());
        damaged[at] = byte.chars().next().unwrap();
        check(&damaged.into_iter().collect::<String>());
    }

    #[test]
    fn any_text_is_judged_like_the_oracle_does(text in "[ \\[\\]{}\",:0-9a-eE.+\\\\u-]{0,12}") {
        check(&text);
    }
}
