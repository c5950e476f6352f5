//! Five loads. Figures are CPU microseconds of the whole broker process per event (one message in
//! or one out), the lowest of the rounds; a row with loss does not count. Latency is measured in a
//! second, paced run.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use crate::args::Args;
use crate::brokers::{Binaries, Kind};
use crate::cpu;
use crate::load::{self, Row};

/// The loads.
pub(crate) const ROWS: [Row; 5] = [
    row("1 pub → 1 sub, QoS 0", (1, 1, 1), 0, 600_000),
    row("20 pubs → 4 subs by site, QoS 0", (20, 4, 4), 0, 600_000),
    row("20 pubs → 4 subs by site, QoS 1", (20, 4, 4), 1, 300_000),
    row("1 pub → 50 subs, QoS 0", (1, 50, 1), 0, 30_000),
    row("50 pubs → 1 sub, QoS 0", (50, 1, 1), 0, 600_000),
];

const fn row(name: &'static str, shape: (usize, usize, usize), qos: u8, messages: u64) -> Row {
    Row { name, publishers: shape.0, subscribers: shape.1, sites: shape.2, qos, messages }
}

/// Messages a second of the paced run.
const PACED: u64 = 5_000;

#[derive(Clone, Debug, Default)]
struct Cell {
    micros: Option<f64>,
    loss_percent: f64,
    events_per_second: f64,
    p50: u32,
    p99: u32,
    threads: BTreeMap<String, f64>,
}

/// Prints the rows of one of our modes beside the peers.
pub(crate) fn table(title: &str, ours: Kind, args: &Args) -> Result<()> {
    let peers = args.binaries.peers();
    println!("\n{title}\n");
    println!("| load | broker | CPU µs/event | × best peer | loss | p50 µs | p99 µs | events/s |");
    println!("|---|---|---|---|---|---|---|---|");
    for row in ROWS.iter().filter(|row| row.name.contains(&args.only)) {
        let mut cells = Vec::new();
        for kind in [ours].iter().chain(&peers) {
            cells.push((*kind, measure(*kind, *row, args)?));
        }
        let best = cells
            .iter()
            .filter(|(kind, cell)| *kind != ours && cell.loss_percent == 0.0)
            .filter_map(|(_, cell)| cell.micros)
            .fold(f64::INFINITY, f64::min);
        for (kind, cell) in &cells {
            let micros = cell.micros.map_or("–".into(), |m| format!("{m:.2}"));
            let ratio = cell.micros.map_or("–".into(), |m| format!("{:.2}", m / best));
            println!(
                "| {} | {} | {micros} | {ratio} | {:.2} % | {} | {} | {:.0} |",
                row.name,
                kind.name(),
                cell.loss_percent,
                cell.p50,
                cell.p99,
                cell.events_per_second
            );
        }
        let threads: Vec<String> = cells[0]
            .1
            .threads
            .iter()
            .filter(|(_, micros)| **micros >= 0.005)
            .map(|(name, micros)| format!("{name} {micros:.2}"))
            .collect();
        println!("|  | of which, by thread: {} | | | | | | |", threads.join(", "));
    }
    Ok(())
}

fn measure(kind: Kind, row: Row, args: &Args) -> Result<Cell> {
    let mut cell = Cell::default();
    for _ in 0..args.rounds {
        let round = round(kind, row, args.scale, &args.binaries)?;
        if cell.micros.is_none_or(|best| round.micros < best) {
            cell.micros = Some(round.micros);
            cell.threads = round.threads;
            cell.events_per_second = round.events_per_second;
        }
        cell.loss_percent = cell.loss_percent.max(round.loss_percent);
    }
    let broker = kind.start(&args.binaries)?;
    let fan_out = (row.subscribers / row.sites) as u64;
    let rate = PACED / fan_out.min(10);
    let paced =
        load::run(broker.address, kind.prefix(), Row { messages: rate * 2, ..row }, Some(rate))?;
    let at = |q: f64| {
        let last = paced.latencies.len().saturating_sub(1);
        paced.latencies.get((last as f64 * q) as usize).copied().unwrap_or(0)
    };
    (cell.p50, cell.p99) = (at(0.50), at(0.99));
    Ok(cell)
}

/// What one round of a load came to.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// CPU microseconds of the whole process for each event.
    pub(crate) micros: f64,
    /// Of what was expected.
    pub(crate) loss_percent: f64,
    /// The same, of each of its threads.
    pub(crate) threads: BTreeMap<String, f64>,
    events_per_second: f64,
}

/// Puts the load on a new broker once, with `scale` times its messages.
pub(crate) fn round(kind: Kind, row: Row, scale: f64, binaries: &Binaries) -> Result<Round> {
    let full = Row { messages: (row.messages as f64 * scale) as u64, ..row };
    let broker = kind.start(binaries)?;
    // A first pass fills caches and makes the topics, as in a plant that has been running.
    let first = Row { messages: full.messages / 20, ..full };
    load::run(broker.address, kind.prefix(), first, None)?;
    cpu::settle(broker.pid());
    let before = cpu::by_thread(broker.pid());
    let outcome = load::run(broker.address, kind.prefix(), full, None)
        .with_context(|| format!("{} failed", kind.name()))?;
    cpu::settle(broker.pid());
    let used = cpu::difference(&before, &cpu::by_thread(broker.pid()));
    let per_event = |nanos: u64| nanos as f64 / 1000.0 / outcome.events as f64;
    Ok(Round {
        micros: per_event(used.values().sum()),
        loss_percent: outcome.lost as f64 * 100.0 / outcome.expected as f64,
        threads: used.iter().map(|(name, n)| (name.clone(), per_event(*n))).collect(),
        events_per_second: outcome.events as f64 / outcome.seconds,
    })
}
