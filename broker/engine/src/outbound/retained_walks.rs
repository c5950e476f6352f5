//! The walks over retained messages that clients are owed: when they start, and what a slice of them sends.

use std::time::Duration;

use uns_model::{OrgId, Sequence};

use super::delivery::Delivery;
use super::owed_retained::Start;
use super::{ClientWriter, Outbounds};
use crate::key::Key;
use crate::message::{Message, seconds_left};
use crate::routing::retained::RetainedMessages;

/// Messages in one slice: other connections come in between.
const SLICE_MESSAGES: usize = 512;

/// What the walks of one client read.
#[derive(Clone, Copy)]
pub(crate) struct RetainedSource<'a> {
    pub(crate) org: OrgId,
    pub(crate) retained: &'a RetainedMessages,
    /// Whether the client may have the message of a topic.
    pub(crate) may_receive: &'a dyn Fn(&str) -> bool,
}

impl Outbounds {
    /// Walks up to this one are asked for. What the connection is sent live from here on is noted for them.
    pub(crate) fn expect_walks(&mut self, key: Key, number: u64) {
        if let Some(client) = self.clients.get_mut(key) {
            client.live.get_or_insert_default().expect(number);
        }
    }

    /// The log has decided about what was before the walks up to this one: they start once that is folded,
    /// up to what is committed. `false` if they wait for more.
    pub(crate) fn begin_walks(&mut self, key: Key, number: u64, committed: Sequence) -> bool {
        let Some(client) = self.clients.get_mut(key) else { return false };
        if client.live.as_mut().is_some_and(|live| !live.begin(number)) {
            return false;
        }
        for owed in &mut client.owed {
            if let Start::Decided(one, since) = owed.start
                && one <= number
            {
                owed.start = Start::Folded(committed, since);
            }
        }
        true
    }

    /// Whether a connection was sent more live than could be noted: its walks have to wait until all of that
    /// is in the store.
    pub(crate) fn must_restart_walks(&self, key: Key) -> bool {
        let live = self.clients.get(key).and_then(|client| client.live.as_ref());
        live.is_some_and(|live| live.is_incomplete())
    }

    /// The walks of a connection wait anew, as the one with this number.
    pub(crate) fn restart_walks(&mut self, key: Key, number: u64) {
        let Some(client) = self.clients.get_mut(key) else { return };
        if let Some(live) = &mut client.live {
            live.begin_anew(number);
        }
        client.owed.iter_mut().for_each(|owed| owed.start_again(number));
    }

    /// Whether the next walk of a connection may start; if not, it is looked at when the fold has moved.
    pub(crate) fn may_walk(
        &mut self,
        now: Duration,
        key: Key,
        retained: &RetainedMessages,
    ) -> bool {
        let Some(client) = self.clients.get(key) else { return true };
        let live = client.live.as_deref();
        let due = client.owed.front().is_none_or(|owed| owed.is_due(retained, now, live));
        if !due {
            self.await_fold(key);
        }
        due
    }

    /// Sends the next slice, as far as the client takes it. `true` once nothing is left to be sent or
    /// written.
    pub(crate) fn send_retained(
        &mut self,
        now: Duration,
        key: Key,
        source: RetainedSource<'_>,
    ) -> bool {
        let RetainedSource { org, retained, may_receive } = source;
        let Some(ClientWriter { client, context }) = self.writer(key) else { return false };
        let live = client.live.take();
        let mut left = SLICE_MESSAGES;
        while let Some(mut owed) = client.owed.pop_front() {
            let due = owed.is_due(retained, now, live.as_deref());
            if left == 0 || !due || !client.takes_retained(context, owed.qos) {
                client.owed.push_front(owed);
                break;
            }
            let ids = owed.identifier;
            let ids = ids.as_slice();
            let qos = owed.qos;
            let number = owed.compared_by(retained);
            let over = retained.walk(org, &mut owed.walk, now, &mut |held| {
                left -= 1;
                // What is left out takes time as well, so it counts in the slice.
                if live.as_ref().is_some_and(|live| live.has_newer(held.topic, number))
                    || !may_receive(held.topic)
                {
                    return left > 0;
                }
                let expiry = seconds_left(held.expires, now).unwrap_or(Some(0));
                let message = Message {
                    topic: held.topic,
                    qos: held.kept.qos(),
                    retain: true,
                    expiry,
                    properties: held.kept.properties(),
                    payload: held.kept.payload(),
                    publisher: None,
                };
                context.encoder.begin();
                let delivery = Delivery { ids, ..Delivery::new(message.qos.min(qos), true) };
                client.send(context, now, &message, &delivery);
                left > 0 && client.takes_retained(context, qos)
            });
            if !over {
                owed.went_on(retained, now);
                client.owed.push_front(owed);
                break;
            }
        }
        client.live = live;
        if client.owed.is_empty() && client.output().is_empty() {
            return true;
        }
        if left < SLICE_MESSAGES {
            // Without progress there is nothing to write, and asking again at once would never end.
            self.mark_pending(key);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uns_model::Kept;

    use super::*;
    use crate::config::Config;
    use crate::outbound::owed_retained::OwedRetained;
    use crate::routing::retained::{Quota, Retained};
    use crate::routing::tree::Wish;

    const KEY: Key = Key { slot: 0, generation: 0 };
    const NOW: Duration = Duration::from_secs(1);

    /// A connected client that is owed all that is retained, by one walk.
    fn owed(start: Start) -> Outbounds {
        let mut outbounds = Outbounds::new(Arc::new(Config::default()), Arc::default());
        outbounds.open(KEY);
        outbounds.connected(KEY);
        let walk = OwedRetained::new("#", &Wish::default(), start);
        outbounds.get_mut(KEY).unwrap().owed.push_back(walk);
        outbounds
    }

    /// So many messages are retained, and the fold is at 10.
    fn store(count: usize) -> RetainedMessages {
        let quota = Quota { count: 10_000, bytes: 1 << 20 };
        let store = RetainedMessages::new(quota, Quota::default());
        for n in 0..count {
            let (topic, kept) = (n.to_string().into(), Kept::new(0, None, b"", b"x"));
            store.set(OrgId::DEFAULT, Retained { topic, expires: None, kept });
        }
        store.applied(Sequence(10));
        store
    }

    /// Sends until nothing more is sent: how many messages, in how many slices.
    fn send(
        outbounds: &mut Outbounds,
        retained: &RetainedMessages,
        may_receive: &dyn Fn(&str) -> bool,
    ) -> (u64, usize) {
        let source = RetainedSource { org: OrgId::DEFAULT, retained, may_receive };
        for slices in 0..100 {
            outbounds.begin_write(KEY);
            outbounds.pending().clear();
            if outbounds.send_retained(NOW, KEY, source) {
                return (outbounds.get_mut(KEY).unwrap().messages, slices);
            }
            if outbounds.pending().is_empty() {
                break;
            }
            outbounds.discard_output(KEY);
        }
        (outbounds.get_mut(KEY).unwrap().messages, usize::MAX)
    }

    #[test]
    fn a_walk_starts_when_what_was_before_it_is_in_the_store() {
        let store = store(1);
        let mut outbounds = owed(Start::Decided(3, NOW));
        let may_walk = |outbounds: &mut Outbounds| outbounds.may_walk(NOW, KEY, &store);
        outbounds.expect_walks(KEY, 3);
        assert!(!may_walk(&mut outbounds), "the log has not decided");
        assert!(outbounds.begin_walks(KEY, 2, Sequence(10)));
        assert!(!may_walk(&mut outbounds), "nor has it about this one");
        assert!(outbounds.begin_walks(KEY, 3, Sequence(11)));
        assert!(!may_walk(&mut outbounds), "it is not folded");
        assert_eq!(outbounds.take_awaiting_fold(), [KEY], "once, however often it was asked");
        store.applied(Sequence(11));
        assert!(may_walk(&mut outbounds));
        outbounds.restart_walks(KEY, 4);
        assert!(!outbounds.begin_walks(KEY, 3, Sequence(11)), "it waits anew");
        assert!(!may_walk(&mut outbounds));
        assert!(outbounds.begin_walks(KEY, 4, Sequence(11)));
        assert!(may_walk(&mut outbounds));
    }

    #[test]
    fn every_match_is_sent_in_slices() {
        let folded = Start::Folded(Sequence(10), NOW);
        let (few, many) = (store(10), store(SLICE_MESSAGES + 1));
        assert_eq!(send(&mut owed(folded), &few, &|_| true), (10, 1));
        assert_eq!(send(&mut owed(folded), &many, &|_| true), (SLICE_MESSAGES as u64 + 1, 2));
        assert_eq!(send(&mut owed(folded), &store(0), &|_| true), (0, 0));
        let not_folded = Start::Folded(Sequence(11), NOW);
        assert_eq!(send(&mut owed(not_folded), &few, &|_| true), (0, usize::MAX));
    }

    #[test]
    fn a_walk_leaves_out_what_its_client_may_not_have_or_has_newer() {
        let store = store(10);
        let mut outbounds = owed(Start::Folded(Sequence(10), NOW));
        outbounds.expect_walks(KEY, 1);
        let live = outbounds.get_mut(KEY).unwrap().live.as_mut().unwrap();
        live.note("7", 1, &mut 0);
        assert_eq!(send(&mut outbounds, &store, &|topic| topic < "8"), (7, 1));
    }
}
