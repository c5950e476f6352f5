//! Connected clients.

use serde::Serialize;
use utoipa::ToSchema;

use super::Counts;
use crate::wire::WireTime;

/// Answer of `GET clients`.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Clients {
    /// The clients, in the order asked for.
    pub clients: Vec<Client>,
    /// Where the next page starts.
    pub next: Option<String>,
}

/// Where a client stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClientState {
    /// It waits for its client id to be taken over.
    Connecting,
    /// It is connected.
    Connected,
}

/// How well a client keeps up with what it is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Pace {
    /// Little waits for it.
    Fine,
    /// Much waits; its publishers pause while it drains.
    Behind,
    /// Nobody waits for it; what it cannot take is dropped.
    Slow,
}

/// One client, as of this moment. Counters are those of its connection.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// Its client id.
    pub client_id: String,
    /// Where it stands.
    pub state: ClientState,
    /// The User Name of its CONNECT.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub user_name: Option<String>,
    /// Who it turned out to be: a user, a device, `anonymous`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub identity: Option<String>,
    /// The protocol level: 3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0.
    pub protocol_version: u8,
    /// Where it comes from.
    pub address: String,
    /// The listener it came to.
    pub listener: String,
    /// `tcp`, `tls`, `websocket` or `websocket_tls`.
    pub transport: String,
    /// The subject of its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub certificate_subject: Option<String>,
    /// When its CONNECT came.
    pub connected_since: WireTime,
    /// Keep Alive, as it asked.
    pub keep_alive_seconds: u16,
    /// Clean Start; Clean Session in MQTT 3.1.1.
    pub clean_start: bool,
    /// Session Expiry Interval, as granted; 4294967295 is never.
    pub session_expiry_seconds: u32,
    /// How many subscriptions it has.
    pub subscriptions: u64,
    /// Deliveries it has not acknowledged.
    pub in_flight: u64,
    /// Its own publishes whose acknowledgement waits for a commit.
    pub unacknowledged: u64,
    /// Messages that wait for it.
    pub queued_messages: u64,
    /// Their bytes.
    pub queued_bytes: u64,
    /// Bytes on their way into its socket.
    pub output_bytes: u64,
    /// PUBLISH packets taken from it.
    pub messages_in: u64,
    /// PUBLISH packets given to it.
    pub messages_out: u64,
    /// Bytes received from it.
    pub bytes_in: u64,
    /// Bytes sent to it.
    pub bytes_out: u64,
    /// Its publishes that were refused.
    pub rejected: u64,
    /// Faults against MQTT that its listener passed over (`mqtt.lenient`).
    pub forgiven: u64,
    /// Messages it lost, by cause.
    pub dropped: Counts,
    /// How well it keeps up.
    pub pace: Pace,
    /// Nothing is read from it for now, since it waits for a reader or the log.
    pub paused: bool,
    /// What is wrong with its clock, where its source times were not believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ClientClock, required = false)]
    pub clock: Option<ClientClock>,
}

/// The clock of a client that named times which cannot be: its values have the time of their arrival.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientClock {
    /// `ahead`, `out_of_range`, `unreadable` or `set_back`, as in `GET /api/v1/uns/violations`.
    #[schema(value_type = String)]
    pub fault: &'static str,
    /// How far its time was from the hub's, the last time; above zero is ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, required = false)]
    pub offset_seconds: Option<f64>,
    /// How many of its messages named such a time, since the hub started.
    pub messages: u64,
    /// The last time.
    pub last: WireTime,
}
