//! Tests of the path grammar.

use super::*;
use proptest::prelude::*;

#[test]
fn both_documented_forms_are_first_class() {
    let plain = check("acme/berlin/line3/temperature", Names::Portable).unwrap();
    assert_eq!(plain, PathInfo { segments: 4, marker: None });
    let marked = check("acme/berlin/line3/_pump_v2/motor/temperature", Names::Portable).unwrap();
    let marker = Marker::Contract { name: "pump", version: 2 };
    assert_eq!(marked, PathInfo { segments: 6, marker: Some((3, marker)) });
    let raw = check("acme/_raw/x", Names::Any).unwrap();
    assert_eq!(raw.marker, Some((1, Marker::Raw)));
}

#[test]
fn markers_are_exactly_two_forms() {
    let long = format!("_{}_v1", "a".repeat(40));
    let longer = format!("_{}_v1", "a".repeat(41));
    for marker in ["_raw", "_pump_v1", "_pump_v999", "_a-b-2_v10", &long] {
        assert!(Marker::parse(marker).is_some(), "{marker}");
    }
    for name in [
        "raw",
        "_kpi",
        "_raw2",
        "_Raw",
        "_pump_v0",
        "_pump_v02",
        "_pump_v1000",
        "_pump_v",
        "_Pump_v1",
        "_2pump_v1",
        "_a_b_v1",
        "__v1",
        "_v1",
        "_pump_v1x",
        "_pump_v+1",
        &longer,
    ] {
        assert_eq!(Marker::parse(name), None, "{name}");
        if name.len() < 41 {
            assert!(check(&format!("a/{name}"), Names::Portable).is_ok() || name.contains('+'));
        }
    }
}

#[test]
fn a_marker_needs_a_location_and_a_leaf() {
    for (path, segment) in
        [("_raw/a", 1), ("a/_raw", 2), ("a/_raw/b/_pump_v1/c", 4), ("1/2/3/4/5/6/7/8/9/_raw/x", 10)]
    {
        let expected = Err(TopicError::MarkerMisplaced { segment });
        assert_eq!(check(path, Names::Portable), expected, "{path}");
        assert_eq!(check(path, Names::Any), expected, "{path}");
    }
    assert!(check("1/2/3/4/5/6/7/8/_raw/x", Names::Portable).is_ok());
    assert!(check("1/_raw/3/4/5/6/7/8/9/10/11/12/13/14/15/16", Names::Portable).is_ok());
}

#[test]
fn limits_are_exact() {
    let deep = |n: usize| vec!["a"; n].join("/");
    assert!(check(&deep(16), Names::Portable).is_ok());
    assert_eq!(
        check(&deep(17), Names::Portable),
        Err(TopicError::TooDeep { segments: 17, max: 16 })
    );
    assert!(check(&"x".repeat(63), Names::Portable).is_ok());
    assert_eq!(
        check(&"x".repeat(64), Names::Portable),
        Err(TopicError::SegmentTooLong { segment: 1, bytes: 64, max: 63 })
    );
    assert!(check(&"x".repeat(255), Names::Any).is_ok());
    assert!(check(&"x".repeat(256), Names::Any).is_err());
    let long =
        |last: usize| format!("{}/{}/{}", "a".repeat(200), "b".repeat(200), "c".repeat(last));
    assert!(check(&long(103), Names::Any).is_ok());
    assert_eq!(check(&long(104), Names::Any), Err(TopicError::TooLong { bytes: 506, max: 505 }));
}

#[test]
fn empty_segments_and_foreign_bytes_are_refused() {
    assert_eq!(check("", Names::Any), Err(TopicError::Empty));
    for (path, segment) in [("/a", 1), ("a/", 2), ("a//b", 2)] {
        assert_eq!(check(path, Names::Any), Err(TopicError::EmptySegment { segment }));
    }
    for path in ["Site A", "a/b.c", "a/-b", "caf\u{e9}", "a=b"] {
        let segment = path.split('/').count();
        assert_eq!(check(path, Names::Portable), Err(TopicError::NotPortable { segment }));
        assert!(check(path, Names::Any).is_ok(), "{path}");
    }
    assert!(check("a/b+c", Names::Any).is_err());
    assert!(check("a/\0", Names::Any).is_err());
}

proptest! {
    #[test]
    fn portable_paths_need_no_escape_towards_nats(
        path in "[A-Za-z0-9_][A-Za-z0-9_-]{0,9}(/[A-Za-z0-9_][A-Za-z0-9_-]{0,9}){0,15}"
    ) {
        if let Ok(info) = check(&path, Names::Portable) {
            prop_assert_eq!(info.segments, path.split('/').count());
            prop_assert_eq!(to_nats(&path), path.replace('/', "."));
            prop_assert!(check(&path, Names::Any).is_ok());
        } else {
            prop_assert!(path.split('/').any(|segment| Marker::parse(segment).is_some()));
        }
    }

    #[test]
    fn markers_survive(name in "[a-z][a-z0-9-]{0,39}", version in 1_u16..1000) {
        let text = format!("_{name}_v{version}");
        prop_assert_eq!(Marker::parse(&text), Some(Marker::Contract { name: &name, version }));
    }

    #[test]
    fn any_text_is_survived(path in ".{0,40}") {
        prop_assert!(check(&path, Names::Any).is_ok() || check(&path, Names::Portable).is_err());
    }
}
