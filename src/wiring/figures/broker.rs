//! Metrics of the broker: traffic, clients, what waits, what was lost, and why.

use broker_server::{
    DropCause, EndCause, Failure, Handle, Leniency, Limit, LoginFailure, SessionStats,
    StatsSnapshot, Transport,
};
use hub_kit::metrics::Exposition;

pub(super) fn write(broker: &Handle, out: &mut Exposition) {
    let snapshot = broker.stats();
    write_traffic(&snapshot, out);
    write_clients(&snapshot, out);
    write_waiting(&snapshot, out);
    write_losses(&snapshot, out);
    write_transports(&snapshot, out);
    write_sessions(&snapshot, &broker.session_stats(), out);
}

fn write_traffic(snapshot: &StatsSnapshot, out: &mut Exposition) {
    let stats = snapshot.stats;
    out.single_counter("uns_mqtt_messages_in_total", "PUBLISH taken.", stats.messages_in);
    out.single_counter("uns_mqtt_messages_out_total", "PUBLISH given.", stats.messages_out);
    out.single_counter("uns_mqtt_payload_in_bytes_total", "Payload bytes taken.", stats.payload_in);
    out.single_counter(
        "uns_mqtt_payload_out_bytes_total",
        "Payload bytes given.",
        stats.payload_out,
    );
    out.single_counter("uns_mqtt_packets_in_total", "Packets of any type taken.", stats.packets_in);
    out.single_counter(
        "uns_mqtt_packets_out_total",
        "Packets of any type given.",
        stats.packets_out(),
    );
    out.single_counter("uns_mqtt_bytes_in_total", "Bytes received.", stats.bytes_in);
    out.single_counter("uns_mqtt_bytes_out_total", "Bytes sent.", stats.bytes_out);
}

fn write_clients(snapshot: &StatsSnapshot, out: &mut Exposition) {
    let stats = snapshot.stats;
    out.single_gauge("uns_mqtt_clients", "Connected clients.", stats.clients);
    out.single_gauge("uns_mqtt_sockets", "Open sockets, connected or not.", snapshot.sockets);
    out.single_gauge("uns_mqtt_subscriptions", "Subscriptions.", snapshot.subscriptions);
    out.single_gauge("uns_mqtt_retained", "Retained messages in memory.", snapshot.retained);
    out.single_gauge("uns_mqtt_retained_bytes", "Their bytes.", snapshot.retained_bytes);
    out.single_counter("uns_mqtt_connects_total", "CONNECT accepted.", stats.connects);
    let mut ended = out.counter("uns_mqtt_ended_total", "Connections ended, by cause.");
    for (cause, count) in EndCause::ALL.into_iter().zip(stats.ended) {
        ended.sample(&[("cause", cause.name())], count);
    }
    let mut refused =
        out.counter("uns_mqtt_refused_total", "Connections refused before they were clients.");
    for (cause, count) in EndCause::ALL.into_iter().zip(stats.refused) {
        refused.sample(&[("cause", cause.name())], count);
    }
    refused.sample(&[("cause", "connection_limit")], snapshot.turned_away);
}

fn write_waiting(snapshot: &StatsSnapshot, out: &mut Exposition) {
    let stats = snapshot.stats;
    out.single_gauge(
        "uns_mqtt_in_flight",
        "Deliveries not acknowledged by clients.",
        stats.in_flight,
    );
    out.single_gauge("uns_mqtt_queued", "Messages in the queues of clients.", stats.queued);
    out.single_gauge("uns_mqtt_queued_bytes", "Their bytes.", stats.queued_bytes);
    out.single_gauge(
        "uns_mqtt_output_bytes",
        "Bytes in the outputs of clients.",
        stats.output_bytes,
    );
    out.single_gauge(
        "uns_mqtt_paused",
        "Publishers that wait for a reader or the log.",
        stats.paused,
    );
    out.single_gauge("uns_mqtt_slow", "Clients so slow that nobody waits for them.", stats.slow);
    out.single_counter("uns_mqtt_stalls_total", "Publishers paused for a reader.", stats.stalls);
}

fn write_losses(snapshot: &StatsSnapshot, out: &mut Exposition) {
    let stats = snapshot.stats;
    out.single_counter("uns_mqtt_rejected_total", "PUBLISH refused.", stats.rejected);
    let mut dead = out.counter("uns_dead_letters_total", "Refused publishes, described or not.");
    dead.sample(&[("outcome", "described")], stats.dead_letters);
    dead.sample(&[("outcome", "folded")], stats.dead_letters_folded);
    let help = "Publishes and subscriptions refused for lack of rights.";
    out.single_counter("uns_mqtt_denied_total", help, stats.denied);
    let mut failed = out.counter("uns_mqtt_auth_failed_total", "Log-ins that failed.");
    for (cause, count) in LoginFailure::ALL.into_iter().zip(stats.auth_failed) {
        failed.sample(&[("reason", cause.name())], count);
    }
    let help = "Times a rate made a publisher wait, or a quota refused something.";
    let mut limited = out.counter("uns_mqtt_limited_total", help);
    for (limit, count) in Limit::ALL.into_iter().zip(stats.limited) {
        limited.sample(&[("limit", limit.name())], count);
    }
    limited.sample(&[("limit", "connection_rate")], snapshot.delayed);
    let help = "Faults against MQTT that a lenient listener passed over.";
    let mut forgiven = out.counter("uns_mqtt_forgiven_total", help);
    for (fault, count) in Leniency::ALL.into_iter().zip(stats.forgiven) {
        forgiven.sample(&[("fault", fault.name())], count);
    }
    let mut drops = out.counter("uns_mqtt_dropped_total", "Messages not delivered.");
    for (cause, count) in DropCause::ALL.into_iter().zip(stats.dropped) {
        drops.sample(&[("cause", cause.name())], count);
    }
}

fn write_transports(snapshot: &StatsSnapshot, out: &mut Exposition) {
    out.single_gauge("uns_mqtt_handshakes", "TLS and other handshakes.", snapshot.handshakes);
    for (transport, stats) in Transport::ALL.into_iter().zip(snapshot.transports) {
        let transport = ("transport", transport.name());
        out.counter("uns_mqtt_connections_total", "Connections served, by transport.")
            .sample(&[transport], stats.accepted);
        let mut failed =
            out.counter("uns_mqtt_connections_failed_total", "Connections failed below MQTT.");
        for (cause, count) in Failure::ALL.into_iter().zip(stats.failed) {
            failed.sample(&[transport, ("cause", cause.name())], count);
        }
    }
    let mut reloads = out.counter("uns_mqtt_tls_reloads_total", "Changed TLS files.");
    reloads.sample(&[("outcome", "serving")], snapshot.reloads.done);
    reloads.sample(&[("outcome", "failed")], snapshot.reloads.failed);
}

fn write_sessions(snapshot: &StatsSnapshot, sessions: &SessionStats, out: &mut Exposition) {
    let stats = snapshot.stats;
    let mut states = out.gauge("uns_mqtt_sessions", "Sessions that outlive their connections.");
    states.sample(&[("state", "connected")], stats.sessions_connected);
    states.sample(&[("state", "offline")], snapshot.sessions_offline);
    let help = "Sessions that ended because their client did not come back.";
    out.single_counter("uns_mqtt_sessions_expired_total", help, stats.sessions_expired);
    let help = "Times that retained messages waited anew: too many topics came live meanwhile.";
    out.single_counter("uns_mqtt_retained_restarts_total", help, stats.walks_restarted);
    out.single_gauge("uns_mqtt_session_queued", "Messages owed to these sessions.", sessions.owed);
    out.single_gauge(
        "uns_mqtt_session_queued_bytes",
        "Their bytes in the log.",
        sessions.owed_bytes,
    );
    let help = "Messages handed to connections of these sessions and not acknowledged.";
    out.single_gauge("uns_mqtt_session_in_flight", help, sessions.inflight);
    out.single_gauge("uns_mqtt_session_wills", "Wills that wait.", sessions.wills);
    let mut dropped =
        out.counter("uns_mqtt_session_dropped_total", "Messages these sessions lost, by cause.");
    for (cause, count) in sessions.dropped.by_cause() {
        dropped.sample(&[("cause", cause)], count);
    }
    let help = "Records of sessions in the log that contradict those before them.";
    out.single_counter("uns_mqtt_session_contradictions_total", help, sessions.contradictions);
    let help = "Checkpoints of sessions found damaged at start.";
    out.single_counter(
        "uns_mqtt_session_checkpoints_damaged_total",
        help,
        sessions.damaged_checkpoints,
    );
}
