//! Sessions, subscriptions and topics.

use serde::Serialize;
use utoipa::ToSchema;

/// Answer of `GET sessions`.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sessions {
    /// The sessions, by client id.
    pub sessions: Vec<Session>,
    /// Where the next page starts.
    pub next: Option<String>,
}

/// The session of one client, connected or not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its client id.
    pub client_id: String,
    /// Whether it is kept in the log, and so outlives its connection and this process.
    pub durable: bool,
    /// Whether its client is connected.
    pub connected: bool,
    /// Session Expiry Interval; 0 ends with the connection, 4294967295 never.
    pub expiry_seconds: u32,
    /// When it ends, if its client does not come back before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    pub expires_in_seconds: Option<u64>,
    /// How many subscriptions it has.
    pub subscriptions: u64,
    /// Messages it is owed.
    pub queued_messages: u64,
    /// Their bytes.
    pub queued_bytes: u64,
    /// Those of them sent and not acknowledged.
    pub in_flight: u64,
    /// Messages it lost.
    pub dropped: u64,
}

/// Answer of `GET subscriptions`.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subscriptions {
    /// The subscriptions, by filter and client.
    pub subscriptions: Vec<Subscription>,
    /// Where the next page starts.
    pub next: Option<String>,
}

/// One subscription of one client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// The filter.
    pub filter: String,
    /// Whose it is.
    pub client_id: String,
    /// The QoS granted.
    pub qos: u8,
    /// No Local.
    pub no_local: bool,
    /// Retain As Published.
    pub retain_as_published: bool,
    /// Its Subscription Identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    pub identifier: Option<u32>,
}

/// Answer of `GET topics`.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Topics {
    /// The topics, level by level.
    pub topics: Vec<Topic>,
    /// Where the next page starts.
    pub next: Option<String>,
}

/// One topic with a retained message, or published to lately.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Topic {
    /// The topic.
    pub topic: String,
    /// Whether a message is retained.
    pub retained: bool,
    /// The size of its payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    pub retained_bytes: Option<u64>,
    /// How many clients would get a publish now.
    pub subscribers: u64,
}
