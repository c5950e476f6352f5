//! [`hub_kit::services::Publish`] over the broker's in-process publisher: the same gate, the same
//! live delivery as a client's publish.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker_codec::Property;
use broker_server::{
    Access, Action, Consumer, Coverage, Handle, InProcess, Progress, Together, ToldRow,
};
use fabric::{MarkDoes, Rejection};
use hub_kit::services::{
    Boxed, Mark, Publish, PublishBatch, PublishItem, Published, RefusedRow, Resumed,
};
use hub_kit::{Refusal, Rights};
use uns_model::OrgId;

/// Publishes of modules.
pub(crate) struct GatedPublish {
    broker: Handle,
    /// The lane of the next batch: batches do not wait for each other.
    next_lane: AtomicU64,
}

impl GatedPublish {
    /// Over a running broker.
    pub(crate) fn new(broker: Handle) -> Self {
        Self { broker, next_lane: AtomicU64::new(0) }
    }
}

impl Publish for GatedPublish {
    fn together(&self, batch: PublishBatch) -> Boxed<'_, Vec<Result<Published, Refusal>>> {
        Box::pin(async move {
            let PublishBatch { org, client_id, rights, items, mark } = batch;
            let mark = mark.map(progress);
            let mut results = Vec::with_capacity(items.len() + 1);
            let mut readable = Vec::with_capacity(items.len());
            for item in items {
                match in_process(item) {
                    Ok(item) => {
                        readable.push(item);
                        results.push(None);
                    }
                    Err(refusal) => results.push(Some(Err(refusal))),
                }
            }
            if mark.is_some() {
                results.push(None);
            }
            let lane = self.next_lane.fetch_add(1, Ordering::Relaxed);
            let access = Some(Arc::new(CallerAccess(rights)) as Arc<dyn Access>);
            let client_id = client_id.to_string();
            let batch = Together { org, client_id, access, items: readable, mark };
            let outcomes = self.broker.together(lane, batch).await.unwrap_or_default();
            let mut outcomes = outcomes.into_iter().map(|outcome| match outcome {
                Ok(done) => Ok(published(done)),
                Err(rejection) => Err(refusal(rejection)),
            });
            let answered = results.into_iter().map(|known| known.or_else(|| outcomes.next()));
            answered.map(|known| known.unwrap_or_else(|| Err(shutting_down()))).collect()
        })
    }

    fn resume(&self, org: OrgId, consumer: &str) -> Boxed<'_, Result<Resumed, Refusal>> {
        let consumer = consumer.to_owned();
        Box::pin(async move {
            let known = self.broker.resume(org, &consumer).await.map_err(|_| shutting_down())?;
            let Consumer { epoch, position, state, .. } = known.map_err(refusal)?;
            Ok(Resumed { epoch, position, state })
        })
    }
}

/// The rights of a caller, as the broker asks for them.
#[derive(Debug)]
struct CallerAccess(Arc<dyn Rights>);

impl Access for CallerAccess {
    fn allows(&self, action: Action, topic: &str) -> bool {
        match action {
            Action::Publish => self.0.may_publish(topic),
            Action::Receive => self.0.may_read(topic),
            _ => false,
        }
    }

    fn covers(&self, filter: &str) -> Coverage {
        self.0.reads(filter)
    }
}

fn progress(mark: Mark) -> Progress {
    let Mark { consumer, epoch, position, state, ends } = mark;
    let does = if ends { MarkDoes::Ends } else { MarkDoes::Says };
    Progress { consumer, epoch, position, state, does }
}

fn in_process(item: PublishItem) -> Result<InProcess, Refusal> {
    let PublishItem { topic, payload, qos, retain, expiry, content_type, atomic } = item;
    let mut properties = Vec::new();
    if let Some(name) = content_type {
        let encoded = Property::ContentType(&name).encode(&mut properties);
        encoded.map_err(|error| Refusal::parameter("contentType", error))?;
    }
    if atomic {
        let encoded = Property::UserProperty("uns-batch", "atomic").encode(&mut properties);
        encoded.map_err(|error| Refusal::parameter("atomic", error))?;
    }
    Ok(InProcess { topic, payload, qos, retain, expiry, properties: properties.into() })
}

fn published(done: broker_server::Published) -> Published {
    let (refused, told) = done.refused.map_or((0, Vec::new()), |rows| (rows.count, rows.told));
    let row = |ToldRow { index, topic, rejection }| RefusedRow {
        index,
        topic: topic.into(),
        refusal: refusal(rejection),
    };
    let refused_rows = told.into_iter().map(row).collect();
    Published { sequence: done.sequence, refused, refused_rows }
}

fn refusal(rejection: Rejection) -> Refusal {
    let Rejection { reason, detail, .. } = rejection;
    let refusal = Refusal::new(reason.http(), reason.name(), detail);
    Refusal { dead_id: rejection.dead_id, ..refusal }
}

fn shutting_down() -> Refusal {
    Refusal::new(503, "shutting_down", "The hub is stopping; publish again once it is back.")
}
