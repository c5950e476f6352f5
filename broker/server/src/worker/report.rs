//! What operators are told of clients, in the hub's log: each thing once, where it is handled.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use broker_engine::Effects;
use fabric::Commit;

use super::Worker;

/// Lines of one kind in one tick of a core: clients that come with ever new names cannot fill the
/// disk with what is said of them.
const LINES_MAX: usize = 64;
/// Of a name or topic, whose length its client chooses.
const BYTES_MAX: usize = 256;

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
    for forgiven in some(&mut effects.forgiven, "faults that were passed over") {
        tracing::warn!(
            client = short(&forgiven.client_id),
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
    for large in some(&mut effects.oversize, "packets over the limit") {
        tracing::warn!(
            client = short(&large.client_id),
            peer = %large.address,
            packet = %large.packet,
            topic = large.topic.as_deref().map(short),
            bytes = large.bytes,
            max = large.max,
            "a packet over mqtt.packet_bytes_max ended its connection; a client that sends it \
             again is jammed until the setting is raised or it sends less"
        );
    }
    for untold in some(&mut effects.untold, "refused publishes") {
        tracing::warn!(
            client = short(&untold.client_id),
            peer = %untold.address,
            topic = short(&untold.topic),
            reason = untold.reason,
            "a publish was refused, and its client cannot be told: {}; what it said is a dead \
             letter on $uns/dead/<reason>/<topic> and in /api/v1/uns/dead-letters",
            remedy(untold.reason)
        );
    }
}

/// Slow clients that lose messages.
fn report_short(effects: &mut Effects<Commit>) {
    for fell in some(&mut effects.fell_short, "slow clients") {
        tracing::warn!(
            client = short(&fell.client_id),
            peer = %fell.address,
            lost = fell.lost,
            reason = fell.why.name(),
            "a slow client loses messages of QoS 1 and 2, which are counted: {}",
            fell.why.remedy()
        );
    }
}

/// As many as there is room for in one tick; how many more there were is told as well.
fn some<T>(all: &mut Vec<T>, what: &'static str) -> impl Iterator<Item = T> {
    let all = std::mem::take(all);
    let left_out = all.len().saturating_sub(LINES_MAX);
    if left_out > 0 {
        tracing::warn!(left_out, "there are more {what} than the log tells of one by one");
    }
    all.into_iter().take(LINES_MAX)
}

fn short(text: &str) -> &str {
    text.get(..text.floor_char_boundary(BYTES_MAX)).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_between_two_characters() {
        let long = "ä".repeat(30_000);
        assert_eq!(short(&long), "ä".repeat(BYTES_MAX / 2));
        assert_eq!(short("press7"), "press7");
    }

    #[test]
    fn what_is_said_in_one_tick_has_a_limit() {
        let mut names: Vec<_> = (0..LINES_MAX + 9).collect();
        assert_eq!(some(&mut names, "names").count(), LINES_MAX);
        assert!(names.is_empty());
    }
}
