//! A data directory is looked at while its process runs and after it, and stays as it is.

use std::fs;
use std::sync::Arc;

use fabric::conformance::{append, batch};
use fabric::{Log as _, Stream};
use fabric_local::{DataDir, FoundFormat, Holder, Inspection, LocalLog, LogConfig, SystemDisk};
use uns_model::{ManualClock, SeededRandom, Timestamp};

use crate::conforms::fresh_dir;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000_000);

#[test]
fn holder_formats_and_the_newest_record_are_told() {
    let path = fresh_dir("inspected");
    let directory = DataDir::open(&path).unwrap();
    let log = LocalLog::open(
        Arc::new(SystemDisk),
        &directory.stream(Stream::Data),
        LogConfig { segment_bytes: 64 * 1024, ..LogConfig::default() },
        Arc::new(ManualClock::new(NOW)) as _,
        &SeededRandom::new(7),
    )
    .unwrap();
    append(&*log, batch(&[b"1", b"2"])).unwrap();
    let running = Inspection::of(&path).unwrap();
    assert_eq!(running.holder, Holder::Process(Some(std::process::id())));
    assert_eq!(running.format, Some(FoundFormat::Known(Inspection::DIRECTORY_FORMAT)));
    let [data] = &running.logs[..] else { unreachable!("one log: {:?}", running.logs) };
    assert_eq!((data.stream, data.damaged_headers), (Stream::Data, 0));
    assert_eq!(data.format, Inspection::LOG_FORMAT);
    let expected = log.tail(uns_model::Sequence::ZERO).next().unwrap();
    let Some(fabric::TailItem::Frame(frame)) = expected else { unreachable!("a frame") };
    assert_eq!(data.newest, frame.records().last().map(|(_, record)| record.ingest()));

    drop((log, directory));
    let before = fs::read_dir(&path).unwrap().count();
    let stopped = Inspection::of(&path).unwrap();
    assert_eq!((stopped.holder, &stopped.logs), (Holder::Nobody, &running.logs));
    assert_eq!(fs::read_dir(&path).unwrap().count(), before, "a look leaves nothing behind");
}

#[test]
fn what_is_not_there_or_not_readable_is_told_too() {
    let path = fresh_dir("inspected-empty");
    fs::create_dir_all(&path).unwrap();
    let empty = Inspection::of(&path).unwrap();
    assert_eq!((empty.format, empty.holder, empty.logs.len()), (None, Holder::Nobody, 0));
    fs::write(path.join("VERSION"), "nonsense").unwrap();
    assert_eq!(Inspection::of(&path).unwrap().format, Some(FoundFormat::Unreadable));
    let line = "uns data directory, format 9";
    let text = format!("{line} #{:08x}\n", crc32fast::hash(line.as_bytes()));
    fs::write(path.join("VERSION"), text).unwrap();
    assert_eq!(Inspection::of(&path).unwrap().format, Some(FoundFormat::Newer(9)));
    let streams = path.join("streams/data");
    fs::create_dir_all(&streams).unwrap();
    fs::write(streams.join("00000000000000000001.log"), [7; 9000]).unwrap();
    let logs = Inspection::of(&path).unwrap().logs;
    assert_eq!((logs[0].segments, logs[0].damaged_headers, logs[0].newest), (1, 1, None));
}
