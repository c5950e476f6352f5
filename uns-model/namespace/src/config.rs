//! Settings of the namespace: what becomes a node, how much of it, how often a checkpoint is made.

use std::time::Duration;

use schemas::payload::FieldLimits;
use uns_model::Zone;
use uns_model::grammar::Names;

/// What happens to topics outside our own prefixes (NS-1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Brownfield {
    /// They are nodes with a last value and history.
    #[default]
    History,
    /// They are nodes with a last value only.
    Current,
    /// They pass as plain MQTT: no node, no last value, no history.
    Off,
}

/// Settings; [`Config::default`] holds the documented defaults.
#[derive(Clone, Debug)]
pub struct Config {
    /// What happens to topics outside our prefixes; default [`Brownfield::History`].
    pub brownfield: Brownfield,
    /// The alphabet of names under `uns/v1/` (NS-4); default portable.
    pub names: Names,
    /// Whether the first publish on a path makes its node (NS-7); default yes. When off, an unknown
    /// path under `uns/v1/` is refused as `node_unknown` and brownfield passes as plain MQTT.
    pub create_nodes: bool,
    /// At most so many living nodes in all; default 2,000,000.
    pub nodes_max: u32,
    /// At most so many living brownfield nodes; beyond it plain MQTT. Default 100,000.
    pub brownfield_nodes_max: u32,
    /// Longer brownfield topics pass as plain MQTT, so that a client cannot fill memory with
    /// names; default 1,024 bytes.
    pub brownfield_topic_bytes_max: usize,
    /// Deeper brownfield topics pass as plain MQTT; default 64 levels.
    pub brownfield_levels_max: usize,
    /// Longest payload under `uns/v1/` that is no JSON object or array; default 64 KiB.
    pub value_bytes_max: usize,
    /// Longest JSON object or array under `uns/v1/`; default 1 MiB.
    pub document_bytes_max: usize,
    /// Most children in one batch (NS-21); default 10,000.
    pub children_max: usize,
    /// How many leaves of a document are fields, and how deep they lie (NS-20); of a node so many
    /// fields have a last value. Default 256, six levels.
    pub fields: FieldLimits,
    /// A command expires after this time at the latest, so that one that was queued dies rather than
    /// runs late (NS-3); default 30 s.
    pub command_expiry_max: Duration,
    /// The zone of source times that name none (NS-23); default UTC.
    pub zone: Zone,
    /// Longest time between two checkpoints while records arrive; default 60 s.
    pub checkpoint_interval: Duration,
    /// Most records between two checkpoints; default 5,000,000.
    pub checkpoint_records: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            brownfield: Brownfield::default(),
            names: Names::Portable,
            create_nodes: true,
            nodes_max: 2_000_000,
            brownfield_nodes_max: 100_000,
            brownfield_topic_bytes_max: 1_024,
            brownfield_levels_max: 64,
            value_bytes_max: 64 << 10,
            document_bytes_max: 1 << 20,
            children_max: 10_000,
            fields: FieldLimits::DEFAULT,
            command_expiry_max: Duration::from_secs(30),
            zone: Zone::default(),
            checkpoint_interval: Duration::from_secs(60),
            checkpoint_records: 5_000_000,
        }
    }
}
