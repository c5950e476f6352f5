//! Clients that look at what is retained, and go soon: their sessions end with their connections.

use std::collections::HashMap;

use broker_codec::{QoS, Version};

use crate::Fault;
use crate::client::Client;

/// What they subscribe to.
const FILTER: &str = "t/+/kept";

/// Watchers with QoS 1 and 2.
pub(crate) fn watchers(fault: Option<Fault>) -> impl Iterator<Item = Client> {
    let all = [("p", QoS::AtLeastOnce), ("q", QoS::ExactlyOnce)];
    all.into_iter().map(move |(name, qos)| {
        let mut client = Client::new(name, Version::V5, &[(FILTER, qos)]).for_seconds(0);
        client.held_back = (fault == Some(Fault::RetainedComesLate)).then(HashMap::new);
        client
    })
}

/// Whether it subscribes to what is retained, and to nothing else.
pub(crate) fn is_watcher(client: &Client) -> bool {
    client.filters[0].0 == FILTER
}
