//! The namespace's gate, or none, as the engine's.

use std::sync::Arc;

use broker_codec::ReasonCode;
use broker_engine::{CoreNo, Gate, Inbound, Rejection, Resolved, Ticket};
use fabric::Commit;
use uns_model::{OrgId, Plane, PublisherId};
use uns_namespace::{Namespace, Node, Reason, Reject};

use crate::post::Post;

/// What stands between the publishers of one core and the log.
#[derive(Debug)]
pub(crate) struct ServerGate {
    namespace: Option<uns_namespace::Gate>,
    post: Arc<Post>,
    core: CoreNo,
}

impl ServerGate {
    pub(crate) fn new(namespace: Option<&Arc<Namespace>>, post: Arc<Post>, core: CoreNo) -> Self {
        Self { namespace: namespace.map(uns_namespace::Gate::new), post, core }
    }
}

impl Gate for ServerGate {
    type Node = Arc<Node>;
    type Receipt = Commit;

    fn resolve(&mut self, org: OrgId, topic: &str) -> Result<Resolved<Arc<Node>>, Rejection> {
        let Some(gate) = &mut self.namespace else { return Ok(Resolved::Plain) };
        match gate.resolve(org, topic).map_err(rejection)? {
            uns_namespace::Resolved::Node(node) => Ok(Resolved::Node(node)),
            uns_namespace::Resolved::Plain => Ok(match Plane::of(topic) {
                // Brownfield without a node is counted.
                Plane::Command | Plane::Descriptor | Plane::Brownfield => Resolved::Guarded,
                _ => Resolved::Plain,
            }),
        }
    }

    fn publisher(&mut self, client_id: &str) -> PublisherId {
        self.namespace.as_mut().map_or_else(PublisherId::default, |gate| gate.publisher(client_id))
    }

    fn admit(&mut self, node: &Arc<Node>, inbound: &Inbound<'_>) -> Result<(), Rejection> {
        let Some(gate) = &mut self.namespace else { return Ok(()) };
        gate.admit(node, &translated(inbound)).map_err(rejection)
    }

    fn check(&mut self, topic: &str, inbound: &Inbound<'_>) -> Result<(), Rejection> {
        let Some(gate) = &mut self.namespace else { return Ok(()) };
        gate.admit_plain(topic, &translated(inbound)).map_err(rejection)
    }

    fn derived(&mut self, each: &mut dyn FnMut(&str, &[u8])) {
        let Some(gate) = &mut self.namespace else { return };
        let Some(expansion) = gate.take_expansion() else { return };
        for child in &expansion.children {
            each(&child.node.name, &child.payload);
        }
    }

    fn pending_bytes(&self) -> usize {
        self.namespace.as_ref().map_or(0, |gate| gate.pending().1)
    }

    fn flush(&mut self, ticket: Option<Ticket>) -> Result<(), Rejection> {
        let Some(gate) = &mut self.namespace else { return Ok(()) };
        let on_commit = ticket.map(|ticket| {
            let (post, core) = (Arc::clone(&self.post), self.core);
            let report: fabric::OnCommit = Box::new(move |outcome| {
                let refused = |error: Arc<fabric::Error>| {
                    rejection(Reject::new(Reason::StorageFull, error.to_string()))
                };
                post.committed(core, ticket, outcome.map_err(refused));
            });
            report
        });
        gate.flush(on_commit).map_err(rejection)
    }
}

fn translated<'a>(inbound: &Inbound<'a>) -> uns_namespace::Inbound<'a> {
    uns_namespace::Inbound {
        publisher: inbound.publisher,
        qos: inbound.qos,
        retain: inbound.retain,
        expiry: inbound.expiry,
        properties: inbound.properties,
        payload: inbound.payload,
        ingest: inbound.ingest,
    }
}

fn rejection(reject: Reject) -> Rejection {
    let code = ReasonCode::from_byte(reject.reason.mqtt5());
    Rejection {
        code: code.unwrap_or(ReasonCode::ImplementationSpecificError),
        reason: reject.reason.name(),
        detail: reject.detail,
    }
}
