//! What operators are told of clients, in the hub's log: each thing once, where it is handled.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use broker_engine::Effects;
use fabric::Commit;

use super::Worker;

impl Worker {
    /// Tells of everything that has come up since the last tick.
    pub(super) fn report(&self) {
        let mut engine = self.engine.borrow_mut();
        let effects = engine.effects();
        report_log_ins(effects);
        self.report_tls(effects);
        report_packets(effects);
        report_short(effects);
    }

    fn report_tls(&self, effects: &mut Effects<Commit>) {
        for (peer, listener) in std::mem::take(&mut effects.began_tls) {
            // What an address is of that nobody can read is one more address.
            let from =
                peer.parse().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |at: SocketAddr| at.ip());
            self.told.tell("TLS", from, |peer, left_out| {
                tracing::warn!(
                    %peer,
                    %listener,
                    left_out,
                    "not let in: it speaks TLS to a listener without TLS (mqtt.listen): have it \
                     connect to mqtt.tls.listen, or turn TLS off in the client"
                );
            });
        }
    }
}

/// Log-ins that failed, and faults that were passed over.
fn report_log_ins(effects: &mut Effects<Commit>) {
    for refused in std::mem::take(&mut effects.refused) {
        tracing::info!(
            account = refused.name.as_deref(),
            peer = %refused.address,
            listener = %refused.listener,
            reason = refused.reason.name(),
            failures = refused.count,
            "log-ins were refused"
        );
    }
    for forgiven in std::mem::take(&mut effects.forgiven) {
        tracing::warn!(
            client = %forgiven.client_id,
            peer = %forgiven.address,
            listener = %forgiven.listener,
            fault = forgiven.fault.name(),
            faults = forgiven.number,
            "a fault against MQTT was passed over, since the listener is lenient"
        );
    }
}

/// Packets whose clients cannot be told what became of them, or do not heed it.
fn report_packets(effects: &mut Effects<Commit>) {
    for large in std::mem::take(&mut effects.oversize) {
        tracing::warn!(
            client = %large.client_id,
            peer = %large.address,
            packet = %large.packet,
            topic = large.topic.as_deref(),
            bytes = large.bytes,
            max = large.max,
            "a packet over mqtt.packet_bytes_max ended its connection; a client that sends it \
             again is jammed until the setting is raised or it sends less"
        );
    }
    for untold in std::mem::take(&mut effects.untold) {
        tracing::warn!(
            client = %untold.client_id,
            peer = %untold.address,
            topic = %untold.topic,
            reason = untold.reason,
            "a publish was refused, and its client cannot be told: {}; what it said is a dead \
             letter on $uns/dead/<reason>/<topic> and in /api/v1/uns/dead-letters",
            remedy(untold.reason)
        );
    }
}

/// Slow clients that lose messages.
fn report_short(effects: &mut Effects<Commit>) {
    for short in std::mem::take(&mut effects.fell_short) {
        tracing::warn!(
            client = %short.client_id,
            peer = %short.address,
            lost = short.lost,
            reason = short.why.name(),
            "a slow client loses messages of QoS 1 and 2, which are counted: {}",
            short.why.remedy()
        );
    }
}

/// What helps against a refusal.
fn remedy(reason: &str) -> &'static str {
    match reason {
        "not_authorized" => "allow the topic in access.toml, or have the client publish elsewhere",
        "topic_invalid" | "case_collision" => "have the client publish to a valid topic",
        "node_unknown" => "make the node first, or correct the topic",
        "node_moved" => "have the client publish to where the node is now",
        "quota_exceeded" => "raise the limit, or delete what is not needed",
        "writer_conflict" => "let one client alone write to the topic",
        "command_retained" => "have the client send commands without the RETAIN flag",
        "payload_malformed" | "payload_too_large" => "correct what the client sends",
        _ => "correct what the client sends, or the contract of the topic",
    }
}
