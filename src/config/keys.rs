//! The reference of every key: what `uns config` prints, and where `--set` finds its way.

use anyhow::{Context as _, Result};
use serde::Serialize;
use toml::{Table, Value};

/// Every key with its meaning; a test holds this list against the configuration.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("mqtt.listen", "Address of MQTT 3.1.1 and 5.0, unencrypted; port 0 picks a free one."),
    (
        "mqtt.proxy_protocol",
        "Every connection begins with a PROXY header, version 2. Everybody has to log in then, everywhere.",
    ),
    (
        "mqtt.proxies",
        "Addresses and networks of the proxies that may send a PROXY header; connections of others to such a listener are refused.",
    ),
    ("mqtt.cores", "Broker threads, each with its own connections; 0 means one per core."),
    ("mqtt.connections_max", "Connections beyond this are refused (CONNACK 0x97)."),
    (
        "mqtt.packet_bytes_max",
        "Largest MQTT packet taken; advertised to MQTT 5 clients. A larger one ends its connection, a line in the log and a dead letter say why.",
    ),
    (
        "mqtt.connect_timeout",
        "A connection must have sent its whole CONNECT so long after it was accepted, TLS and WebSocket included; an exchange of AUTH packets may then take as long again.",
    ),
    (
        "mqtt.keep_alive_max",
        "Longer keep-alives of MQTT 5 are lowered to this (Server Keep Alive); those of MQTT 3.1.1 stand.",
    ),
    ("mqtt.outbound_bytes_max", "Bytes waiting for one slow reader before QoS 0 is dropped."),
    (
        "mqtt.refusals",
        "A refused publish in MQTT 3.1.1, which has no code for it: \"acknowledge\" or \"close\".",
    ),
    (
        "mqtt.lenient",
        "Faults of clients that real devices are known for (docs/mqtt.md lists them) are passed over, counted and logged; also of /mqtt on http.listen.",
    ),
    (
        "mqtt.durability",
        "What PUBACK and PUBREC wait for: \"commit\" (it is on disk), \"interval\" (on disk within milliseconds, refused while commits fail) or \"memory\" (acknowledged whatever the disk says).",
    ),
    (
        "mqtt.session_expiry_max",
        "Longest a session outlives its connection; what a session of MQTT 3.1.1 gets. 0s for not at all.",
    ),
    (
        "mqtt.sessions_max",
        "Sessions that outlive their connections; more are refused (CONNACK 0x97).",
    ),
    (
        "mqtt.session_messages_max",
        "Messages of QoS 1 and 2 one session is owed; more are dropped and counted.",
    ),
    ("mqtt.session_bytes_max", "Their bytes in the log."),
    (
        "mqtt.limits.connections_per_second",
        "Connections taken in a second by each listener; more wait in its queue. 0 is none, here and below.",
    ),
    (
        "mqtt.limits.connections_per_address",
        "Connections of one address (of IPv6, one /64 network) to MQTT; more are refused. Those of this machine are not counted.",
    ),
    (
        "mqtt.limits.client_messages_per_second",
        "What one client may publish; beyond it nothing is read from it for a while.",
    ),
    ("mqtt.limits.client_bytes_per_second", "The same in bytes of topics, properties, payloads."),
    ("mqtt.limits.client_subscriptions", "Subscriptions of one client (SUBACK 0x97)."),
    ("mqtt.limits.topic_aliases", "Topic aliases towards a client that takes as many."),
    ("mqtt.limits.retained", "Retained messages (PUBACK 0x97)."),
    ("mqtt.limits.retained_bytes", "Their bytes in memory."),
    (
        "mqtt.limits.organisation_messages_per_second",
        "What all clients of one organisation may publish together; beyond it they wait.",
    ),
    ("mqtt.limits.organisation_bytes_per_second", "The same in bytes."),
    ("mqtt.limits.organisation_sessions", "Sessions of one organisation (CONNACK 0x97)."),
    ("mqtt.limits.organisation_subscriptions", "Its subscriptions (SUBACK 0x97)."),
    ("mqtt.limits.organisation_retained", "Its retained messages (PUBACK 0x97)."),
    ("mqtt.limits.organisation_retained_bytes", "Their bytes in memory."),
    ("mqtt.tls.listen", "Address of MQTT in TLS 1.2 and 1.3, such as 127.0.0.1:8883, or \"off\"."),
    ("mqtt.tls.proxy_protocol", "As mqtt.proxy_protocol; the header comes before TLS."),
    (
        "mqtt.tls.certificate",
        "PEM file with certificate and intermediates; read again when it changes, and on SIGHUP.",
    ),
    ("mqtt.tls.key", "PEM file with its private key."),
    ("mqtt.tls.client_ca", "PEM file with the CAs of client certificates; empty asks for none."),
    (
        "mqtt.tls.client_crl",
        "PEM file with a revocation list of each of these CAs; empty for none. Connections whose certificate is revoked, or whose CA is removed, end when the files have changed.",
    ),
    (
        "mqtt.tls.client_certificate",
        "With client_ca: \"required\", or \"optional\" (one that is shown must be good).",
    ),
    ("mqtt.tls.lenient", "As mqtt.lenient, for this listener."),
    ("mqtt.tls.durability", "As mqtt.durability, for this listener; \"inherit\" takes that."),
    (
        "mqtt.websocket.listen",
        "Address of MQTT over WebSocket beside /mqtt of http.listen, or \"off\".",
    ),
    ("mqtt.websocket.proxy_protocol", "As mqtt.proxy_protocol."),
    ("mqtt.websocket.lenient", "As mqtt.tls.lenient."),
    (
        "mqtt.websocket.durability",
        "As mqtt.tls.durability; /mqtt of http.listen has mqtt.durability.",
    ),
    (
        "mqtt.websocket_tls.listen",
        "Address of MQTT over WebSocket in TLS, with the files of mqtt.tls, or \"off\".",
    ),
    ("mqtt.websocket_tls.proxy_protocol", "As mqtt.proxy_protocol."),
    ("mqtt.websocket_tls.lenient", "As mqtt.tls.lenient."),
    ("mqtt.websocket_tls.durability", "As mqtt.tls.durability."),
    (
        "memory.max",
        "What the process may take; load is refused before: \"auto\" (of the machine, or of its control group, minus a reserve), a size, or \"off\". Where it is small, the sizes below and above that are not set get a share of it: retained messages a quarter, the log's memory a sixteenth, that of history a 32nd, an output and a body a 64th.",
    ),
    ("http.listen", "Address of page, API and WebSocket, unencrypted; port 0 picks one."),
    ("http.hosts", "Further host names the page may be reached by, beside localhost."),
    ("http.body_bytes_max", "Largest request body."),
    (
        "http.tls.listen",
        "Address of the same in TLS, with the files of mqtt.tls, such as 127.0.0.1:8443, or \"off\".",
    ),
    (
        "access.anonymous",
        "Who needs no log-in: \"loopback\" (clients on this machine), or \"never\" (nobody). Accounts are in access.toml of the data directory.",
    ),
    (
        "access.plaintext_passwords",
        "Lets listeners without TLS be opened to other machines; passwords cross the network readable.",
    ),
    (
        "namespace.brownfield",
        "Topics outside uns/v1/: \"history\", \"current\" or \"off\" (plain MQTT, not kept over a restart).",
    ),
    ("namespace.names", "Names under uns/v1/: \"portable\" (letters, digits, _ and -) or \"any\"."),
    ("namespace.nodes_max", "Nodes in all; a publish that would make one more is refused."),
    ("namespace.brownfield_nodes_max", "Nodes outside uns/v1/; beyond it plain MQTT, counted."),
    (
        "namespace.command_expiry_max",
        "A command (unsc/v1/…) expires after this at the latest: a queued one dies, it never runs late.",
    ),
    (
        "namespace.fields_max",
        "Values of a document that are fields with a history of their own; more are counted as left out.",
    ),
    ("namespace.fields_depth_max", "How many levels deep they are looked for: motor.temp is two."),
    ("namespace.zone", "IANA zone of times that name none."),
    ("namespace.checkpoint_every", "How often tree and last values are checkpointed."),
    ("log.keep", "Age up to which the log can be resumed from."),
    ("log.keep_percent", "Share of the file system the log may take, in percent."),
    ("log.memory", "Newest part of the log kept in memory for readers."),
    ("log.on_damage", "A damaged range at start: \"serve\" the rest and report, or \"refuse\"."),
    ("history.flush_every", "Longest time a value waits in memory before its Parquet file."),
    ("history.memory", "Values in memory beyond this are written early."),
    ("tracing.filter", "Level of the hub's own log: error, warn, info, debug or per module."),
    ("tracing.format", "Its form on standard error: \"text\" or \"json\"."),
];

/// The configuration as a commented TOML file.
pub(crate) fn reference(config: &impl Serialize) -> String {
    let table = Table::try_from(config).expect("the configuration is plain tables and scalars");
    let mut out = String::from("# UNS Hub configuration. Every key is optional.\n");
    let mut section = "";
    for (path, meaning) in KEYS {
        let (head, key) = path.rsplit_once('.').expect("every key lies in a section");
        if head != section {
            out += &format!("\n[{head}]\n");
            section = head;
        }
        let mut names = path.split('.');
        let first = &table[names.next().unwrap_or_default()];
        let value = names.fold(first, |table, name| &table[name]);
        out += &format!("# {meaning}\n{key} = {value}\n");
    }
    out
}

/// Turns `mqtt.listen=127.0.0.1:0` into TOML; what is no TOML value is taken as a string.
pub(super) fn set_to_toml(entry: &str) -> Result<String> {
    let (key, raw) = entry.split_once('=').with_context(|| {
        format!("--set {entry}: write KEY=VALUE, for example mqtt.listen=127.0.0.1:0")
    })?;
    let (sections, name) = key
        .trim()
        .rsplit_once('.')
        .with_context(|| format!("--set {entry}: keys look like mqtt.listen"))?;
    let raw = raw.trim();
    let value = format!("v = {raw}")
        .parse::<Table>()
        .ok()
        .filter(|t| t.len() == 1)
        .and_then(|mut t| t.remove("v"))
        .filter(|v| !matches!(v, Value::Datetime(_)))
        .unwrap_or_else(|| Value::String(raw.to_owned()));
    let inner = Table::from_iter([(name.to_owned(), value)]);
    let nest = |inner, section: &str| Table::from_iter([(section.to_owned(), Value::Table(inner))]);
    Ok(sections.split('.').rev().fold(inner, nest).to_string())
}

/// How the value of a key is written, where its type alone does not say.
pub(super) fn form(key: &str) -> Option<String> {
    let form = match key {
        "mqtt.listen" | "http.listen" => "write an address and a port, such as 127.0.0.1:1883",
        "mqtt.proxies" => "write a list, such as [\"10.0.0.5\", \"10.1.0.0/16\"]",
        "http.hosts" => "write a list, such as [\"plant.local\"]",
        _ => return None,
    };
    Some(form.to_owned())
}

/// The known key closest to an unknown one.
pub(super) fn nearest(section: &str, name: &str) -> Option<&'static str> {
    let wanted = if section.is_empty() || section == name {
        name.to_owned()
    } else if section.ends_with(&format!(".{name}")) {
        section.to_owned()
    } else {
        format!("{section}.{name}")
    };
    let distance = |known: &str| edit_distance(&wanted, known);
    let best = KEYS.iter().map(|(key, _)| *key).min_by_key(|key| distance(key))?;
    (distance(best) <= 4).then_some(best)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
