//! avg, min, max, sum, count, first and last per bucket are what a calculation over the recording
//! gives, page by page: from memory, from files, and from both at once.

use crate::hub::{Hub, Scratch, peers};
use crate::recording;

#[test]
fn buckets_equal_a_calculation_over_the_recording() {
    let scratch = Scratch::new();
    let (file, _) = recording::write(scratch.path(), 1_500);
    let (half, rest) = halves(&file);
    let mut hub = Hub::start(scratch.path());
    recording::replay(&hub, &half);
    let check = |hub: &Hub| {
        let file = file.to_str().expect("UTF-8");
        let said = peers("aggregates.py", &[&hub.http.to_string(), file]);
        assert!(said.contains("buckets as calculated"), "{said}");
    };
    // The stop puts the first half into files; the second stays in memory.
    hub.stop();
    let mut hub = Hub::start(scratch.path());
    recording::replay(&hub, &rest);
    check(&hub);
    hub.stop();
    check(&Hub::start(scratch.path()));
}

/// Even rows and odd rows, so that both halves meet in every bucket.
fn halves(file: &std::path::Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let text = std::fs::read_to_string(file).expect("the recording was written");
    let (header, rows) = text.split_once('\n').expect("a header line");
    let write = |name: &str, parity: usize| {
        let rows: Vec<&str> = rows.lines().skip(parity).step_by(2).collect();
        let path = file.with_file_name(name);
        std::fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).expect("a file");
        path
    };
    (write("even.csv", 0), write("odd.csv", 1))
}
