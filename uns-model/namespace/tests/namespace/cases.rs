//! The cases of `schemas/cases` through the gate: what lands in the log is what the case says, points
//! and children alike (NS-19 to NS-22). A gate that reads payloads in a way of its own fails here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use fabric::{Inbound, Log, Publish, Record, Resolved, TailItem};
use schemas::payload::{DecodeContext, Sink, VQT_JSON, keep};
use serde_json::value::RawValue;
use uns_model::grammar::Names;
use uns_model::{Finding, Point, PointRef, Sequence, Timestamp, ValueRef, Zone};
use uns_namespace::{AllRights, Gate};

use crate::world::{NOON, ORG, SECOND, World, inbound};

struct Case {
    topic: String,
    content_type: Option<String>,
    payload: Vec<u8>,
}

impl Case {
    fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).expect("the case can be read");
        let case: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(&text).expect("a case is JSON");
        let of = |key: &str| {
            case.get(key)
                .map(|raw| serde_json::from_str::<String>(raw.get()).expect("a case is JSON"))
        };
        let payload = match (case.get("payload"), of("text"), of("hex")) {
            (Some(json), None, None) => json.get().as_bytes().to_vec(),
            (None, Some(text), None) => text.into_bytes(),
            (None, None, Some(hex)) => {
                let (pairs, _) = hex.as_bytes().as_chunks::<2>();
                let digits = |pair| std::str::from_utf8(pair).expect("ASCII");
                pairs
                    .iter()
                    .map(|pair| u8::from_str_radix(digits(pair), 16).expect("hexadecimal digits"))
                    .collect()
            }
            _ => unreachable!("{} has one payload", file.display()),
        };
        Self {
            topic: of("topic").expect("a case has a topic"),
            content_type: of("contentType"),
            payload,
        }
    }

    /// Its MQTT properties.
    fn properties(&self) -> Vec<u8> {
        let Some(kind) = &self.content_type else { return Vec::new() };
        let length = u16::try_from(kind.len()).expect("a content type is short").to_be_bytes();
        [&[0x03][..], &length, kind.as_bytes()].concat()
    }
}

/// A point in the words of the cases.
fn write_point(shown: &mut String, point: &PointRef<'_>) {
    let field = point.field.unwrap_or("-");
    match point.value {
        ValueRef::Document(text) if point.field.is_none() => {
            write!(shown, "{field} document of {} bytes", text.len())
                .expect("a string takes everything");
        }
        value => write!(shown, "{field} = {value:?}").expect("a string takes everything"),
    }
    if let Some(unit) = point.unit {
        write!(shown, " {unit}").expect("a string takes everything");
    }
    if let Some(second) = point.second {
        write!(shown, ", also {second:?}").expect("a string takes everything");
    }
    if !point.quality.is_good() {
        write!(shown, ", {}", point.quality.word()).expect("a string takes everything");
    }
    match point.source {
        Some(Timestamp::UNREADABLE) => shown.push_str(" @unreadable"),
        Some(time) => write!(shown, " @{time}").expect("a string takes everything"),
        None => {}
    }
    if let Some(seq) = point.seq {
        write!(shown, " seq {seq}").expect("a string takes everything");
    }
    shown.push_str(if point.historical { " historical\n" } else { "\n" });
}

/// What the gate makes of a case; `None`: no topic of a node.
fn admitted(case: &Case) -> Option<String> {
    let mut world = World::new();
    world.config.zone = Zone::fixed(3_600);
    // Names of products have spaces and more.
    world.config.names = Names::Any;
    let space = world.open();
    let mut gate = Gate::new(&space);
    let resolved = gate.resolve(ORG, &case.topic, &AllRights).expect("its topic is valid");
    let Resolved::Node(node) = resolved else { return None };
    let properties = case.properties();
    let ingest = Timestamp(NOON.0 + 60 * SECOND);
    let inbound = Inbound { properties: &properties, ingest, ..inbound(&case.payload) };
    let mut shown = String::new();
    let outputs = match gate.admit(&node, &inbound, &AllRights) {
        Ok(admitted) => admitted.outputs.unwrap_or_default(),
        Err(refused) => return Some(format!("refused: {}\n", refused.detail)),
    };
    gate.flush(None).expect("the log takes all");
    let (mut records, mut children) = (0, 0);
    let mut tail = world.log.tail(Sequence::ZERO);
    while let Some(TailItem::Frame(frame)) = tail.next().expect("the log can be read") {
        for (_, record) in frame.records() {
            let Record::Publish(publish) = record else { continue };
            records += 1;
            if records == 1 {
                write_publish(&mut shown, &publish);
                continue;
            }
            let sent = &outputs.messages[children];
            assert_eq!(publish.payload, &sent.payload[..], "its subscribers and the log have one");
            let path = sent
                .topic
                .strip_prefix(&format!("{}/", case.topic))
                .expect("it is below its parent");
            writeln!(
                shown,
                "/{path} {}",
                str::from_utf8(&sent.payload).expect("a string takes everything")
            )
            .expect("a string takes everything");
            is_its_row(&publish, &world.config.zone);
            children += 1;
        }
    }
    assert_eq!(children, outputs.messages.len(), "each child has a record");
    for row in &outputs.refused {
        let payload = str::from_utf8(&row.payload).expect("it is JSON");
        writeln!(shown, "bad row {}: {payload}", row.index).expect("a string takes everything");
    }
    Some(shown)
}

fn write_publish(shown: &mut String, publish: &Publish<'_>) {
    let points = publish.points.expect("every record carries them");
    points.iter().for_each(|point| write_point(shown, &point));
    for finding in points.findings() {
        writeln!(shown, "finding: {finding:?}").expect("a string takes everything");
    }
}

/// Keeps points.
#[derive(Default)]
struct Kept(Vec<Point>);

impl Sink for Kept {
    fn point(&mut self, point: &PointRef<'_>) {
        self.0.push(point.to_point());
    }

    fn finding(&mut self, _: Finding) {}
}

/// The points of a child are those of its row, which is an envelope.
fn is_its_row(publish: &Publish<'_>, zone: &Zone) {
    let context = DecodeContext::new(zone, publish.ingest);
    let mut row = Kept::default();
    keep(publish.payload, Some(VQT_JSON), &context, &mut row);
    let points: Vec<_> =
        publish.points.expect("every record carries them").iter().map(PointRef::to_point).collect();
    assert_eq!(points, row.0);
    assert_eq!(points[0].field, None, "a row has a value");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the case can be read")
        .map(|entry| entry.expect("the case can be read").path())
        .collect();
    files.sort();
    files
}

#[test]
fn what_products_publish_is_in_the_log_as_their_cases_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/cases");
    let (mut count, mut ours) = (0, 0);
    for file in files(&root).iter().flat_map(|source| files(source)) {
        if file.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let case = Case::read(&file);
        let Some(shown) = admitted(&case) else { continue };
        let expected = fs::read_to_string(file.with_extension("txt")).unwrap();
        assert_eq!(shown, expected, "{}", file.display());
        count += 1;
        ours += usize::from(case.topic.starts_with("uns/v1/"));
    }
    assert!(count > 60 && ours > 6, "{count} cases were published, {ours} of them to `uns/v1/`");
}
