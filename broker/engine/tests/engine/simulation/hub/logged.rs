//! What the log of a history says.

use fabric::{Log, Record, SessionChange, TailItem};
use uns_model::Sequence;

use super::Hub;
use crate::simulation::client::Got;

impl Hub {
    /// The publishes in the log, in its order, and whether each is to be retained.
    pub(crate) fn logged(&self) -> Vec<(Got, bool)> {
        let (mut tail, mut logged) = (self.log.tail(Sequence::ZERO), Vec::new());
        while let Some(TailItem::Frame(frame)) = tail.next().expect("it is in memory") {
            for (_, record) in frame.records() {
                if let Record::Message(message) = record {
                    let number = String::from_utf8_lossy(message.payload).parse();
                    let (topic, number) = (message.topic.to_owned(), number.expect("a number"));
                    logged.push((Got { topic, number }, message.retain));
                }
            }
        }
        logged
    }

    /// The newest publish before the last end of a session: it may be one that nobody heard of, since
    /// the client went away before its CONNACK.
    pub(crate) fn newest_before_an_end(&self) -> Option<u32> {
        let (mut tail, mut newest, mut found) = (self.log.tail(Sequence::ZERO), None, None);
        while let Some(TailItem::Frame(frame)) = tail.next().expect("it is in memory") {
            for (_, record) in frame.records() {
                match record {
                    Record::Message(message) if message.topic.starts_with("t/") => {
                        let number = String::from_utf8_lossy(message.payload).parse();
                        newest = newest.max(Some(number.expect("a number")));
                    }
                    Record::Session { change: SessionChange::Ended, .. } => found = newest,
                    _ => {}
                }
            }
        }
        found
    }
}
