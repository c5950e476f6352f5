//! Figures of the broker in the words of the interface.

use broker_server::{
    DropCause, EndCause, Failure, Handle, Load, LoginFailure, Measure, Stats, StatsSnapshot,
    Transport,
};
use schemas::http::broker::{BrokerStats, CoreStats, Counts, Rates, SessionStats, TransportStats};

pub(super) fn body(handle: &Handle) -> BrokerStats {
    let snapshot = handle.stats();
    let stats = snapshot.stats;
    let transports = Transport::ALL.into_iter().zip(snapshot.transports);
    let ends = |counts: [u64; EndCause::ALL.len()]| -> Counts {
        EndCause::ALL.into_iter().map(EndCause::name).zip(counts).collect()
    };
    let logins = LoginFailure::ALL.into_iter().map(LoginFailure::name);
    BrokerStats {
        uptime_seconds: snapshot.uptime.as_secs(),
        clients: stats.clients,
        clients_max: snapshot.clients_max,
        sessions: sessions(handle, &snapshot),
        sockets: snapshot.sockets as u64,
        subscriptions: snapshot.subscriptions as u64,
        retained: snapshot.retained as u64,
        retained_bytes: snapshot.retained_bytes as u64,
        total: core(&stats),
        cores: handle.stats_by_core().iter().map(core).collect(),
        transports: transports
            .map(|(transport, stats)| TransportStats {
                transport: transport.name(),
                accepted: stats.accepted,
                failed: Failure::ALL.into_iter().map(Failure::name).zip(stats.failed).collect(),
            })
            .collect(),
        dropped: DropCause::ALL.into_iter().map(DropCause::name).zip(stats.dropped).collect(),
        ended: ends(stats.ended),
        refused: ends(stats.refused),
        auth_failed: logins.zip(stats.auth_failed).collect(),
        rates: snapshot.loads.iter().map(rates).collect(),
    }
}

fn sessions(handle: &Handle, snapshot: &StatsSnapshot) -> SessionStats {
    let ledger = handle.session_stats();
    SessionStats {
        connected: snapshot.stats.sessions_connected,
        offline: snapshot.sessions_offline,
        expired: snapshot.stats.sessions_expired,
        queued_messages: ledger.owed as u64,
        queued_bytes: ledger.owed_bytes,
        in_flight: ledger.inflight as u64,
        dropped: Counts::from(ledger.dropped.by_cause()),
    }
}

fn core(stats: &Stats) -> CoreStats {
    CoreStats {
        clients: stats.clients,
        messages_in: stats.messages_in,
        messages_out: stats.messages_out,
        packets_in: stats.packets_in,
        packets_out: stats.packets_out(),
        bytes_in: stats.bytes_in,
        bytes_out: stats.bytes_out,
        rejected: stats.rejected,
        dropped: stats.dropped.iter().sum(),
        stalls: stats.stalls,
        paused: stats.paused,
        slow: stats.slow,
        in_flight: stats.in_flight,
        queued_messages: stats.queued,
        queued_bytes: stats.queued_bytes,
        output_bytes: stats.output_bytes,
    }
}

fn rates(load: &Load) -> Rates {
    Rates {
        minutes: load.minutes,
        messages_in: load.per_second(Measure::MessagesIn),
        messages_out: load.per_second(Measure::MessagesOut),
        bytes_in: load.per_second(Measure::BytesIn),
        bytes_out: load.per_second(Measure::BytesOut),
        dropped: load.per_second(Measure::Dropped),
        connects: load.per_second(Measure::Connects),
    }
}
