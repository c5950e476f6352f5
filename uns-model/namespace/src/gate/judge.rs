//! The one place where a publish is judged by what it says: first what its plane asks, then what the
//! rule of its node asks. What that causes enters the batch right behind the publish.

use std::sync::Arc;
use std::time::Duration;

use fabric::{Admitted, Author, Inbound, Output, Place, PointsBuffer, Rejection, Resolved};
use uns_model::{OrgId, Plane, PublisherId, Reason};

use super::read::{Read, Reading, check_size};
use super::{AllRights, Gate, PublisherRights};
use crate::Brownfield;
use crate::node::{Node, Side};
use crate::properties::content_type;
use crate::rule::{Emitted, Judged, Verdict};

impl Gate {
    /// Judges a publish to a node that lives. Its payload is read here, once.
    #[inline]
    pub(super) fn judge(
        &mut self,
        node: &Arc<Node>,
        inbound: &Inbound<'_>,
        rights: &dyn PublisherRights,
    ) -> Result<Admitted, Rejection> {
        // The buffer is out for as long as the gate is needed beside it.
        let mut reading = self.reading.take().unwrap_or_default();
        let admitted = self.judge_with(&mut reading, node, inbound, rights);
        self.give_up_unwritten();
        reading.give_back();
        self.reading = Some(reading);
        admitted
    }

    #[inline]
    fn judge_with(
        &mut self,
        reading: &mut Reading,
        node: &Arc<Node>,
        inbound: &Inbound<'_>,
        rights: &dyn PublisherRights,
    ) -> Result<Admitted, Rejection> {
        match node.side() {
            Side::Uns => {
                let accepted = reading.accept(inbound, &self.space.config);
                if let Some(batch) = self.counted(accepted)? {
                    return self.admit_batch(node, batch, Read { inbound, reading }, rights);
                }
            }
            Side::Brownfield => reading.keep(inbound, &self.space.config),
        }
        let read = Read { inbound, reading };
        let verdict = self.ask_rule(node, read)?;
        if node.is_settled() {
            return Ok(self.admit_as(node, read, verdict));
        }
        Ok(match self.destination(node, rights)? {
            Some(node) => self.admit_as(&node, read, verdict),
            // Its topic is plain now.
            None => Admitted::unchanged(inbound),
        })
    }

    /// What the rule of a node says of a publish, if the node has one.
    #[inline]
    pub(super) fn ask_rule(
        &mut self,
        node: &Node,
        read: Read<'_>,
    ) -> Result<Option<Verdict>, Rejection> {
        let Some(rule) = self.rules.of(&self.space.rules, node) else { return Ok(None) };
        let (inbound, points) = (read.inbound, read.points());
        let judged = Judged { org: node.org, topic: &node.name, inbound, points };
        let retain = rule.retain().applied(inbound.retain);
        let mut verdict = Verdict { expiry: inbound.expiry, retain, ..Verdict::default() };
        let checked = rule.check(&judged, &mut verdict).map_err(|rejection| {
            // A refusal is said as well, but no sample comes of it.
            let said = verdict.outputs.iter().filter(|one| Plane::of(&one.topic) == Plane::Fabric);
            let said: Vec<_> = said.cloned().map(|emitted| spoken(emitted, None)).collect();
            Rejection { said: (!said.is_empty()).then(|| Box::new(said)), ..rejection }
        });
        self.counted(checked).map(|()| Some(verdict))
    }

    /// Adds a publish to the batch as it was judged.
    #[inline]
    pub(super) fn admit_as(
        &mut self,
        node: &Node,
        read: Read<'_>,
        verdict: Option<Verdict>,
    ) -> Admitted {
        if let Some(verdict) = verdict {
            return self.admit_ruled(node, read, verdict);
        }
        let Read { inbound, reading } = read;
        let place = Some(self.push(node, inbound, read.points()));
        let Reading { points, findings, .. } = *reading;
        Admitted { place, points, findings, ..Admitted::unchanged(inbound) }
    }

    /// Admits a publish as a rule wants it.
    #[cold]
    fn admit_ruled(&mut self, node: &Node, read: Read<'_>, verdict: Verdict) -> Admitted {
        let (reading, points) = (read.reading, read.points());
        let Verdict { retain, expiry, .. } = verdict;
        let inbound = &Inbound { retain, expiry, ..*read.inbound };
        let mut findings = reading.findings;
        verdict.findings.iter().for_each(|finding| findings.note(*finding));
        let mut judged = PointsBuffer::new();
        let place = match verdict.changes_points() {
            true => {
                let mut builder = judged.begin(inbound.payload);
                verdict.apply(&points, &mut builder);
                self.push(node, inbound, builder.finish())
            }
            false => self.push(node, inbound, points),
        };
        let (place, points) = (Some(place), reading.points);
        let mut admitted = Admitted { place, points, findings, ..Admitted::unchanged(inbound) };
        for emitted in verdict.outputs {
            let output = self.emit(node, emitted, inbound);
            admitted.outputs.get_or_insert_default().messages.push(output);
        }
        admitted
    }

    /// Adds a message of the fabric about a publish. On a data topic it is a sample as well; one that can
    /// be none is said all the same.
    fn emit(&mut self, node: &Node, emitted: Emitted, about: &Inbound<'_>) -> Output {
        let Emitted { topic, payload, qos, .. } = &emitted;
        let inbound = Inbound {
            publisher: PublisherId::default(),
            qos: *qos,
            retain: false,
            expiry: None,
            properties: &[],
            payload,
            ingest: about.ingest,
        };
        let place = match Plane::of(topic) {
            Plane::Fabric => None,
            _ => self.data_node(node.org, topic).map(|node| {
                let mut reading = Reading::default();
                reading.keep(&inbound, &self.space.config);
                self.push(&node, &inbound, reading.points(payload))
            }),
        };
        spoken(emitted, place)
    }

    /// The node of a topic that the fabric writes samples to, if it may have one.
    fn data_node(&mut self, org: OrgId, topic: &str) -> Option<Arc<Node>> {
        match self.resolve(org, topic, &AllRights) {
            Ok(Resolved::Node(node)) => self.destination(&node, &AllRights).ok().flatten(),
            Ok(Resolved::Guarded | Resolved::Plain) | Err(_) => None,
        }
    }

    /// Judges a publish to a topic without a node, and counts it where brownfield should have had one.
    /// A command runs soon or never (NS-3).
    ///
    /// # Errors
    /// `command_retained` and `payload_too_large` on our own planes; counted.
    pub fn check(&mut self, topic: &str, inbound: &Inbound<'_>) -> Result<Admitted, Rejection> {
        let mut admitted = Admitted::unchanged(inbound);
        let plane = Plane::of(topic);
        let checked = match plane {
            Plane::Command if inbound.retain => Err(Rejection::new(
                Reason::CommandRetained,
                "a command runs once, so it cannot be retained: publish it with RETAIN=0",
            )),
            Plane::Command | Plane::Descriptor => {
                let content_type = content_type(inbound.properties);
                check_size(inbound.payload, content_type, &self.space.config)
            }
            Plane::Brownfield => {
                if self.space.config.brownfield != Brownfield::Off {
                    self.rejections.count_plain_brownfield();
                }
                Ok(())
            }
            Plane::Data
            | Plane::Fabric
            | Plane::Foreign
            | Plane::Sparkplug
            | Plane::OtherVersion => Ok(()),
        };
        self.counted(checked)?;
        if plane == Plane::Command {
            let most = seconds(self.space.config.command_expiry_max);
            admitted.expiry = Some(admitted.expiry.map_or(most, |asked| asked.min(most)));
        }
        Ok(admitted)
    }
}

/// A message of the fabric. A sample is in the log before anybody asks whether there is room to retain it.
fn spoken(emitted: Emitted, place: Option<Place>) -> Output {
    let Emitted { topic, payload, qos, retain } = emitted;
    let retain = retain && Plane::of(&topic) == Plane::Fabric;
    let (author, expiry) = (Author::Fabric, None);
    Output { author, topic, payload, qos, retain, expiry, place }
}

/// Whole seconds, as MQTT counts them; at least one.
fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1)
}
