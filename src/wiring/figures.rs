//! What operators watch: metrics and health of log, namespace, historian and broker.

mod broker;
mod followers;
mod log_ins;

use std::sync::Arc;

use broker_server::{Handle, Limit};
use fabric::{ClockHealth, ClockStep, Damage, GapReason, Log};
use historian_store::Store;
use hub_kit::health::{Fault, HealthCheck};
use hub_kit::metrics::{Exposition, MetricSource};
use uns_model::Reason;
use uns_namespace::Namespace;

use super::dead::DeadLog;

pub(crate) use followers::Followers;
pub(crate) use log_ins::LogInFigures;

/// Everything that counts, read on each scrape.
pub(crate) struct Figures {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) store: Arc<Store>,
    pub(crate) broker: Handle,
    pub(crate) dead: Arc<DeadLog>,
}

impl MetricSource for Figures {
    fn write(&self, out: &mut Exposition) {
        self.write_log(out);
        self.write_namespace(out);
        self.write_history(out);
        broker::write(&self.broker, out);
        let help = "Descriptions of refused publishes that their log did not take.";
        out.single_counter("uns_dead_letters_lost_total", help, self.dead.lost());
    }
}

impl Figures {
    fn write_log(&self, out: &mut Exposition) {
        let log = self.log.health();
        let counters = log.counters;
        out.single_counter("uns_log_records_total", "Records committed.", counters.records);
        out.single_counter(
            "uns_log_commits_total",
            "Group commits, each one sync.",
            counters.frames,
        );
        out.single_counter("uns_log_bytes_total", "Bytes committed.", counters.bytes);
        let mut refused = out.counter("uns_log_refused_total", "Batches the log did not take.");
        refused.sample(&[("reason", "queue_full")], counters.refused_full);
        refused.sample(&[("reason", "disk_full")], counters.refused_disk_full);
        refused.sample(&[("reason", "write_failed")], counters.refused_failed);
        let help = "Reads of the log from disk that failed.";
        out.single_counter("uns_log_read_failures_total", help, counters.read_failures);
        out.single_counter(
            "uns_log_dropped_records_total",
            "QoS 0 records dropped on a full disk.",
            counters.dropped_records,
        );
        out.single_gauge("uns_log_disk_bytes", "Bytes of the log on disk.", log.bytes);
        out.single_gauge("uns_log_memory_bytes", "Newest part, kept in memory.", log.memory_bytes);
        out.single_gauge(
            "uns_log_queued_bytes",
            "Bytes waiting for the appender.",
            log.queued_bytes,
        );
        out.single_gauge("uns_log_committed", "Last committed sequence.", log.committed);
        let lost = log.damage.iter().filter(|one| one.reason == GapReason::Lost).count();
        let damaged = log.damage.len() - lost;
        out.single_gauge("uns_log_damaged_ranges", "Ranges known to be damaged.", damaged);
        out.single_gauge("uns_log_lost_ranges", "Times the log was found without its end.", lost);
        let ahead = log.clock.ahead.unwrap_or_default().as_secs();
        let help = "How far the newest record is ahead of the clock, from a minute on.";
        out.single_gauge("uns_log_clock_ahead_seconds", help, ahead);
        let help = "Times the ingest times followed a clock back that had been ahead.";
        out.single_counter("uns_log_clock_steps_total", help, log.clock.steps);
        let mut holds = out.gauge("uns_log_hold", "Sequence up to which a consumer has read.");
        for hold in &log.holds {
            holds.sample(&[("consumer", &hold.name)], hold.at);
        }
    }

    fn write_namespace(&self, out: &mut Exposition) {
        let stats = self.namespace.stats();
        let mut nodes = out.gauge("uns_nodes", "Living nodes.");
        nodes.sample(&[("plane", "uns")], stats.nodes.saturating_sub(stats.brownfield_nodes));
        nodes.sample(&[("plane", "brownfield")], stats.brownfield_nodes);
        out.single_gauge("uns_retained", "Committed retained messages.", stats.retained);
        out.single_counter(
            "uns_brownfield_plain_total",
            "Publishes beyond the quota or limits of brownfield nodes, passed as plain MQTT.",
            stats.plain_brownfield,
        );
        let help = "Publishers whose record the log has not taken yet, as on a full disk.";
        out.single_gauge("uns_publishers_unnamed", help, stats.unnamed_publishers);
        let help =
            "Values whose source time was not believed: they have the time of their arrival.";
        let mut clocks = out.counter("uns_clock_violations_total", help);
        clocks.sample(&[("fault", "ahead")], stats.fold.ahead);
        clocks.sample(&[("fault", "out_of_range")], stats.fold.out_of_range);
        clocks.sample(&[("fault", "unreadable")], stats.fold.unreadable);
        clocks.sample(&[("fault", "set_back")], stats.fold.clock_steps);
        let help =
            "Publishers whose clocks cannot be right; GET /api/v1/uns/violations names them.";
        out.single_gauge("uns_clock_violators", help, stats.clock_violators);
        let help = "Publishers with such a clock that the list has no place for any more.";
        let forgotten = stats.clock_violators_forgotten;
        out.single_counter("uns_clock_violators_forgotten_total", help, forgotten);
        let broker = self.broker.stats().stats;
        let mut rejected = out.counter("uns_rejected_total", "Publishes refused.");
        // No publish is refused for what a PUBREL says.
        let of_publishes = |(reason, _): &(Reason, u64)| *reason != Reason::PacketIdentifierUnknown;
        for (reason, count) in stats.rejected.into_iter().filter(of_publishes) {
            // What the broker refuses before the gate sees it.
            let before = match reason {
                Reason::NotAuthorized => broker.denied_publishes,
                Reason::MemoryFull => broker.memory_publishes,
                Reason::PayloadTooLarge => broker.oversize,
                Reason::QuotaExceeded => broker.limited[Limit::Retained as usize],
                _ => 0,
            };
            rejected.sample(&[("reason", reason.name())], count + before);
        }
    }

    fn write_history(&self, out: &mut Exposition) {
        let health = self.store.health();
        let counters = health.counters;
        out.single_counter("uns_history_samples_total", "Samples taken in.", counters.samples);
        out.single_counter("uns_history_flushes_total", "Flushes to files.", counters.flushes);
        out.single_counter(
            "uns_history_flush_failures_total",
            "Failed flushes.",
            counters.flush_failures,
        );
        let help = "Values that named one unit too many and continued the latest series.";
        out.single_counter("uns_history_units_refused_total", help, counters.units_refused);
        out.single_gauge("uns_history_series", "Series known.", health.series);
        out.single_gauge("uns_history_files", "Parquet files published.", health.files);
        out.single_gauge("uns_history_file_bytes", "Their bytes.", health.file_bytes);
        let purging = u8::from(self.store.is_purging());
        out.single_gauge(
            "uns_history_purging",
            "1 while a purge is not through all files.",
            purging,
        );
        out.single_gauge("uns_history_gaps", "Ranges history lacks.", health.gaps.len());
        let aside = health.aside.iter().filter(|aside| !aside.name.is_empty()).count();
        out.single_gauge("uns_history_files_set_aside", "Files set aside, not used.", aside);
        out.single_gauge(
            "uns_history_pending_samples",
            "Samples in memory.",
            health.pending_samples,
        );
    }
}

/// The log as `/readyz` sees it.
pub(crate) struct LogHealth(pub(crate) Arc<dyn Log>);

impl HealthCheck for LogHealth {
    fn name(&self) -> &'static str {
        "log"
    }

    fn faults(&self) -> Vec<Fault> {
        let health = self.0.health();
        let mut faults = Vec::new();
        if let Some(why) = health.read_only {
            let detail = format!("{why}; nothing is accepted until the hub is restarted");
            faults.push(Fault { reason: "read_only", detail });
        }
        if let Some(why) = health.write_error {
            let detail = format!(
                "The last commit failed ({why}), and what it held was refused. The next one is tried: \
                 if this stays, look at the disk, or raise the limit it names (`uns doctor`)."
            );
            faults.push(Fault { reason: "log_write_failed", detail });
        }
        if let Some(why) = health.read_error {
            let detail = format!(
                "The log could not be read within the last minute ({why}). Whoever follows it tries \
                 again; history and sessions lag until then."
            );
            faults.push(Fault { reason: "log_unreadable", detail });
        }
        if health.disk_full {
            let detail = "The disk is full: publishes are refused until space returns.".into();
            faults.push(Fault { reason: "storage_full", detail });
        }
        for damage in health.damage {
            faults.push(missing(&damage));
        }
        faults.extend(clock(&health.clock));
        let alarms = health.alarms.into_iter();
        faults.extend(alarms.map(|detail| Fault { reason: "log_retention", detail }));
        faults
    }
}

/// A clock that is behind the newest record, or was.
fn clock(clock: &ClockHealth) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(ahead) = clock.ahead {
        let detail = format!(
            "This machine's clock is {} s behind the newest record. Values are kept in order: they \
             are stamped right behind that record until the clock has caught up, or is more than \
             {} s behind. Set the clock right; `uns doctor` compares it.",
            ahead.as_secs(),
            clock.ahead_max.as_secs()
        );
        faults.push(Fault { reason: "clock_behind", detail });
    }
    if let Some(ClockStep { after, back }) = clock.last_step {
        let detail = format!(
            "This machine's clock was {} s ahead and came back within the last hour: values up to \
             sequence {after} may have times of the future, those after it are right if the clock is \
             now. `uns doctor` compares it.",
            back.as_secs()
        );
        faults.push(Fault { reason: "clock_set_back", detail });
    }
    faults
}

/// Records the log had and cannot give any more.
fn missing(damage: &Damage) -> Fault {
    let (after, until) = (damage.after, damage.until);
    if damage.reason != GapReason::Lost {
        let detail = format!(
            "The log is damaged after sequence {after} up to {until}, in streams/data/{:020}.log. \
             The rest is served. Stop the hub and put that file of a backup back, or let retention \
             drop it; look at the disk (`uns doctor`).",
            damage.segment.0
        );
        return Fault { reason: "log_damaged", detail };
    }
    let detail = format!(
        "The log had lost its newest files: it ended at sequence {after}, before what history, \
         namespace or sessions had read from it, and went on after {until}. What was acknowledged \
         in between and is not in history is lost. If the files of streams/data still exist, stop \
         the hub and put them back beside those that are there now; else this shows until \
         retention drops what was written before."
    );
    Fault { reason: "log_lost_its_end", detail }
}

/// The historian as `/readyz` sees it.
pub(crate) struct HistoryHealth(pub(crate) Arc<Store>);

impl HealthCheck for HistoryHealth {
    fn name(&self) -> &'static str {
        "history"
    }

    fn faults(&self) -> Vec<Fault> {
        let health = self.0.health();
        let mut faults = Vec::new();
        if let Some(error) = health.flush_error {
            let detail = format!("Values stay in memory and in the log, because {error}");
            faults.push(Fault { reason: "history_not_written", detail });
        }
        for gap in health.gaps {
            let (after, until) = (gap.after, gap.until);
            let detail =
                format!("History lacks records after {after} up to {until}: {}", gap.reason);
            faults.push(Fault { reason: "history_gap", detail });
        }
        for aside in health.aside {
            let why = &aside.why;
            let detail = match &*aside.name {
                "" => format!("The catalog of history was made again: {why}."),
                name => format!("history/{name} is not used: {why}. Take it away once looked at."),
            };
            faults.push(Fault { reason: "history_set_aside", detail });
        }
        faults
    }
}
