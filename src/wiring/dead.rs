//! Refused publishes: described as JSON and kept in a log of their own (NS-33).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker_server::{DeadLetter, DeadLetters, OnStored, StoredDeadLetter};
use fabric::{Batch, Cursor, Log, Message, OnCommit, Record, TailItem};
use fabric_local::LocalLog;
use hub_kit::services::{Answer, Page};
use hub_kit::{Refusal, Rights};
use schemas::{Base64, WireTime};
use uns_model::{NodeId, OrgId, PublisherId, Random, Sequence};

use super::seal::Seal;

/// The dead letters of all organisations.
pub(crate) struct DeadLog {
    log: Arc<LocalLog>,
    random: Arc<dyn Random>,
    /// Those the log did not take; subscribers got them all the same.
    lost: AtomicU64,
}

impl DeadLog {
    pub(crate) fn new(log: Arc<LocalLog>, random: Arc<dyn Random>) -> Self {
        Self { log, random, lost: AtomicU64::new(0) }
    }

    /// Writes what waits, and takes nothing more.
    pub(crate) fn close(&self) {
        self.log.close();
    }

    /// Has its threads give back memory that they do not use.
    pub(crate) fn give_back(&self, how: fn()) {
        self.log.give_back(how);
    }

    /// How many the log did not take.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// The dead letters, as they are read page by page.
pub(crate) struct DeadPages {
    pub(crate) log: Arc<DeadLog>,
    /// Of page tokens: the places of two letters tell how many lie between them.
    pub(crate) seal: Seal,
}

impl DeadPages {
    fn about(org: OrgId) -> String {
        format!("dead letters {}", org.0)
    }

    /// The place a page token names.
    fn opened(&self, org: OrgId, token: &str) -> Option<Sequence> {
        Some(self.seal.open(&Self::about(org), token)?.parse::<Cursor>().ok()?.sequence())
    }
}

impl hub_kit::services::DeadLetters for DeadPages {
    fn page(
        &self,
        org: OrgId,
        after: Option<String>,
        limit: usize,
        rights: Arc<dyn Rights>,
    ) -> Answer<'_, Page<String>> {
        let log = Arc::clone(&self.log.log);
        Box::pin(async move {
            let after = match after {
                Some(token) => self.opened(org, &token).ok_or_else(Refusal::not_a_page)?,
                None => Sequence::ZERO,
            };
            // It may read from disk.
            let wanted = Wanted { org, after, limit, rights };
            let page = tokio::task::spawn_blocking(move || read(&*log, &wanted)).await;
            let failed = |error: &(dyn std::error::Error + 'static)| {
                Refusal::internal("read dead letters", error)
            };
            let (letters, next) = page.map_err(|e| failed(&e))?.map_err(|e| failed(&e))?;
            let about = Self::about(org);
            let next = next.map(|next| self.seal.seal(&about, &Cursor::after(next).to_string()));
            Ok(Page { items: letters, next })
        })
    }
}

/// Letters of one page, in bytes; the one that exceeds it is the last of its page.
const PAGE_BYTES: usize = 8 << 20;

/// Which letters, and whose eyes they are for.
struct Wanted {
    org: OrgId,
    after: Sequence,
    limit: usize,
    rights: Arc<dyn Rights>,
}

/// The letters, and the last one's place where there may be more.
fn read(log: &dyn Log, wanted: &Wanted) -> Result<(Vec<String>, Option<Sequence>), fabric::Error> {
    let Wanted { org, after, limit, ref rights } = *wanted;
    let (mut letters, mut bytes) = (Vec::new(), 0);
    let mut tail = log.tail(after);
    while let Some(item) = tail.next()? {
        // What retention has dropped is nobody's to ask for any more.
        let TailItem::Frame(frame) = item else { continue };
        for (sequence, record) in frame.records() {
            let Record::Message(message) = record else { continue };
            if message.org != org || !rights.may_inspect(message.topic) {
                continue;
            }
            let letter = String::from_utf8_lossy(message.payload).into_owned();
            bytes += letter.len();
            letters.push(letter);
            if letters.len() >= limit || bytes > PAGE_BYTES {
                // Whether any letter follows that is seen is not known, and those that are not seen
                // are not told of.
                return Ok((letters, Some(sequence)));
            }
        }
    }
    Ok((letters, None))
}

impl DeadLog {
    /// Hands one to the log. `false` if it is too large for that.
    fn keep(&self, dead: &DeadLetter<'_>, body: &[u8], on_stored: Option<&OnStored>) -> bool {
        let mut batch = Batch::new();
        batch.push(&Record::Message(Message {
            org: dead.org,
            publisher: PublisherId::default(),
            qos: 0,
            retain: false,
            expiry: None,
            ingest: dead.received,
            topic: dead.dead_topic,
            properties: &[],
            payload: body,
        }));
        let on_commit = on_stored.cloned().map(|on_stored| {
            let report: OnCommit = Box::new(move |outcome| on_stored(outcome.is_ok()));
            report
        });
        match self.log.append(batch, on_commit) {
            Ok(()) => true,
            Err(fabric::Error::TooLarge { .. }) => false,
            Err(_) => {
                self.lose(on_stored);
                true
            }
        }
    }

    fn lose(&self, on_stored: Option<&OnStored>) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        if let Some(on_stored) = on_stored {
            on_stored(false);
        }
    }
}

fn describe(dead: &DeadLetter<'_>, id: &str, payload: &[u8]) -> Vec<u8> {
    schemas::DeadLetter {
        dead_id: id,
        received_at: WireTime(dead.received),
        topic: dead.topic,
        client_id: dead.client_id,
        qos: dead.qos,
        reason: dead.reason,
        mqtt_reason: dead.code.byte(),
        pointer: None,
        detail: dead.detail,
        contract: None,
        payload: Base64(payload),
    }
    .to_json()
}

impl DeadLetters for DeadLog {
    fn store(&self, dead: &DeadLetter<'_>, on_stored: Option<OnStored>) -> StoredDeadLetter {
        let random = u128::from(self.random.u64()) << 64 | u128::from(self.random.u64());
        let millis = u64::try_from(dead.received.as_millis()).unwrap_or_default();
        let id = NodeId::v7(millis, random).to_string();
        let body = describe(dead, &id, dead.payload);
        let on_stored = on_stored.as_ref();
        // Where a letter does not fit with what was sent, it is kept without: sent again it would
        // be no smaller, and its client would never get past it.
        if !self.keep(dead, &body, on_stored)
            && !self.keep(dead, &describe(dead, &id, &[]), on_stored)
        {
            self.lose(on_stored);
        }
        StoredDeadLetter { id: id.into(), body }
    }
}
