//! `$SYS`: figures of the whole broker as retained messages of the default organisation. The names are
//! those of mosquitto; figures by cause are our own.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use broker_engine::{Drop, End, LoginFailure, Stats};
use uns_model::OrgId;

use super::figure_sources::FigureSources;
use super::state::Worker;
use crate::core_gauges::CoreGauges;
use crate::load_averages::{Load, Measure};
use crate::stats::sessions_offline;

/// How often averages are updated where `$SYS` is off.
const SAMPLE: Duration = Duration::from_secs(10);

/// Updates the averages, and publishes the figures that changed. Runs on one core.
pub(super) async fn publish_figures(worker: Rc<Worker>, sources: FigureSources, every: Duration) {
    let mut last: HashMap<String, String, ahash::RandomState> = HashMap::default();
    loop {
        let now = worker.now();
        let stats = CoreGauges::sum(&worker.gauges);
        let sockets = sources.counters.transports().iter().map(|t| t.accepted).sum();
        sources.loads.sample(now.monotonic, &stats, sockets);
        if !every.is_zero() {
            let uptime = now.monotonic.saturating_sub(sources.loads.started);
            // Collected on a blocking thread, since the ledger may be busy, and the process's memory is
            // read from a file.
            let from = sources.clone();
            let figures = move || figures(&from, &stats, uptime);
            let figures = tokio::task::spawn_blocking(figures).await.unwrap_or_default();
            let now = worker.now();
            for (name, figure) in figures {
                if last.get(&name) == Some(&figure) {
                    continue;
                }
                let topic = format!("$SYS/broker/{name}");
                let mut engine = worker.engine.borrow_mut();
                engine.publish_figure(now, OrgId::DEFAULT, &topic, figure.as_bytes());
                drop(engine);
                last.insert(name, figure);
            }
            worker.flush_soon();
        }
        tokio::time::sleep(if every.is_zero() { SAMPLE } else { every }).await;
    }
}

fn figures(sources: &FigureSources, stats: &Stats, uptime: Duration) -> Vec<(String, String)> {
    let sessions = sources.ledger.as_ref().map(|ledger| ledger.stats()).unwrap_or_default();
    let mut all = vec![
        ("version".to_owned(), format!("UNS Hub version {}", env!("CARGO_PKG_VERSION"))),
        ("uptime".to_owned(), format!("{} seconds", uptime.as_secs())),
    ];
    let mut add = |name: &str, figure: u64| all.push((name.to_owned(), figure.to_string()));
    add_clients(sources, stats, &mut add);
    add_messages(sources, stats, &sessions, &mut add);
    for (cause, count) in Drop::ALL.into_iter().zip(stats.dropped) {
        add(&format!("publish/messages/dropped/{}", cause.name()), count);
    }
    for (cause, count) in sessions.dropped.by_cause() {
        add(&format!("publish/messages/dropped/session_{cause}"), count);
    }
    for (cause, count) in End::ALL.into_iter().zip(stats.ended) {
        add(&format!("clients/ended/{}", cause.name()), count);
    }
    for (cause, count) in LoginFailure::ALL.into_iter().zip(stats.auth_failed) {
        add(&format!("clients/auth_failed/{}", cause.name()), count);
    }
    if let Some((now, most)) = memory() {
        add("heap/current", now);
        add("heap/maximum", most);
    }
    for load in sources.loads.all() {
        all.extend(averages(&load));
    }
    all
}

fn add_clients(sources: &FigureSources, stats: &Stats, add: &mut impl FnMut(&str, u64)) {
    let connected = stats.clients;
    let offline = sessions_offline(&sources.broker, stats);
    add("clients/connected", connected);
    add("clients/active", connected);
    add("clients/disconnected", offline);
    add("clients/inactive", offline);
    add("clients/total", connected + offline);
    add("clients/maximum", sources.broker.clients.count_max() as u64);
    add("clients/expired", stats.sessions_expired);
    add("subscriptions/count", sources.broker.subscriptions.count() as u64);
    add("shared_subscriptions/count", sources.broker.subscriptions.count_shared() as u64);
}

fn add_messages(
    sources: &FigureSources,
    stats: &Stats,
    sessions: &broker_ledger::Stats,
    add: &mut impl FnMut(&str, u64),
) {
    let lost: u64 = sessions.dropped.by_cause().into_iter().map(|(_, count)| count).sum();
    let dropped = stats.dropped.iter().sum::<u64>() + lost;
    let waiting = stats.queued + sessions.owed as u64;
    let (retained, retained_bytes) = sources.broker.retained.size();
    let (retained, retained_bytes) = (retained as u64, retained_bytes as u64);
    add("messages/received", stats.packets_in);
    add("messages/sent", stats.packets_out());
    add("messages/inflight", stats.in_flight);
    add("messages/stored", retained + waiting);
    add("messages/dropped", dropped);
    add("messages/rejected", stats.rejected);
    add("store/messages/count", retained + waiting);
    add("store/messages/bytes", retained_bytes + stats.queued_bytes + sessions.owed_bytes);
    add("publish/messages/received", stats.messages_in);
    add("publish/messages/sent", stats.messages_out);
    add("publish/messages/dropped", dropped);
    add("publish/bytes/received", stats.payload_in);
    add("publish/bytes/sent", stats.payload_out);
    add("bytes/received", stats.bytes_in);
    add("bytes/sent", stats.bytes_out);
    add("retained messages/count", retained);
}

/// The averages per minute, as mosquitto has them.
fn averages(load: &Load) -> impl Iterator<Item = (String, String)> {
    const NAMES: [(&str, Measure); 9] = [
        ("messages/received", Measure::PacketsIn),
        ("messages/sent", Measure::PacketsOut),
        ("publish/received", Measure::MessagesIn),
        ("publish/sent", Measure::MessagesOut),
        ("publish/dropped", Measure::Dropped),
        ("bytes/received", Measure::BytesIn),
        ("bytes/sent", Measure::BytesOut),
        ("connections", Measure::Connects),
        ("sockets", Measure::Sockets),
    ];
    let load = *load;
    NAMES.into_iter().map(move |(name, measure)| {
        let per_minute = load.per_second(measure) * 60.0;
        (format!("load/{name}/{}min", load.minutes), format!("{per_minute:.2}"))
    })
}

/// The memory of the process in bytes, now and at most, where the system says it.
fn memory() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let figure = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    };
    Some((figure("VmRSS:")?, figure("VmHWM:")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load_averages::LoadAverages;

    #[test]
    fn averages_are_per_minute_and_memory_is_told() {
        let loads = LoadAverages::new(Duration::ZERO);
        let stats = Stats { messages_in: 60_000, ..Stats::default() };
        loads.sample(Duration::from_secs(6000), &stats, 0);
        let load = loads.all()[0];
        let received = averages(&load).find(|(name, _)| name == "load/publish/received/1min");
        assert_eq!(received.map(|(_, figure)| figure).as_deref(), Some("600.00"));
        let (now, most) = memory().expect("this is Linux");
        assert!(now > 1 << 20 && most >= now, "{now} {most}");
    }
}
