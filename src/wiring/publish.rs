//! [`hub_kit::services::Publish`] over the broker's in-process publisher: the same gate, the same
//! live delivery as a client's publish.

use broker_codec::Property;
use broker_server::{Error, Handle, InProcess, Rejection};
use bytes::Bytes;
use hub_kit::Refusal;
use hub_kit::services::{Boxed, Publish, PublishItem, Published};
use uns_namespace::Reason;

/// Publishes of modules.
pub(crate) struct GatedPublish(pub(crate) Handle);

/// In-process publishes under way at once for one request: enough to share a commit.
const TOGETHER_MAX: usize = 256;

impl Publish for GatedPublish {
    fn publish(&self, items: Vec<PublishItem>) -> Boxed<'_, Vec<Result<Published, Refusal>>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(items.len());
            let mut items = items.into_iter().peekable();
            while items.peek().is_some() {
                let some = items.by_ref().take(TOGETHER_MAX);
                let tasks: Vec<_> = some.map(|item| self.start(item)).collect();
                for task in tasks {
                    results.push(task.await.unwrap_or_else(|_| Err(shutting_down())));
                }
            }
            results
        })
    }
}

impl GatedPublish {
    /// Starts one publish; those started in order stay in order, as their client id is one.
    fn start(&self, item: PublishItem) -> tokio::task::JoinHandle<Result<Published, Refusal>> {
        let broker = self.0.clone();
        let properties = match content_type(item.content_type.as_deref()) {
            Ok(properties) => properties,
            Err(refusal) => return tokio::spawn(async move { Err(refusal) }),
        };
        let publish = InProcess {
            org: item.org,
            topic: item.topic,
            payload: item.payload,
            qos: item.qos,
            retain: item.retain,
            expiry: item.expiry,
            properties,
            client_id: item.client_id.to_string(),
        };
        tokio::spawn(async move {
            match broker.publish(publish).await {
                Ok(commit) => Ok(Published { sequence: commit.map(|commit| commit.last) }),
                Err(Error::Rejected(rejection)) => Err(refusal(rejection)),
                Err(_) => Err(shutting_down()),
            }
        })
    }
}

fn content_type(name: Option<&str>) -> Result<Bytes, Refusal> {
    let mut wire = Vec::new();
    if let Some(name) = name {
        let encoded = Property::ContentType(name).encode(&mut wire);
        encoded.map_err(|error| Refusal::parameter("contentType", error))?;
    }
    Ok(wire.into())
}

fn refusal(rejection: Rejection) -> Refusal {
    let status = Reason::ALL
        .into_iter()
        .find(|reason| reason.name() == rejection.reason)
        .map_or(422, Reason::http);
    Refusal::new(status, rejection.reason, rejection.detail)
}

fn shutting_down() -> Refusal {
    Refusal::new(503, "shutting_down", "The hub is stopping; publish again once it is back.")
}
