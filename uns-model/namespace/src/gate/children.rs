//! Children batches (NS-21): `{"points":[{"path":"motor/temp","value":1}]}`. The message passes
//! unchanged on its own topic; each row is a sample of the child node its path names.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Gate, Inbound, Resolved, payload};
use crate::node::Node;
use crate::{Reason, Reject};

/// What a children batch expanded into.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// The accepted rows, for live delivery; their records follow the parent's in the same batch.
    pub children: Vec<Child>,
    /// The refused rows: the child's topic and why. They are counted; nothing of them is stored.
    pub rejected: Vec<(String, Reject)>,
}

/// One accepted row.
#[derive(Clone, Debug)]
pub struct Child {
    /// The child's node.
    pub node: Arc<Node>,
    /// The row without its path: canonical VQT.
    pub payload: Bytes,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows<'a> {
    #[serde(borrow)]
    points: Vec<Row<'a>>,
}

/// The members of a row, each value exactly as it was written.
struct Row<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Row<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members).map(Row)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `path` and `value`")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut members = Vec::with_capacity(4);
        while let Some((Key(key), value)) = map.next_entry()? {
            members.push((key, value));
        }
        Ok(members)
    }
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl Row<'_> {
    fn path(&self) -> Option<String> {
        let (_, path) = self.0.iter().find(|(key, _)| key == "path")?;
        serde_json::from_str(path.get()).ok()
    }

    /// The row without its path.
    fn sample(&self) -> Option<String> {
        self.0.iter().find(|(key, _)| key == "value")?;
        let mut sample = String::from("{");
        for (key, value) in self.0.iter().filter(|(key, _)| key != "path") {
            if sample.len() > 1 {
                sample.push(',');
            }
            sample.push_str(&serde_json::to_string(key).ok()?);
            sample.push(':');
            sample.push_str(value.get());
        }
        sample.push('}');
        Some(sample)
    }
}

impl Gate {
    /// Admits a publish that begins like a children batch; if it is none after all, it is an
    /// ordinary document.
    pub(super) fn admit_children(
        &mut self,
        parent: &Arc<Node>,
        inbound: &Inbound<'_>,
    ) -> Result<(), Reject> {
        let Ok(Rows { points }) = serde_json::from_slice::<Rows<'_>>(inbound.payload) else {
            self.push(parent, inbound);
            return Ok(());
        };
        let max = self.space.config.children_max;
        if points.len() > max {
            let detail = format!("a batch of {} points, more than {max}", points.len());
            return self.counted(Err(Reject::new(Reason::PayloadTooLarge, detail)));
        }
        let mut expansion = Expansion::default();
        for row in points {
            match self.child(parent, &row) {
                Ok(child) => expansion.children.push(child),
                Err(rejected) => expansion.rejected.push(rejected),
            }
        }
        // The parent and its children enter the log together.
        self.push(parent, inbound);
        for child in &expansion.children {
            let payload = &child.payload;
            self.push(&child.node, &Inbound { payload, properties: &[], ..*inbound });
        }
        self.expansion = Some(Box::new(expansion));
        Ok(())
    }

    fn child(&mut self, parent: &Node, row: &Row<'_>) -> Result<Child, (String, Reject)> {
        let path = row.path().unwrap_or_default();
        let topic = format!("{}/{path}", parent.name);
        let sample = row.sample().filter(|_| !path.is_empty()).ok_or_else(|| {
            Reject::new(Reason::PayloadMalformed, "a point needs `path`, a string, and `value`")
        });
        let sample = self.counted(sample.and_then(|sample| {
            payload::check(sample.as_bytes(), &self.space.config)?;
            Ok(sample)
        }));
        let admitted = sample.and_then(|sample| match self.resolve(parent.org, &topic)? {
            Resolved::Node(node) => Ok(Child { node, payload: sample.into() }),
            Resolved::Plain => unreachable!("what lies below uns/v1/ is a node or refused"),
        });
        admitted.map_err(|reject| (topic, reject))
    }
}
