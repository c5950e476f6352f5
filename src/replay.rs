//! `uns replay`: a recording, published as if its machine were running now.

mod dialect;
mod order;
mod recording;
mod schedule;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use uns_model::fold::AHEAD_MAX_NANOS;
use uns_model::{Clock as _, SystemClock, Timestamp};

use crate::client::{MqttArgs, Publisher, topic};
use dialect::{Asked, Decimal};
use recording::{Recording, Row};
use schedule::{Schedule, Speed};

/// What to replay and how.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The recording: CSV with a header line, in UTF-8, Latin-1 or Windows-1252.
    file: PathBuf,
    /// Topic the columns become tags below, for example `uns/v1/acme/lab/pump1`.
    #[arg(long, value_name = "PREFIX", value_parser = topic)]
    topic: String,
    /// Column that holds the time, as RFC 3339, as an epoch number or as `21.11.2026 08:00:00`; given twice,
    /// the columns of date and time of day. Without it rows are one second apart, from now on.
    #[arg(long, value_name = "COLUMN")]
    time: Vec<String>,
    /// Field separator: a semicolon, tab, bar or comma is found without it.
    #[arg(long, value_parser = one_byte)]
    separator: Option<u8>,
    /// Decimal mark of numbers. Without it, a comma where the separator is none and the file begins with
    /// such numbers.
    #[arg(long, value_enum)]
    decimal: Option<Decimal>,
    /// Time zone of times that name none. Of an hour that clocks show twice, the order of the rows
    /// decides; rows of an hour that never was are bad.
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    zone: String,
    /// Speed: a factor, or `max` for as fast as the broker takes it. Times of values are not
    /// compressed: above 1 those of `--now` run ahead of the clock, and the hub gives what is more
    /// than a minute ahead the time of its arrival.
    #[arg(long, default_value = "1", value_name = "FACTOR")]
    speed: Speed,
    /// Shift the recording so that it starts now.
    #[arg(long)]
    now: bool,
    /// Start over at the end, its times moved on.
    #[arg(long = "loop")]
    repeat: bool,
    /// QoS 1 waits for the broker's acknowledgement and resumes over a lost connection. With QoS 0 a lost connection costs rows; the first one goes at QoS 1 all the same, so that a refusal is seen.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    qos: u8,
    #[command(flatten)]
    mqtt: MqttArgs,
    /// What a bad row does.
    #[arg(long, value_enum, default_value_t = OnError::Skip)]
    on_error: OnError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnError {
    /// Report the row with its line and go on.
    Skip,
    /// Report it and stop.
    Stop,
}

fn one_byte(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        b"\\t" => Ok(b'\t'),
        _ => Err("the separator is one character, such as ; or \\t".into()),
    }
}

/// What the closing summary reports.
#[derive(Debug, Default)]
struct Tally {
    rows: u64,
    values: u64,
    bad_rows: u64,
    /// Rows whose time the hub does not believe: it gives their values the time of their arrival.
    ahead_rows: u64,
    /// Rows of batches that the hub refused.
    refused_rows: u64,
    reconnects: u64,
    /// Rows may be missing.
    unsure: bool,
}

/// Reported bad rows before only their number goes on.
const REPORTED_MAX: u64 = 20;

/// Runs the sub-command.
pub(crate) fn replay(args: &ReplayArgs) -> Result<()> {
    let clock = SystemClock;
    let mut recording = open(args)?;
    let topics = recording.topics(&args.topic)?;
    let decimal = recording.decimal();
    let mut publisher = Publisher::connect(args.mqtt.endpoint()?, args.qos)?;
    let mut tally = Tally::default();
    let started = clock.monotonic();
    let mut progress = Progress::new(recording.bytes_total());
    note_likely_time(&mut progress, &recording.likely_time());
    let mut schedule = Schedule::new(args.speed, args.now);
    loop {
        while let Some(row) = recording.next_row() {
            let row = match row {
                Ok(row) => row,
                Err(bad) if args.on_error == OnError::Stop => {
                    publisher.finish()?;
                    bail!("{}: {bad}", args.file.display());
                }
                Err(bad) => {
                    tally.bad_rows += 1;
                    if tally.bad_rows <= REPORTED_MAX {
                        progress.note(&format!("{}: {bad}; skipped", args.file.display()));
                    }
                    continue;
                }
            };
            let time = schedule.wait_for(row.time, &clock, || publisher.flush())?;
            tally.ahead_rows += u64::from(time.0 > clock.now().0 + AHEAD_MAX_NANOS);
            if tally.rows == 0 {
                publisher.acknowledged(|to| {
                    publish_row(to, (&topics, decimal), &row, time, &mut tally)
                })?;
            } else {
                publish_row(&mut publisher, (&topics, decimal), &row, time, &mut tally)?;
            }
            progress.show(recording.bytes_read(), &tally);
        }
        if !args.repeat || tally.rows == 0 {
            break;
        }
        schedule.next_round();
        recording = open(args)?;
    }
    tally.reconnects = publisher.finish()?;
    tally.unsure = args.qos == 0 && tally.reconnects > 0;
    tally.refused_rows = publisher.refused_rows();
    let seconds = (clock.monotonic() - started).as_secs_f64();
    progress.close(&tally, seconds);
    if tally.rows == 0 && tally.bad_rows > 0 {
        bail!("no row of {} could be published; is the time column right?", args.file.display());
    }
    Ok(())
}

fn open(args: &ReplayArgs) -> Result<Recording> {
    let asked = Asked { separator: args.separator, decimal: args.decimal };
    Recording::open(&args.file, asked, &args.time, &args.zone)
        .with_context(|| format!("cannot replay {}", args.file.display()))
}

/// Rows without their time are rarely meant.
fn note_likely_time(progress: &mut Progress, columns: &[&str]) {
    let option = |column: &&str| {
        let quote = if column.contains([' ', '/']) { "'" } else { "" };
        format!("--time {quote}{column}{quote}")
    };
    let options = columns.iter().map(option).collect::<Vec<_>>().join(" ");
    let (becomes, holds) = match columns {
        [] => return,
        [_] => ("column", "it holds"),
        _ => ("columns", "they hold"),
    };
    let (verb, names) = match columns {
        [_] => ("becomes a tag", columns.join("")),
        _ => ("become tags", columns.join("` and `")),
    };
    progress.note(&format!(
        "the {becomes} `{names}` {verb}, and rows are one second apart from now on; if {holds} their \
         time, use {options}"
    ));
}

fn publish_row(
    publisher: &mut Publisher,
    (topics, decimal): (&[String], Decimal),
    row: &Row<'_>,
    time: Timestamp,
    tally: &mut Tally,
) -> Result<()> {
    for (topic, cell) in topics.iter().zip(row.cells()) {
        let Some(value) = recording::json_value(cell, decimal) else { continue };
        let payload = format!("{{\"value\":{value},\"timestamp\":\"{time}\"}}");
        publisher.publish(topic, payload.as_bytes(), false)?;
        tally.values += 1;
    }
    tally.rows += 1;
    Ok(())
}

/// The progress bar on a terminal; silent when standard error is a file.
#[derive(Debug)]
struct Progress {
    total: u64,
    shown_percent: Option<u64>,
    terminal: bool,
}

impl Progress {
    fn new(total: u64) -> Self {
        Self { total: total.max(1), shown_percent: None, terminal: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, read: u64, tally: &Tally) {
        let percent = (read * 100 / self.total).min(100);
        if !self.terminal || self.shown_percent == Some(percent) {
            return;
        }
        self.shown_percent = Some(percent);
        let bar: String = (0..40).map(|i| if i * 100 < percent * 40 { '█' } else { '·' }).collect();
        eprint!("\r{bar} {percent:3} %  {} rows  {} values", tally.rows, tally.values);
        // A terminal that cannot be written to is no reason to stop publishing.
        drop(std::io::stderr().flush());
    }

    fn note(&mut self, line: &str) {
        if self.terminal && self.shown_percent.take().is_some() {
            eprintln!();
        }
        eprintln!("uns replay: {line}");
    }

    fn close(&mut self, tally: &Tally, seconds: f64) {
        if self.terminal && self.shown_percent.take().is_some() {
            eprintln!();
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = tally.values as f64 / seconds.max(1e-9);
        eprintln!(
            "{} rows, {} values published in {seconds:.1} s ({rate:.0} values/s), {} bad rows, \
             {} reconnects",
            tally.rows, tally.values, tally.bad_rows, tally.reconnects
        );
        if tally.unsure {
            eprintln!(
                "uns replay: with QoS 0 nobody knows what the lost connections took; `--qos 1` sends \
                 again what was not acknowledged"
            );
        }
        if tally.ahead_rows > 0 {
            eprintln!(
                "uns replay: {} rows had a time more than a minute ahead of the clock; the hub gave \
                 their values the time of their arrival",
                tally.ahead_rows
            );
        }
        if tally.refused_rows > 0 {
            eprintln!(
                "uns replay: the hub refused {} of them; `GET /api/v1/uns/dead-letters` says which \
                 and why",
                tally.refused_rows
            );
        }
    }
}
