//! A small recording shaped like those of a pump test bed, made from a seed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use uns_model::{Random as _, SeededRandom, Timestamp};

use crate::hub::{Hub, run};

/// Column names; two need mending before they are tags.
pub(crate) const COLUMNS: [&str; 4] =
    ["Accelerometer1RMS", "Current", "Volume Flow RateRMS", "anomaly"];

/// The columns as tags.
pub(crate) const TAGS: [&str; 4] =
    ["Accelerometer1RMS", "Current", "Volume_Flow_RateRMS", "anomaly"];

/// 2026-03-09T10:14:33Z.
const START: i64 = 1_773_051_273_000_000_000;

/// Writes a recording of so many rows at 1 Hz; the text of every cell comes back with it.
pub(crate) fn write(directory: &Path, rows: usize) -> (PathBuf, Vec<[String; 4]>) {
    let random = SeededRandom::new(42);
    let unit = || f64::from(u32::try_from(random.u64() >> 32).expect("32 bits")) / 4_294_967_296.0;
    let mut text = format!("datetime;{}\n", COLUMNS.join(";"));
    let mut cells = Vec::new();
    for row in 0..rows {
        let row_cells = [
            format!("{:.7}", 0.02 + unit() / 100.0),
            // Full doubles as well as short decimals.
            format!("{:?}", 1.0 + unit()),
            format!("{:.1}", 30.0 + unit() * 4.0),
            format!("{:.1}", (unit() * 1.02).floor()),
        ];
        let seconds = i64::try_from(row).expect("few rows");
        let time = Timestamp(START + seconds * 1_000_000_000).to_string();
        let local = time.trim_end_matches('Z').replace('T', " ");
        writeln!(text, "{local};{}", row_cells.join(";")).expect("a string takes text");
        cells.push(row_cells);
    }
    let path = directory.join("recording.csv");
    fs::write(&path, text).expect("the scratch directory takes files");
    (path, cells)
}

/// Query part that covers the recording.
pub(crate) const RANGE: &str = "&start=2026-03-01T00:00:00Z&end=2026-04-01T00:00:00Z";

/// Replays it below `uns/v1/lab/pump`, as fast as it goes, every value acknowledged.
pub(crate) fn replay(hub: &Hub, file: &Path) {
    let (file, url) = (file.to_str().expect("UTF-8"), hub.mqtt_url());
    let mut args = vec!["replay", file, "--separator", ";", "--time", "datetime"];
    args.extend(["--topic", "uns/v1/lab/pump", "--speed", "max", "--qos", "1", "--mqtt", &url]);
    let output = run(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
