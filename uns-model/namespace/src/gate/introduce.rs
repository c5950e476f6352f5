//! Publishers have numbers in the log, and one record that says whose number it is. On a full disk
//! that record is refused like any other, so it is offered again before the publisher's next batch.

use std::sync::Arc;

use fabric::{Batch, OnCommit, Record};
use uns_model::{OrgId, PublisherId};

use super::Gate;
use crate::Namespace;
use crate::registry::Publisher;

/// So many of those who wait are introduced with one batch of others.
const AT_ONCE: usize = 64;

impl Namespace {
    pub(super) fn publisher(&self, org: OrgId, client_id: &str) -> PublisherId {
        let (publisher, new) = self.publishers.number_of(org, client_id);
        if new {
            self.introduce(publisher);
        }
        publisher
    }

    /// Offers the record of a publisher to the log, unless it is there or on its way; whether the
    /// log refused it.
    fn introduce(&self, publisher: PublisherId) -> bool {
        let Some(Publisher { org, client_id }) = self.publishers.begin(publisher) else {
            return false;
        };
        let mut batch = Batch::new();
        let ingest = self.clock.now();
        batch.push(&Record::Publisher { org, publisher, client_id: &client_id, ingest });
        let publishers = Arc::clone(&self.publishers);
        // Somebody waits, so a full disk refuses it instead of dropping it in silence.
        let on_commit: OnCommit = Box::new(move |result| publishers.end(publisher, result.is_ok()));
        let Err(error) = self.log.append(batch, Some(on_commit)) else { return false };
        tracing::debug!(%error, "a publisher's record was not taken");
        self.publishers.end(publisher, false);
        true
    }
}

impl Gate {
    /// Introduces those who publish in the batch and are in the log by their number alone. Once
    /// there is space, the others who wait are introduced as well: they may never publish again,
    /// and as long as anybody waits each batch is looked through.
    pub(super) fn introduce_unnamed(&self) {
        let publishers = &self.space.publishers;
        if publishers.unnamed() == 0 {
            return;
        }
        let waiting = publishers.waiting(AT_ONCE);
        if waiting.is_empty() {
            return;
        }
        let mut seen = None;
        for record in self.batch.records() {
            let publisher = match record {
                Record::Publish(publish) => publish.publisher,
                Record::Message(message) => message.publisher,
                _ => continue,
            };
            // Neighbours are mostly of one publisher.
            if seen.replace(publisher) != Some(publisher) {
                self.space.introduce(publisher);
            }
        }
        if self.space.log.health().disk_full {
            return;
        }
        for publisher in waiting {
            if self.space.introduce(publisher) {
                return;
            }
        }
    }
}
