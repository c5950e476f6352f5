//! Writes what operators should know about clients to the hub's log.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use broker_engine::Effects;
use fabric::Commit;

use crate::addresses::Addresses;

/// The most lines of one kind in one tick of a core, so that clients with ever new names cannot fill
/// the disk.
const LINES_MAX: usize = 64;
/// The most bytes of a name or topic in a line. Clients choose how long those are.
const BYTES_MAX: usize = 256;

/// Logs everything that has come up since the last tick.
pub(super) fn report(effects: &mut Effects<Commit>, addresses: &Addresses) {
    report_log_ins(effects);
    report_tls(effects, addresses);
    report_packets(effects);
    report_slow_clients(effects);
}

/// Logs clients that began with TLS on a listener without it.
fn report_tls(effects: &mut Effects<Commit>, addresses: &Addresses) {
    for (peer, listener) in std::mem::take(&mut effects.began_tls) {
        // Addresses that cannot be parsed count as one address.
        let from = peer.parse().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |at: SocketAddr| at.ip());
        addresses.log("TLS", from, |peer, left_out| {
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

/// Logs failed log-ins, and protocol faults that a lenient listener ignored.
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
    for forgiven in first_lines(&mut effects.forgiven, "faults that were passed over") {
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

/// Logs refused packets whose clients cannot be told, or would send them again.
fn report_packets(effects: &mut Effects<Commit>) {
    for large in first_lines(&mut effects.oversize, "packets over the limit") {
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
    for refusal in first_lines(&mut effects.silent_refusals, "refused publishes") {
        tracing::warn!(
            client = short(&refusal.client_id),
            peer = %refusal.address,
            topic = short(&refusal.topic),
            reason = refusal.reason,
            "a publish was refused, and its client cannot be told: {}; what it said is a dead \
             letter on $uns/dead/<reason>/<topic> and in /api/v1/uns/dead-letters",
            remedy(refusal.reason)
        );
    }
}

/// Logs slow clients that lose messages.
fn report_slow_clients(effects: &mut Effects<Commit>) {
    for fell in first_lines(&mut effects.fell_short, "slow clients") {
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

/// The first [`LINES_MAX`] of a list. Logs how many more there are.
fn first_lines<T>(all: &mut Vec<T>, what: &'static str) -> impl Iterator<Item = T> {
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

/// What to do about a refusal.
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
    fn the_lines_of_one_tick_have_a_limit() {
        let mut names: Vec<_> = (0..LINES_MAX + 9).collect();
        assert_eq!(first_lines(&mut names, "names").count(), LINES_MAX);
        assert!(names.is_empty());
    }
}
