//! Bytes per sample of recordings: `cargo run --release -p historian-segment --example recordings
//! -- DIR [OUT]` reads `DIR/skab/data/*/*.csv` and `DIR/nab/*.csv`; with OUT it leaves the files and
//! `series.parquet` there, to be opened with other tools.

use std::path::{Path, PathBuf};

use historian_segment::{
    Origin, Sample, SeriesEntry, SeriesId, SeriesOrigin, TimeUnit, Writer, write_series_map,
};
use uns_model::{NodeNo, OrgId, Quality, Sequence, Timestamp, Value};

type Series = Vec<(String, Vec<Sample>)>;

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .collect();
    found.sort();
    found
}

/// `2020-03-09 10:14:33` as UTC.
fn time(text: &str) -> Option<Timestamp> {
    let part = |range| text.get(range).and_then(|part: &str| part.parse::<i64>().ok());
    let (y, m, d) = (part(0..4)?, part(5..7)?, part(8..10)?);
    let (y, m) = if m < 3 { (y - 1, m + 9) } else { (y, m - 3) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d - 1 - 719_468;
    let seconds = days * 86_400 + part(11..13)? * 3600 + part(14..16)? * 60 + part(17..19)?;
    Some(Timestamp(seconds * 1_000_000_000))
}

fn load(dir: &Path, separator: char, columns: usize) -> Series {
    let mut series: Series = Vec::new();
    let mut sequence = 1000;
    for file in files(dir) {
        let text = std::fs::read_to_string(&file).expect("a readable recording");
        let own = if columns == 1 { file.display().to_string() } else { String::new() };
        for line in text.lines().skip(1) {
            let mut cells = line.split(separator);
            let Some(time) = cells.next().and_then(time) else { continue };
            for (column, cell) in cells.take(columns).enumerate() {
                let name = format!("{own}/{column}");
                let at = series.iter().position(|(n, _)| *n == name).unwrap_or_else(|| {
                    series.push((name, Vec::new()));
                    series.len() - 1
                });
                sequence += 1;
                series[at].1.push(Sample {
                    time,
                    value: Value::Float(cell.parse().expect("a number")),
                    quality: Quality::GOOD,
                    sequence: Sequence(sequence),
                    source_seq: None,
                    lag_seconds: Some(0),
                });
            }
        }
    }
    for (_, samples) in &mut series {
        samples.sort_by(Sample::order);
    }
    series
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "it reports to a person")]
fn report(name: &str, first_sid: u32, series: &Series) -> Vec<u8> {
    let unit = TimeUnit::coarsest(series.iter().flat_map(|(_, run)| run.iter().map(|s| s.time)));
    let mut writer = Writer::new(unit).expect("a schema");
    for (sid, (_, samples)) in (first_sid..).zip(series) {
        writer.write_series(SeriesId(sid), samples).expect("sorted samples");
    }
    let origin = |(sid, (own, _)): (u32, &(String, Vec<Sample>))| SeriesOrigin {
        sid: SeriesId(sid),
        node: NodeNo(sid),
        org: OrgId::DEFAULT,
        topic: format!("{name}{own}").into(),
        field: None,
        value_type: 0,
        generation: 0,
        unit: None,
    };
    let series = (first_sid..).zip(series).map(origin).collect();
    let file = writer.finish(&Origin { series, ..Origin::default() }).expect("a file");
    let rows = file.rows as f64;
    println!("{name}: {} rows, {:.3} B/sample", file.rows, file.bytes.len() as f64 / rows);
    let mut chunks = 0;
    for (column, bytes) in &file.column_bytes {
        chunks += bytes;
        println!("  {column:>10} {:.3}", *bytes as f64 / rows);
    }
    println!("  {:>10} {:.3}", "footer", (file.bytes.len() as u64 - chunks) as f64 / rows);
    file.bytes.to_vec()
}

fn entries(name: &str, first_sid: u32, series: &Series) -> Vec<SeriesEntry> {
    let entry = |(sid, (own, _)): (u32, &(String, Vec<Sample>))| SeriesEntry {
        sid: SeriesId(sid),
        org: 1,
        topic: format!("{name}{own}"),
        field: None,
        kind: "number".into(),
        unit: None,
    };
    (first_sid..).zip(series).map(entry).collect()
}

fn main() {
    let mut args = std::env::args().skip(1).map(PathBuf::from);
    let dir = args.next().unwrap_or_else(|| ".".into());
    let out = args.next();
    let mut named = Vec::new();
    let sets = [("SKAB", 0, "skab/data", ';', 8), ("NAB", 100, "nab", ',', 1)];
    for (name, first_sid, folder, separator, columns) in sets {
        let series = load(&dir.join(folder), separator, columns);
        let bytes = report(name, first_sid, &series);
        named.extend(entries(name, first_sid, &series));
        if let Some(out) = &out {
            std::fs::create_dir_all(out.join("files")).expect("a writable directory");
            let path = out.join(format!("files/{name}.parquet"));
            std::fs::write(path, bytes).expect("a writable directory");
        }
    }
    if let Some(out) = &out {
        let map = write_series_map(&named).expect("a file");
        std::fs::write(out.join("series.parquet"), map).expect("a writable directory");
    }
}
