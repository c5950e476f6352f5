//! A replayed recording comes back bit for bit: as JSON, as CSV, and from the Parquet files with
//! tools nobody here wrote.

use crate::hub::{Hub, Scratch, peers, run};
use crate::recording;

fn bits(text: &str) -> u64 {
    text.parse::<f64>().expect("a number").to_bits()
}

#[test]
fn every_number_of_a_recording_is_in_history_bit_exact() {
    let scratch = Scratch::new();
    let (file, cells) = recording::write(scratch.path(), 3_000);
    let mut hub = Hub::start(scratch.path());
    recording::replay(&hub, &file);
    let check = |hub: &Hub| {
        for (column, tag) in recording::TAGS.iter().enumerate() {
            let topic = format!("uns/v1/lab/pump/{tag}");
            let samples = hub.history(&topic, recording::RANGE);
            assert_eq!(samples.len(), cells.len(), "{tag}");
            for (row, sample) in cells.iter().zip(&samples) {
                assert_eq!(bits(&sample["value"].to_string()), bits(&row[column]), "{tag}");
            }
            let url = format!(
                "/api/v1/uns/history?topic={topic}{}&format=csv&limit=100000",
                recording::RANGE
            );
            let (status, csv) = hub.fetch(&url);
            assert_eq!(status, 200);
            let values: Vec<&str> =
                csv.lines().skip(1).filter_map(|l| l.split(',').nth(1)).collect();
            assert_eq!(values.len(), cells.len(), "{tag} as CSV");
            for (row, value) in cells.iter().zip(values) {
                assert_eq!(bits(value), bits(&row[column]), "{tag} as CSV");
            }
        }
    };
    check(&hub);
    let said = peers("history_api.py", &[&hub.http.to_string(), file.to_str().expect("UTF-8")]);
    assert!(said.contains("JSON 12000, CSV 12000, current 4"), "{said}");
    // From files as from memory; a stop writes what memory held.
    hub.stop();
    check_files(&scratch, &file);
    let hub = Hub::start(scratch.path());
    check(&hub);
    // The same recording again: equal samples are duplicates, not rows (NS-26).
    recording::replay(&hub, &file);
    check(&hub);
}

fn check_files(scratch: &Scratch, recording: &std::path::Path) {
    let data = scratch.path().join("data");
    let args = [data.to_str().expect("UTF-8"), recording.to_str().expect("UTF-8")];
    let said = peers("history_files.py", &args);
    assert_eq!(said.matches("12000 numbers, every one bit-exact").count(), 2, "{said}");
}

#[test]
fn bad_rows_are_named_by_line_and_do_not_stop_the_rest() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let file = scratch.path().join("bad.csv");
    std::fs::write(&file, "time,a\n2026-03-09T10:00:00Z,1\nyesterday,2\n2026-03-09T10:00:02Z,3,4\n2026-03-09T10:00:03Z,5\n")
        .expect("the scratch directory takes files");
    let url = hub.mqtt_url();
    let file = file.to_str().expect("UTF-8");
    let base = [
        "replay",
        file,
        "--time",
        "time",
        "--topic",
        "uns/v1/lab/bad",
        "--speed",
        "max",
        "--qos",
        "1",
        "--mqtt",
        &url,
    ];
    let output = run(&base);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("line 3: `yesterday` is no time"), "{said}");
    assert!(said.contains("line 4: 3 fields where the header has 2"), "{said}");
    assert!(said.contains("2 bad rows"), "{said}");
    assert_eq!(hub.history("uns/v1/lab/bad/a", recording::RANGE).len(), 2);
    let stopped = run(&[&base[..], &["--on-error", "stop"]].concat());
    assert!(!stopped.status.success());
    assert!(String::from_utf8_lossy(&stopped.stderr).contains("line 3"));
}
