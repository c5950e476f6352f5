//! `[namespace]`: what becomes a node, how times are read, how long a command waits.

use anyhow::{Context as _, Result};
use schemas::payload::FieldLimits;
use serde::{Deserialize, Serialize};
use uns_model::Zone;

use super::range::within;
use super::units::Span;
use crate::zone;

/// `[namespace]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Namespace {
    pub(crate) brownfield: Brownfield,
    pub(crate) names: Names,
    pub(crate) nodes_max: usize,
    pub(crate) brownfield_nodes_max: usize,
    pub(crate) command_expiry_max: Span,
    pub(crate) fields_max: usize,
    pub(crate) fields_depth_max: usize,
    pub(crate) zone: String,
    pub(crate) checkpoint_every: Span,
}

/// What a topic outside our prefixes becomes (NS-1).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Brownfield {
    /// A node with last value and history.
    History,
    /// A node with a last value only.
    Current,
    /// Plain MQTT.
    Off,
}

/// Which names a path may carry under `uns/v1/` (NS-4).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Names {
    /// Letters, digits, `_` and `-`.
    Portable,
    /// Every valid MQTT level.
    Any,
}

impl Default for Namespace {
    fn default() -> Self {
        Self {
            brownfield: Brownfield::History,
            names: Names::Portable,
            nodes_max: 2_000_000,
            brownfield_nodes_max: 100_000,
            command_expiry_max: Span::seconds(30),
            fields_max: FieldLimits::DEFAULT.fields_max,
            fields_depth_max: FieldLimits::DEFAULT.depth_max,
            zone: "UTC".into(),
            checkpoint_every: Span::seconds(60),
        }
    }
}

impl Namespace {
    /// How many leaves of a document are fields (NS-20).
    pub(crate) fn fields(&self) -> FieldLimits {
        FieldLimits { fields_max: self.fields_max, depth_max: self.fields_depth_max }
    }

    pub(super) fn check(&self) -> Result<()> {
        let span = Span::seconds;
        within("namespace.nodes_max", self.nodes_max, 1, 100_000_000)?;
        within("namespace.checkpoint_every", self.checkpoint_every, span(1), span(86_400))?;
        let expiry = self.command_expiry_max;
        within("namespace.command_expiry_max", expiry, span(1), span(86_400))?;
        within("namespace.fields_max", self.fields_max, 0, uns_namespace::FIELDS_MAX)?;
        within("namespace.fields_depth_max", self.fields_depth_max, 1, 32)?;
        self.zone().map(drop)
    }

    /// The rule of the zone of times that name none (NS-23).
    pub(crate) fn zone(&self) -> Result<Zone> {
        zone::rule(&self.zone).context("namespace.zone is not usable")
    }
}
