//! Named points, limits of fields, and what is borrowed from the payload (NS-19c, NS-20).

use super::*;
use uns_model::PointRef;

/// Keeps names and findings.
#[derive(Default)]
struct Names(Vec<String>, Vec<Finding>);

impl Sink for Names {
    fn point(&mut self, point: &PointRef<'_>) {
        self.0.extend(point.field.map(str::to_owned));
    }

    fn finding(&mut self, finding: Finding) {
        self.1.push(finding);
    }
}

fn names(payload: &str, limits: FieldLimits) -> (Vec<String>, Vec<Finding>) {
    let zone = Zone::default();
    let context = DecodeContext::new(&zone, Timestamp(0)).limited(limits);
    let mut names = Names::default();
    keep(payload.as_bytes(), None, &context, &mut names);
    (names.0, names.1)
}

fn few(fields_max: usize) -> FieldLimits {
    FieldLimits { fields_max, ..FieldLimits::DEFAULT }
}

#[test]
fn a_list_is_in_the_name_unless_it_is_a_list_of_points_by_its_own_name() {
    let list = |key: &str| format!(r#"{{"{key}":[{{"id":"a.b","v":1}},{{"name":"c","v":2}}]}}"#);
    for key in ["values", "vals", "tags", "points", "measurements", "metrics", "data", "d"] {
        assert_eq!(names(&list(key), few(256)), (vec!["a.b".into(), "c".into()], vec![]), "{key}");
    }
    assert_eq!(names(&list("sensors"), few(256)).0, ["sensors.a.b", "sensors.c"]);
    let inside = format!(r#"{{"plant":{{"x":{0},"y":{0}}}}}"#, list("tags"));
    assert_eq!(
        names(&inside, few(256)).0,
        ["plant.x.a.b", "plant.x.c", "plant.y.a.b", "plant.y.c"]
    );
}

#[test]
fn the_best_of_several_names_is_taken_and_text_before_numbers() {
    for (element, name) in [
        (r#"{"name":"b","id":"a","v":1}"#, "a"),
        (r#"{"id":7,"name":"b","v":1}"#, "b"),
        (r#"{"id":7,"v":1}"#, "7"),
        (r#"{"n":"b","DisplayName":"c","v":1}"#, "b"),
        (r#"{"key":"k\u0041","value":1}"#, "kA"),
    ] {
        assert_eq!(names(&format!("[{element}]"), few(256)).0, [name], "{element}");
    }
    // Without a name, the place of an element stands for it.
    for (none, expected) in [
        (r#"{"v":1}"#, &["0.v"][..]),
        (r#"{"id":"a"}"#, &["0.id"]),
        (r#"{"id":"","v":1}"#, &["0.id", "0.v"]),
        (r#"{"id":true,"v":1}"#, &["0.id", "0.v"]),
    ] {
        let (found, findings) = names(&format!("[{none}]"), few(256));
        assert_eq!(
            (found, findings),
            (expected.iter().map(|&name| name.into()).collect(), vec![]),
            "{none}"
        );
    }
}

#[test]
fn several_samples_of_a_point_take_the_room_of_one_field() {
    let rows: Vec<String> = (0..600)
        .map(|n| format!(r#"{{"ts":{},"values":{{"a":{n},"b":{n}}}}}"#, 1_795_262_400 + n))
        .collect();
    let payload = format!("[{}]", rows.join(","));
    let (found, findings) = names(&payload, few(2));
    assert_eq!((found.len(), findings), (1_200, vec![]));
    let (found, findings) = names(&payload, few(1));
    assert_eq!((found.len(), findings), (600, vec![Finding::FieldsLeftOut(600)]));
}

#[test]
fn limits_of_fields_come_with_the_context() {
    let members: Vec<String> = (0..40).map(|n| format!("\"k{n}\":{n}")).collect();
    let payload = format!("{{{}}}", members.join(","));
    for (fields_max, left_out) in [(40, vec![]), (4, vec![Finding::FieldsLeftOut(36)])] {
        let (found, findings) = names(&payload, few(fields_max));
        assert_eq!((found.len(), findings), (fields_max, left_out));
    }
    let nothing = names(&payload, few(0));
    assert_eq!(nothing, (vec![], vec![Finding::FieldsLeftOut(40)]));
    let flat = FieldLimits { depth_max: 1, ..FieldLimits::DEFAULT };
    let found = names(r#"{"a":1,"b":{"c":2},"d":[{"id":"e","v":{"f":1}}]}"#, flat);
    assert_eq!(found, (vec!["a".into()], vec![Finding::FieldsLeftOut(2)]));
}

#[test]
fn a_name_spelled_twice_is_the_first_field_whatever_comes_between() {
    for (payload, expected) in [
        (r#"{"a.b":1,"a":{"b":2}}"#, vec!["a.b"]),
        (r#"{"a":{"b":2},"a.b":1}"#, vec!["a.b"]),
        (r#"{"a":{"b":2},"a\u002eb":1}"#, vec!["a.b"]),
        (r#"{"a":[1,2],"x":1,"a.1":3}"#, vec!["a.0", "a.1", "x"]),
        (r#"{"a.b":1,"a.c":2}"#, vec!["a.b", "a.c"]),
    ] {
        assert_eq!(
            names(payload, few(256)),
            (expected.iter().map(|&n| n.into()).collect(), vec![])
        );
    }
}

#[test]
fn a_name_over_255_bytes_is_left_out() {
    let long = "k".repeat(256);
    for payload in [
        format!(r#"{{"{long}":1}}"#),
        format!(r#"{{"a":{{"{long}":1}}}}"#),
        format!(r#"[{{"id":"{long}","v":1}}]"#),
        format!(r#"{{"{0}":{{"{0}":1}}}}"#, "k".repeat(128)),
    ] {
        let found = names(&payload, few(256));
        assert_eq!(found, (vec![], vec![Finding::FieldsLeftOut(1)]), "{payload}");
    }
    assert_eq!(names(&format!(r#"{{"{}":1}}"#, "k".repeat(255)), few(256)).0.len(), 1);
}

/// Takes only what lies in one payload.
struct Inside<'a>(&'a [u8]);

impl Inside<'_> {
    fn holds(&self, text: &str) -> bool {
        self.0.as_ptr_range().contains(&text.as_ptr()) || text.is_empty()
    }
}

impl Sink for Inside<'_> {
    fn point(&mut self, point: &PointRef<'_>) {
        let nested = point.field.is_some_and(|name| name.contains('.'));
        assert!(nested || point.field.is_none_or(|name| self.holds(name)), "{point:?}");
        assert!(point.unit.is_none_or(|unit| self.holds(unit)), "{point:?}");
        if let ValueRef::Text(text) | ValueRef::Document(text) = point.value {
            assert!(self.holds(text), "{point:?}");
        }
    }

    fn finding(&mut self, _: Finding) {}
}

#[test]
fn what_stands_in_the_payload_is_borrowed_from_it() {
    let zone = Zone::default();
    let context = DecodeContext::new(&zone, Timestamp(0));
    for payload in [
        "RUN",
        "21.5 °C",
        "\"RUN\"",
        r#"{"value":"RUN","unit":"bar"}"#,
        r#"{"value":23.4,"unit":"bar","x":1}"#,
        r#"{"mode":"AUTO","motor":{"mode":"ON"},"list":["a"]}"#,
        r#"[{"value":"RUN","timestamp":1795262400}]"#,
        r#"{"timestamp":1,"values":[{"id":"a","v":"x","unit":"bar"}]}"#,
        r#"{"ts":1795262400,"values":{"temp":"x"}}"#,
    ] {
        keep(payload.as_bytes(), None, &context, &mut Inside(payload.as_bytes()));
    }
}

#[test]
fn elements_with_a_name_and_values_keep_their_names_apart() {
    let payload =
        r#"{"sensors":[{"id":"s1","values":{"t":21.5}},{"id":"s2","values":{"t":99.5}}]}"#;
    assert_eq!(names(payload, few(256)).0, ["sensors.s1.t", "sensors.s2.t"]);
    // Without a name the time tells them apart.
    let series =
        r#"{"tags":[{"ts":1795262400,"values":{"t":1}},{"ts":1795262401,"values":{"t":2}}]}"#;
    assert_eq!(names(series, few(256)).0, ["t", "t"]);
}

#[test]
fn what_stands_beside_a_value_in_a_list_takes_no_room_from_values() {
    let payload = r#"{"sensors":[{"id":"a","value":1,"battery":80},{"id":"b","value":2,"radio":{"rssi":-7}}]}"#;
    let all = ["sensors.a", "sensors.b", "sensors.a.battery", "sensors.b.radio.rssi"];
    assert_eq!(names(payload, few(256)).0, all);
    assert_eq!(
        names(payload, few(2)),
        (vec![all[0].into(), all[1].into()], vec![Finding::FieldsLeftOut(2)])
    );
    let flat = FieldLimits { depth_max: 2, ..FieldLimits::DEFAULT };
    assert_eq!(
        names(payload, flat),
        (vec![all[0].into(), all[1].into()], vec![Finding::FieldsLeftOut(2)])
    );
}

#[test]
fn names_stay_when_an_element_says_more() {
    let mut known: Vec<String> = Vec::new();
    for more in ["", r#","hum":40"#, r#","hum":40,"v":3.3"#, r#","hum":40,"v":3.3,"unit":"V""#] {
        let payload = format!(r#"{{"sensors":[{{"id":"s1","temp":21.5{more}}}]}}"#);
        let found = names(&payload, few(256)).0;
        assert!(known.iter().all(|name| found.contains(name)), "{found:?} after {known:?}");
        known = found;
    }
    assert!(known.contains(&"sensors.s1".into()) && known.contains(&"sensors.s1.v".into()));
    // The tags of a metric are an object: it has no order.
    let metric = |tags: &str| {
        let metric = format!(
            r#"{{"name":"m","tags":{{{tags}}},"fields":{{"x":1}},"timestamp":1795262400}}"#
        );
        names(&format!(r#"{{"metrics":[{metric}]}}"#), few(256)).0
    };
    assert_eq!(metric(r#""host":"h","cpu":"c""#), ["m.c.h.x"]);
    assert_eq!(metric(r#""cpu":"c","host":"h""#), ["m.c.h.x"]);
}

#[test]
fn children_have_what_stands_beside_their_value_under_names_of_its_own() {
    for (element, child) in [
        (r#"{"id":"a","value":1,"battery":80}"#, r#"{"value":1,"battery":80}"#),
        (r#"{"id":"a","v":1,"temp":2,"unit":"V"}"#, r#"{"value":1,"unit":"V","temp":2}"#),
        (r#"{"id":"a","value":1,"status":"RUN"}"#, r#"{"value":1,"status":"RUN"}"#),
        (
            r#"{"id":"a","value":1,"quality":[1],"st\u0061tus":"RUN","timestamp":[1]}"#,
            r#"{"value":1,"quality":"Uncertain","st\u0061tus":"RUN"}"#,
        ),
        (
            r#"{"id":"a","value":1,"quality":"GoodNoData","status":"RUN"}"#,
            r#"{"value":1,"quality":"GoodNoData","status":10813440}"#,
        ),
    ] {
        let Ok(Some(Batch::Children(rows))) = accept(format!("[{element}]").as_bytes()) else {
            unreachable!("{element} is a point")
        };
        let [Ok(row)] = &rows[..] else { unreachable!("{element} is one good row") };
        assert_eq!(row.payload, child, "{element}");
        fuzz(format!("[{element}]").as_bytes());
    }
}
