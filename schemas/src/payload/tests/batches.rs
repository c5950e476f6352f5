//! Batches: rows, columns, children (NS-21).

use super::*;

#[test]
fn rows() {
    check(
        r#"[{"value":1,"timestamp":1795262400},{"value":2.5,"quality":"Bad","timestamp":"2026-11-21T12:00:01Z"}]"#,
        &expect![["- Int(1) Good @2026-11-21T12:00:00Z\n- Float(2.5) Bad @2026-11-21T12:00:01Z\n"]],
    );
    for (no_batch, fields) in [
        (r#"[{"value":1}]"#, "0.value Int(1) Good\n"),
        (r#"[7,{"value":1,"timestamp":1795262400}]"#, ""),
    ] {
        assert_eq!(
            show(&points(no_batch.as_bytes(), None)),
            format!("- Document({no_batch:?}) Good\n{fields}")
        );
        assert_eq!(accept(no_batch.as_bytes()), Ok(None));
    }
    let row = r#"{"value":1,"timestamp":1795262400}"#;
    let many = |n: usize| format!("[{}]", vec![row; n].join(","));
    assert_eq!(points(many(10_000).as_bytes(), None).len(), 10_000);
    let refused = accept(many(10_001).as_bytes()).unwrap_err();
    assert_eq!(refused, Malformed::TooManyRows { rows: 10_001 });
}

#[test]
fn a_bad_row_costs_no_good_one() {
    let payload = r#"[{"value":1,"timestamp":1795262400},7,{"value":2},"x",{"value":3,"x":1,"timestamp":1795262401}]"#;
    check(
        payload,
        &expect![[r#"
            - Int(1) Good @2026-11-21T12:00:00Z
            - Int(3) Good @2026-11-21T12:00:01Z
            x Int(1) Good @2026-11-21T12:00:01Z
        "#]],
    );
    let Ok(Some(Batch::Flawed(bad))) = accept(payload.as_bytes()) else { unreachable!() };
    let bad: Vec<_> = bad.iter().map(|row| (row.index, &*row.payload)).collect();
    assert_eq!(bad, [(1, "7"), (2, r#"{"value":2}"#), (3, r#""x""#)]);
}

#[test]
fn children_are_rows_with_a_path() {
    let payload = r#"{"ts":1795262400,"points":[{"path":"a","value":1},{"path":"b","value":NaN,"x":1},7,{"path":"c\u0064","v":2,"timestamp":5},{"path":"e"},{"value":1},{"path":"","value":1}]}"#;
    let Ok(Some(Batch::Children(rows))) = accept(payload.as_bytes()) else { unreachable!() };
    let mut shown = String::new();
    for row in &rows {
        match row {
            Ok(row) => writeln!(shown, "{} {}", row.path, row.payload).unwrap(),
            Err(row) => {
                writeln!(shown, "bad {} {:?} {}", row.index, row.path, row.payload).unwrap()
            }
        }
    }
    expect![[r#"
        a {"value":1,"ts":1795262400}
        b {"value":null,"x":1,"ts":1795262400}
        bad 2 None 7
        cd {"v":2,"timestamp":5}
        bad 4 Some("e") {"path":"e"}
        bad 5 None {"value":1}
        bad 6 None {"path":"","value":1}
    "#]]
    .assert_eq(&shown);
    for document in [r#"{"points":[1,2,3]}"#, r#"{"points":[]}"#, r#"{"points":[{"x":1}]}"#] {
        assert_eq!(accept(document.as_bytes()), Ok(None), "{document}");
    }
    assert!(accept(br#"{"points":[{"path":"a","value":1,"value":2}]}"#).is_err());
}

/// What a beginning that all names share takes is bounded, however long and for however many rows.
#[test]
fn the_names_of_one_payload_have_a_bound_together() {
    let long = "x".repeat(60_000);
    let list = |row: &str| vec![row; 2_000].join(",");
    let senml = format!(r#"[{{"bn":"{long}","n":"a","v":1}},{}]"#, list(r#"{"n":"b","v":2}"#));
    let fields: Vec<_> = (0..2_000).map(|n| format!("\"f{n}\":1")).collect();
    let fields = fields.join(",");
    let metric = |name: &str, tags: &str| {
        format!(
            r#"{{"metrics":[{{"name":"{name}","tags":{{{tags}}},"fields":{{{fields}}},"timestamp":1795262400}}]}}"#
        )
    };
    let writer =
        format!(r#"{{"Messages":[{{"DataSetWriterName":"{long}","Payload":{{{fields}}}}}]}}"#);
    let mut checked = 0;
    for payload in
        [senml, metric(&long, ""), metric("cpu", &format!("\"host\":\"{long}\"")), writer]
    {
        let Ok(Some(Batch::Children(rows))) = accept(payload.as_bytes()) else {
            // Nothing of it is a point.
            continue;
        };
        checked += 1;
        let names: usize = rows.iter().flatten().map(|row| row.path.len()).sum();
        assert!(names <= 1 << 20, "{names} bytes of names");
        let bad: Vec<_> = rows.iter().filter_map(|row| row.as_ref().err()).collect();
        assert!(bad.len() > 1_900, "{} of {} rows are refused", bad.len(), rows.len());
        assert!(bad.iter().all(|row| row.path.is_none() && row.payload.len() < 10));
    }
    assert_eq!(checked, 3, "but for the tags, which are too long to be read");
}

#[test]
fn columns() {
    check(
        r#"{"t":["2026-11-21T12:00:00Z",1795262401],"v":[1,null],"q":["Good","Uncertain"]}"#,
        &expect![["- Int(1) Good @2026-11-21T12:00:00Z\n- Null Bad @2026-11-21T12:00:01Z\n"]],
    );
    check(
        r#"{"v":[true],"t":[1795262400]}"#,
        &expect![["- Bool(true) Good @2026-11-21T12:00:00Z\n"]],
    );
    for no_batch in [
        r#"{"t":[1795262400],"v":[1,2]}"#,
        r#"{"t":[],"v":[]}"#,
        r#"{"t":[1795262400],"v":[1],"q":[]}"#,
        r#"{"t":[1795262400],"v":[1],"w":[1]}"#,
    ] {
        assert!(matches!(points(no_batch.as_bytes(), None)[0].value, Value::Document(_)));
    }
}
