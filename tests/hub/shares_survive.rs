//! A share of which one member has a session that lasts loses nothing when the hub ends, also of what
//! members had that are gone with it (TRAP-16).

use std::collections::BTreeSet;

use broker_codec::{QoS, ReasonCode, Version};

use crate::client::{Client, connect, session};
use crate::hub::{Hub, Scratch};

const SHARE: &str = "$share/workers/jobs/#";

#[test]
fn what_a_connection_did_not_acknowledge_goes_to_a_session_after_the_hub_has_ended() {
    for is_killed in [true, false] {
        let scratch = Scratch::new();
        let mut hub = Hub::start(scratch.path());
        let (mut lasting, _) = Client::open(hub.mqtt, &session(Version::V5, "lasting"));
        assert_eq!(lasting.subscribe(SHARE, QoS::AtLeastOnce), ReasonCode::GrantedQoS1);
        let members = ["one", "two"].map(|id| {
            let (mut client, _) = Client::open(hub.mqtt, &connect(Version::V311, id));
            assert_eq!(client.subscribe(SHARE, QoS::AtLeastOnce), ReasonCode::GrantedQoS1);
            client
        });
        let (mut sender, _) = Client::open(hub.mqtt, &connect(Version::V5, "sender"));
        let mut sent = BTreeSet::new();
        for n in 0..60 {
            let job = n.to_string();
            assert_eq!(
                sender.publish_and_wait("jobs/a", job.as_bytes()),
                Some(ReasonCode::Success)
            );
            sent.insert(job.into_bytes());
        }
        if is_killed {
            hub.kill_nine();
        } else {
            hub.stop();
        }
        drop((lasting, members));
        let hub = Hub::start(scratch.path());
        let (mut lasting, present) = Client::open(hub.mqtt, &session(Version::V5, "lasting"));
        assert!(present);
        while !sent.is_empty() {
            sent.remove(&lasting.payload().expect("a job"));
        }
    }
}
