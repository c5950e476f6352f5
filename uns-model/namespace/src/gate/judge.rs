//! The one place where a publish is judged by what it says: first what its plane asks, then what the
//! rule of its node asks. What that causes enters the batch right behind the publish.

use std::sync::Arc;
use std::time::Duration;

use fabric::{Admitted, Author, Inbound, Output, Rejection, Resolved};
use uns_model::{Plane, PublisherId, Reason};

use super::{AllRights, Gate, PublisherRights, payload};
use crate::Brownfield;
use crate::node::{Node, Side};
use crate::rule::{Emitted, Judged, Verdict};

impl Gate {
    /// Judges a publish to a node that lives.
    pub(super) fn judge(
        &mut self,
        node: &Arc<Node>,
        inbound: &Inbound<'_>,
        rights: &dyn PublisherRights,
    ) -> Result<Admitted, Rejection> {
        if node.side() == Side::Uns {
            let checked = payload::check(inbound.payload, &self.space.config);
            if let Some(batch) = self.counted(checked)? {
                return self.admit_batch((node, batch), inbound, rights);
            }
        }
        let verdict = self.ask_rule(node, inbound)?;
        Ok(self.admit_as(node, inbound, verdict))
    }

    /// What the rule of a node says of a publish, if the node has one.
    #[inline]
    pub(super) fn ask_rule(
        &mut self,
        node: &Node,
        inbound: &Inbound<'_>,
    ) -> Result<Option<Verdict>, Rejection> {
        let Some(rule) = self.rules.of(&self.space.rules, node) else { return Ok(None) };
        let judged = Judged { org: node.org, topic: &node.name, inbound };
        let mut verdict = Verdict { expiry: inbound.expiry, outputs: Vec::new() };
        let checked = rule.check(&judged, &mut verdict);
        self.counted(checked).map(|()| Some(verdict))
    }

    /// Adds a publish to the batch as it was judged.
    #[inline]
    pub(super) fn admit_as(
        &mut self,
        node: &Node,
        inbound: &Inbound<'_>,
        verdict: Option<Verdict>,
    ) -> Admitted {
        if let Some(verdict) = verdict {
            return self.admit_ruled(node, inbound, verdict);
        }
        let place = Some(self.push(node, inbound));
        Admitted { place, ..Admitted::unchanged(inbound) }
    }

    /// Admits a publish as a rule wants it.
    #[cold]
    fn admit_ruled(&mut self, node: &Node, inbound: &Inbound<'_>, verdict: Verdict) -> Admitted {
        let Verdict { expiry, outputs } = verdict;
        let retain = node.retains(inbound.retain);
        let inbound = &Inbound { retain, expiry, ..*inbound };
        let place = Some(self.push(node, inbound));
        let mut admitted = Admitted { place, ..Admitted::unchanged(inbound) };
        for Emitted { topic, payload, qos, retain } in outputs {
            let (publisher, expiry) = (PublisherId::default(), None);
            let output = Inbound {
                publisher,
                qos,
                retain,
                expiry,
                properties: &[],
                payload: &payload,
                ingest: inbound.ingest,
            };
            // One that can be no sample is said all the same.
            let place = match Plane::of(&topic) {
                Plane::Fabric => None,
                _ => match self.resolve(node.org, &topic, &AllRights) {
                    Ok(Resolved::Node(node)) => Some(self.push(&node, &output)),
                    Ok(Resolved::Guarded | Resolved::Plain) | Err(_) => None,
                },
            };
            let author = Author::Fabric;
            let messages = &mut admitted.outputs.get_or_insert_default().messages;
            messages.push(Output { author, topic, payload, qos, retain, expiry, place });
        }
        admitted
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
                payload::check_size(inbound.payload, &self.space.config)
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

/// Whole seconds, as MQTT counts them; at least one.
fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1)
}
