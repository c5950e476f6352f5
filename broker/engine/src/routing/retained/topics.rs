//! The retained messages of one organisation: by topic through a map, in topic order beside it.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use uns_model::{Kept, TopicMap};

use super::message::{Content, Held};
use super::order::{Order, Place, compare};

/// Retained messages. A topic has a slot of 32 bytes and two numbers of four.
#[derive(Debug, Default)]
pub(super) struct Topics {
    messages: TopicMap<Kept>,
    order: Order,
    /// When those that expire do.
    expires: HashMap<u32, Duration, RandomState>,
}

impl Topics {
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.messages.reserve(more);
    }

    pub(super) fn get(&self, topic: &str) -> Option<Held<'_>> {
        self.held(self.messages.find(topic)?)
    }

    /// The topic's string.
    pub(super) fn name(&self, topic: &str) -> Option<Arc<str>> {
        let (name, _) = self.messages.get(self.messages.find(topic)?)?;
        Some(Arc::clone(name))
    }

    /// Keeps a message; gives the bytes of the one before.
    pub(super) fn set(
        &mut self,
        topic: &str,
        name: impl FnOnce() -> Arc<str>,
        Content { expires, kept }: Content,
    ) -> Option<usize> {
        let known = self.messages.find(topic);
        let before = known.and_then(|slot| self.held(slot)).map(|held| held.bytes());
        let slot = match known {
            Some(slot) => {
                if let Some(message) = self.messages.get_mut(slot) {
                    *message = kept;
                }
                slot
            }
            None => {
                let before = |slot| compare(self.messages.name(slot), topic) == Ordering::Less;
                let place = self.order.seek_new(before);
                let slot = self.messages.insert(name(), kept);
                self.order.insert(place, slot);
                slot
            }
        };
        match expires {
            Some(at) => drop(self.expires.insert(slot, at)),
            None if self.expires.is_empty() => {}
            None => drop(self.expires.remove(&slot)),
        }
        before
    }

    /// Forgets a message; gives its bytes.
    pub(super) fn remove(&mut self, topic: &str) -> Option<usize> {
        let slot = self.messages.find(topic)?;
        let bytes = self.held(slot)?.bytes();
        let place = self.seek(|other| compare(other, topic) == Ordering::Less);
        self.order.remove(place);
        self.expires.remove(&slot);
        drop(self.messages.remove(slot));
        Some(bytes)
    }

    /// The first place whose topic does not lie `before`.
    pub(super) fn seek(&self, before: impl Fn(&str) -> bool) -> Place {
        self.order.seek(|slot| before(self.messages.name(slot)))
    }

    /// The message at a place, and the place behind.
    pub(super) fn at(&self, place: Place) -> Option<(Held<'_>, Place)> {
        let held = self.held(self.order.get(place)?)?;
        Some((held, self.order.next(place)))
    }

    fn held(&self, slot: u32) -> Option<Held<'_>> {
        let (topic, kept) = self.messages.get(slot)?;
        let expires = if self.expires.is_empty() { None } else { self.expires.get(&slot).copied() };
        Some(Held { topic, expires, kept })
    }
}
