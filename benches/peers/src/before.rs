//! An earlier build of this hub and this one, each load on both in turn, so that what else the machine
//! does meets both alike. Figures are medians; the ratio is the median of the ratios of the rounds.

use anyhow::{Result, bail};

use crate::args::{Args, Table};
use crate::brokers::{Binaries, Kind};
use crate::{acks, churn, many, rows, wild};

/// Named figures of one round of a load.
type Figures = Vec<(String, f64)>;

/// A thread is shown from this many microseconds for each event.
const MUCH: f64 = 0.02;

type Measure = dyn Fn(&Binaries) -> Result<Figures>;

/// One load, as something that can be put on either build.
struct Load {
    measure: Box<Measure>,
}

/// Prints each load on the earlier build and on this one.
pub(crate) fn table(earlier: &Binaries, args: &Args) -> Result<()> {
    if !earlier.uns.is_file() {
        bail!("{} is missing", earlier.uns.display());
    }
    println!("\nCPU µs/event unless named otherwise, medians of {} rounds in turn\n", args.rounds);
    println!("| load | before | now | × before |");
    println!("|---|---|---|---|");
    for load in loads(args) {
        let (mut before, mut now) = (Vec::new(), Vec::new());
        for round in 0..args.rounds.max(1) {
            // Which comes first changes, so that neither has the warmer machine every time.
            if round % 2 == 0 {
                before.push((load.measure)(earlier)?);
                now.push((load.measure)(&args.binaries)?);
            } else {
                now.push((load.measure)(&args.binaries)?);
                before.push((load.measure)(earlier)?);
            }
        }
        print(&before, &now);
    }
    Ok(())
}

fn print(before: &[Figures], now: &[Figures]) {
    for (name, _) in &before[0] {
        let of = |rounds: &[Figures]| {
            let found = rounds.iter().map(|round| round.iter().find(|(other, _)| other == name));
            found.map(|figure| figure.map_or(0.0, |(_, value)| *value)).collect::<Vec<_>>()
        };
        let (before, now) = (of(before), of(now));
        let ratios = now.iter().zip(&before).map(|(now, before)| now / before).collect();
        println!("| {name} | {:.3} | {:.3} | {:.2} |", median(before), median(now), median(ratios));
    }
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    let half = of.len() / 2;
    if of.len() % 2 == 1 { of[half] } else { f64::midpoint(of[half - 1], of[half]) }
}

/// The loads of the tables that are wanted.
fn loads(args: &Args) -> Vec<Load> {
    let (scale, topics) = (args.scale, args.topics);
    let mut loads = Vec::new();
    for (table, kind) in [(Table::Broker, Kind::Uns), (Table::Fabric, Kind::UnsFabric)] {
        let rows = rows::ROWS.iter().filter(|row| row.name.contains(&args.only));
        for row in rows.filter(|_| args.wants(table)) {
            loads.push(load(move |binaries| {
                let round = rows::round(kind, *row, scale, binaries)?;
                if round.loss_percent > 0.0 {
                    bail!("{}: {:.2} % lost", row.name, round.loss_percent);
                }
                let mut figures = vec![(format!("{}: {}", kind.name(), row.name), round.micros)];
                let much = round.threads.into_iter().filter(|(_, micros)| *micros >= MUCH);
                figures.extend(much.map(|(thread, micros)| (format!("… thread {thread}"), micros)));
                Ok(figures)
            }));
        }
    }
    for kind in [Kind::Uns, Kind::UnsFabric] {
        if args.wants(Table::Acks) {
            loads.push(load(move |binaries| {
                let micros = acks::round(kind, scale, binaries)?;
                Ok(vec![(format!("{}: QoS 1, acknowledged", kind.name()), micros)])
            }));
        }
        if args.wants(Table::Wild) {
            loads.push(load(move |binaries| {
                let (without, with) = wild::round(kind, 1, binaries)?;
                let name = |what| format!("{}: {what} wildcard subscriptions", kind.name());
                Ok(vec![(name("without"), without), (name("beside"), with)])
            }));
        }
        if args.wants(Table::Churn) {
            loads.push(load(move |binaries| {
                let lines = churn::round(kind, 1, scale, binaries)?.into_iter();
                let name = |churn: churn::Churn| format!("{}: {}", kind.name(), churn.name());
                Ok(lines.map(|line| (name(line.churn), line.micros)).collect())
            }));
        }
        if args.wants(Table::Many) {
            loads.push(load(move |binaries| {
                let figures = many::round(kind, topics, binaries)?.into_iter();
                Ok(figures
                    .map(|(what, value)| (format!("{}: {what}", kind.name()), value))
                    .collect())
            }));
        }
    }
    loads
}

fn load(measure: impl Fn(&Binaries) -> Result<Figures> + 'static) -> Load {
    Load { measure: Box::new(measure) }
}
