//! Mistakes about whom messages are owed to.

use fabric::{Audience, Batch, Record};
use uns_model::SessionNo;

/// A batch in which nothing is owed to connections.
pub(super) fn forget_connections(batch: &Batch) -> Batch {
    let mut spoilt = Batch::new();
    for record in batch.records() {
        match record {
            Record::Audience { number, members, ingest } => {
                let mut sessions = Audience::new();
                for member in members.iter().filter(|member| member.session != SessionNo::LIVE) {
                    let ids: Vec<_> = member.ids.iter().collect();
                    let who = (member.session, member.share);
                    sessions.push_chosen(who, member.qos, member.retain, &ids);
                }
                spoilt.push(&Record::Audience { number, members: sessions.members(), ingest });
            }
            record => spoilt.push(&record),
        }
    }
    spoilt
}
