//! What MQTT promises of a history: nothing acknowledged is lost, nothing of QoS 2 comes twice, order is
//! kept per publisher and topic, a share gets each message once, whatever else its members subscribed to, no session is
//! lost, the last retained message is the one kept. Wills have rules of their own.

use std::collections::{BTreeMap, HashMap, HashSet};

use broker_codec::QoS;

use super::wills::Wills;
use crate::client::{Client, Got};

#[derive(Debug)]
struct Sent {
    topic: String,
    number: u32,
    qos: QoS,
    /// Who had its SUBACK before this was sent.
    subscribers: Vec<usize>,
    fate: Fate,
}

/// What its publisher knows of a publish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// Nothing yet: it says it again.
    Open,
    /// The hub has it.
    Acknowledged,
    /// It was refused, or its publisher died with the hub: it may have come nevertheless.
    Unknown,
}

#[derive(Debug)]
pub(crate) struct Promises {
    sent: Vec<Sent>,
    lost_sessions: Vec<usize>,
    /// How many publishes had been sent when the session of a share's member had ended last.
    ended_at: usize,
    pub(crate) kills: u32,
    pub(crate) wills: Wills,
    /// How many subscribe for good; whoever follows them only watches.
    clients: usize,
}

impl Promises {
    pub(crate) fn new(clients: usize) -> Self {
        Self {
            sent: Vec::new(),
            lost_sessions: Vec::new(),
            ended_at: 0,
            kills: 0,
            wills: Wills::default(),
            clients,
        }
    }

    /// A publish is about to be sent; its number.
    pub(crate) fn published(&mut self, topic: &str, qos: QoS, clients: &[Client]) -> u32 {
        let number = u32::try_from(self.sent.len()).expect("a short history");
        let subscribers = (0..self.clients).filter(|who| clients[*who].established).collect();
        let topic = topic.to_owned();
        self.sent.push(Sent { topic, number, qos, subscribers, fate: Fate::Open });
        number
    }

    /// Its acknowledgement follows a commit: it is retained or owed to somebody, and not of QoS 2,
    /// whose PUBCOMP may come again without one.
    pub(crate) fn is_logged(&self, number: u32) -> bool {
        let Sent { topic, qos, subscribers, .. } = &self.sent[number as usize];
        *qos == QoS::AtLeastOnce && (topic.ends_with("/kept") || !subscribers.is_empty())
    }

    /// Whether it is of QoS 2.
    pub(crate) fn is_exact(&self, number: u32) -> bool {
        self.sent[number as usize].qos == QoS::ExactlyOnce
    }

    /// It is retained, or owed to the first client, which subscribes to everything.
    pub(crate) fn is_owed(&self, number: u32) -> bool {
        let Sent { topic, subscribers, .. } = &self.sent[number as usize];
        topic.ends_with("/kept") || subscribers.contains(&0)
    }

    pub(crate) fn acknowledged(&mut self, topic: &str, number: u32) {
        let sent = &mut self.sent[number as usize];
        assert_eq!(sent.topic, topic, "numbers are unique");
        sent.fate = Fate::Acknowledged;
    }

    /// A publish was refused, or its publisher is gone and will not say it again.
    pub(crate) fn given_up(&mut self, number: u32) {
        let sent = &mut self.sent[number as usize];
        if sent.fate == Fate::Open {
            sent.fate = Fate::Unknown;
        }
    }

    /// The topic of a publish.
    pub(crate) fn topic_of(&self, number: u32) -> &str {
        &self.sent[number as usize].topic
    }

    /// The topics of publishes whose fate nobody knows yet.
    pub(crate) fn open_topics(&self) -> impl Iterator<Item = &str> {
        self.sent.iter().filter(|sent| sent.fate == Fate::Open).map(|sent| &*sent.topic)
    }

    /// A session of a share's member ended, as it may.
    pub(crate) fn session_ended(&mut self) {
        self.ended_at = self.sent.len();
    }

    /// The log says that one ended behind this publish.
    pub(crate) fn session_ended_behind(&mut self, number: Option<u32>) {
        let behind = number.map_or(0, |number| number as usize + 1);
        self.ended_at = self.ended_at.max(behind);
    }

    pub(crate) fn welcome(&mut self, who: usize, present: bool, established: bool) {
        if established && !present {
            self.lost_sessions.push(who);
        }
    }

    /// How many deliveries were right; or the first that was not.
    pub(crate) fn judge(&self, clients: &[Client]) -> Result<usize, String> {
        if let Some(who) = self.lost_sessions.first() {
            return Err(format!("the session of {} was lost", clients[*who].name));
        }
        if let Some(sent) = self.sent.iter().find(|sent| sent.fate == Fate::Open) {
            return Err(format!("{sent:?} was never acknowledged"));
        }
        let mut right = 0;
        for (who, client) in clients.iter().enumerate().take(self.clients) {
            let counts = counts(&client.got);
            if let Some(own) = own_filter(client) {
                right += self.judge_one((who, client), own, &counts)?;
            }
            if !is_shared(client) {
                self.judge_order(who, client)?;
            }
        }
        right += self.judge_share(clients)?;
        self.wills.judge(&counts(&clients[0].got))?;
        Ok(right)
    }

    /// Of each topic the last retained message of the log, once.
    pub(crate) fn judge_retained(kept: &[Got], last: &BTreeMap<String, u32>) -> Result<(), String> {
        let last: HashMap<&str, u32> =
            last.iter().map(|(topic, number)| (&**topic, *number)).collect();
        let mut found: HashMap<&str, u32> = HashMap::new();
        for got in kept {
            if found.insert(&got.topic, got.number).is_some() {
                return Err(format!("{} is retained twice", got.topic));
            }
        }
        if last == found {
            Ok(())
        } else {
            Err(format!("retained: {found:?}, in the log: {last:?}"))
        }
    }

    fn judge_one(
        &self,
        (who, client): (usize, &Client),
        (filter, granted): (&str, QoS),
        counts: &HashMap<Got, usize>,
    ) -> Result<usize, String> {
        let mut right = 0;
        // It may get another one as the chosen member of its share.
        let more = usize::from(is_shared(client));
        for sent in self.sent.iter().filter(|sent| matches(filter, &sent.topic)) {
            let count = counts.get(&sent.got()).copied().unwrap_or_default();
            let qos = granted.level().min(sent.qos.level());
            let due = sent.is_due() && sent.subscribers.contains(&who) && !client.is_fleeting();
            let fine = match (due, qos) {
                (true, 2) => (1..=1 + more).contains(&count),
                (true, _) => count >= 1,
                (false, 2) => count <= 1 + more,
                (false, _) => true,
            };
            if !fine {
                return Err(format!("{} got {count} of {sent:?}", client.name));
            }
            right += count;
        }
        Ok(right)
    }

    fn judge_share(&self, clients: &[Client]) -> Result<usize, String> {
        let got_with = |is_exact: bool| {
            let members = clients.iter().filter(|c| is_shared(c) && takes_once(c) == is_exact);
            counts(&members.flat_map(|c| c.got.clone()).collect::<Vec<_>>())
        };
        let (exact, loose) = (got_with(true), got_with(false));
        let mut right = 0;
        let members = || (0..clients.len()).filter(|who| is_shared(&clients[*who]));
        for sent in &self.sent {
            let count = exact.get(&sent.got()).copied().unwrap_or_default();
            // What a member took with QoS 1 may come to another one, too.
            let loose = loose.get(&sent.got()).copied().unwrap_or_default();
            let enough = usize::from(loose == 0);
            // Somebody has to be left when a session ends.
            let stays = |who: usize| sent.subscribers.contains(&who) && !clients[who].is_fleeting();
            let due = sent.is_due() && members().any(stays);
            // What has begun with QoS 2 may not go to another member.
            let begun = usize::from((sent.number as usize) < self.ended_at);
            // What members get by subscriptions of their own: at least, and at most.
            let own = members().filter(|who| {
                own_filter(&clients[*who]).is_some_and(|(filter, _)| matches(filter, &sent.topic))
            });
            let (sure, most) = own.fold((0, 0), |(sure, most), who| {
                (sure + usize::from(sent.is_due() && sent.subscribers.contains(&who)), most + 1)
            });
            let fine = match (due, sent.qos.level()) {
                (true, 2) => count + begun >= sure + enough && count <= most + 1,
                (true, _) => count + loose > sure,
                (false, 2) => count <= most + 1,
                (false, _) => true,
            };
            if !fine {
                return Err(format!("the share got {count} and {loose} of {sent:?}"));
            }
            right += count + loose;
        }
        Ok(right)
    }

    /// First deliveries of one topic and QoS come in the order they were published in; but what was
    /// published before the subscription comes only if it is sent again, so then it comes late.
    fn judge_order(&self, who: usize, client: &Client) -> Result<(), String> {
        let mut newest: HashMap<(&str, u8), u32> = HashMap::new();
        let mut seen = HashSet::new();
        let of_one = |got: &&Got| got.topic.starts_with("t/") && !got.topic.starts_with("t/all/");
        for got in client.got.iter().filter(of_one) {
            let sent = &self.sent[got.number as usize];
            if !sent.subscribers.contains(&who) || !seen.insert(got) {
                continue;
            }
            let newest = newest.entry((&got.topic, sent.qos.level())).or_default();
            if got.number < *newest {
                return Err(format!("{} got {} after {newest}", client.name, got.number));
            }
            *newest = got.number;
        }
        Ok(())
    }
}

impl Sent {
    fn is_due(&self) -> bool {
        self.fate != Fate::Unknown
    }

    fn got(&self) -> Got {
        Got { topic: self.topic.clone(), number: self.number }
    }
}

fn counts(got: &[Got]) -> HashMap<Got, usize> {
    let mut counts = HashMap::new();
    got.iter().for_each(|one| *counts.entry(one.clone()).or_default() += 1);
    counts
}

/// Whether a client is a member of the share.
pub(crate) fn is_shared(client: &Client) -> bool {
    client.filters[0].0.starts_with("$share/")
}

/// Whether a client is a member of the share without a lasting session.
pub(crate) fn is_passing(client: &Client) -> bool {
    is_shared(client) && !client.has_session()
}

/// Whether it subscribed with QoS 2.
fn takes_once(client: &Client) -> bool {
    client.filters[0].1 == QoS::ExactlyOnce
}

/// The filter beside the share, or the only one.
fn own_filter(client: &Client) -> Option<(&'static str, QoS)> {
    client.filters.iter().find(|(filter, _)| filter.starts_with("t/")).copied()
}

/// The two filters there are.
fn matches(filter: &str, topic: &str) -> bool {
    filter == "t/#" || topic.ends_with("/1")
}
