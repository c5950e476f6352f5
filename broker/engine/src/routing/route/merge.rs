//! The overlapping subscriptions of one receiver as one delivery.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::key::Key;
use crate::routing::tree::Subscriber;

/// One receiver of a topic: all its overlapping subscriptions as one delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    pub(crate) key: Key,
    pub(crate) qos: u8,
    pub(crate) retain_as_published: bool,
    pub(crate) audience: Audience,
    /// The client has a durable session: above QoS 0 the message is owed to that (see
    /// [`super::Route::owed`]) and comes from the log. Live it comes only with an effective QoS
    /// of 0.
    pub(crate) ledger: bool,
    pub(crate) ids: Option<Arc<[NonZeroU32]>>,
    /// The last of its subscriptions: those of earlier walks that match are here too.
    pub(crate) walk: u64,
}

/// For whose messages a target counts, after No Local.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Audience {
    Everyone,
    /// Not for the receiver's own messages.
    Others,
    /// Only for the receiver's own messages.
    Own,
}

/// What merged subscriptions ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Merged {
    pub(super) qos: u8,
    pub(super) retain_as_published: bool,
    pub(super) audience: Audience,
    pub(super) ids: Option<Arc<[NonZeroU32]>>,
}

/// Merges the subscriptions of one client, which come with its name. Only where some of them have No Local and others not
/// does the client's own message go out differently.
pub(super) fn merge<K>(subscriptions: &[(K, Subscriber)]) -> impl Iterator<Item = Merged> {
    let wishes = || subscriptions.iter().map(|(_, one)| &one.wish);
    let merge = |audience, own: bool| {
        let chosen = wishes().filter(move |wish| !own || !wish.no_local);
        let mut ids: Vec<_> = chosen.clone().filter_map(|wish| wish.identifier).collect();
        ids.sort_unstable();
        ids.dedup();
        Merged {
            qos: chosen.clone().map(|wish| wish.qos).max().unwrap_or(0),
            retain_as_published: chosen.clone().any(|wish| wish.retain_as_published),
            audience,
            ids: (!ids.is_empty()).then(|| ids.into()),
        }
    };
    let no_local = wishes().filter(|wish| wish.no_local).count();
    let (all, own) = match no_local {
        0 => (merge(Audience::Everyone, false), None),
        n if n == subscriptions.len() => (merge(Audience::Others, false), None),
        _ => (merge(Audience::Others, false), Some(merge(Audience::Own, true))),
    };
    std::iter::once(all).chain(own)
}

/// The same for a connection.
pub(super) fn targets<K>(
    key: Key,
    subscriptions: &[(K, Subscriber)],
) -> impl Iterator<Item = Target> {
    let ledger = subscriptions.iter().any(|(_, one)| one.session.is_some());
    let walk = subscriptions.iter().map(|(_, one)| one.walk).max().unwrap_or(0);
    merge(subscriptions).map(move |merged| Target {
        key,
        qos: merged.qos,
        retain_as_published: merged.retain_as_published,
        audience: merged.audience,
        ledger,
        ids: merged.ids,
        walk,
    })
}
