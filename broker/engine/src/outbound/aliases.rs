//! Topic aliases towards one client (TRAP-14): of concrete topics, never of filters. A topic gets
//! one while there are some left; after that it has to be asked for twice within a short time, and
//! takes the place of one that was not used lately.

use std::collections::HashMap;
use std::num::NonZeroU16;
use std::rc::Rc;

use ahash::RandomState;

/// How the next packet names its topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Alias {
    /// By itself.
    None,
    /// By itself, and from now on by this number.
    New(NonZeroU16),
    /// By this number alone.
    Known(NonZeroU16),
}

/// A number that is in use.
#[derive(Debug)]
struct Place {
    topic: Rc<str>,
    used: bool,
}

/// What one client takes to stand for which topic.
#[derive(Debug)]
pub(crate) struct Aliases {
    /// Alias `n` is at `n - 1`.
    places: Vec<Place>,
    known: HashMap<Rc<str>, NonZeroU16, RandomState>,
    maximum: u16,
    /// The place that is looked at next when one is needed.
    hand: usize,
    /// Hashes of topics that were asked for lately and have none.
    wanted: [u64; 32],
}

/// A property of this size takes the place of the topic.
const PROPERTY_BYTES: usize = 3;

/// Longer topics would cost too much memory.
const TOPIC_BYTES_MAX: usize = 1024;

/// A hand that finds only topics in use goes on with the next message.
const STEPS_MAX: usize = 4;

impl Aliases {
    /// None for a client that takes none.
    pub(crate) fn new(maximum: u16) -> Option<Box<Self>> {
        (maximum > 0).then(|| {
            Box::new(Self {
                places: Vec::new(),
                known: HashMap::default(),
                maximum,
                hand: 0,
                wanted: [0; 32],
            })
        })
    }

    /// How to name this topic now.
    pub(crate) fn of(&mut self, topic: &str) -> Alias {
        if let Some(number) = self.known.get(topic) {
            if let Some(place) = self.places.get_mut(usize::from(number.get()) - 1) {
                place.used = true;
            }
            return Alias::Known(*number);
        }
        if topic.len() <= PROPERTY_BYTES || topic.len() > TOPIC_BYTES_MAX {
            return Alias::None;
        }
        self.free(topic).map_or(Alias::None, Alias::New)
    }

    /// A number for a topic that has none.
    fn free(&mut self, topic: &str) -> Option<NonZeroU16> {
        if self.places.len() < usize::from(self.maximum) {
            return number(self.places.len());
        }
        let hash = self.known.hasher().hash_one(topic);
        let wanted = self.wanted.get_mut(slot_of(hash))?;
        if std::mem::replace(wanted, hash) != hash {
            return None;
        }
        for _ in 0..STEPS_MAX {
            self.hand = (self.hand + 1) % self.places.len();
            let place = self.places.get_mut(self.hand)?;
            if !std::mem::take(&mut place.used) {
                return number(self.hand);
            }
        }
        None
    }

    /// What a number stands for.
    pub(crate) fn topic(&self, number: NonZeroU16) -> Option<&str> {
        self.places.get(usize::from(number.get()) - 1).map(|place| &*place.topic)
    }

    /// From now on the client knows the topic by this number.
    pub(crate) fn assign(&mut self, topic: &str, number: NonZeroU16) {
        let topic: Rc<str> = topic.into();
        let place = Place { topic: Rc::clone(&topic), used: true };
        match self.places.get_mut(usize::from(number.get()) - 1) {
            Some(old) => {
                let old = std::mem::replace(old, place);
                self.known.remove(&old.topic);
            }
            None => self.places.push(place),
        }
        self.known.insert(topic, number);
    }
}

/// Where a topic of this hash is noted as wanted. Two that share a slot push each other out.
fn slot_of(hash: u64) -> usize {
    (hash % 32) as usize
}

fn number(place: usize) -> Option<NonZeroU16> {
    u16::try_from(place + 1).ok().and_then(NonZeroU16::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The topics as a client understands the packets it gets.
    #[derive(Default)]
    struct Reader(HashMap<NonZeroU16, String>);

    impl Reader {
        fn name(&mut self, aliases: &mut Aliases, topic: &str) -> String {
            match aliases.of(topic) {
                Alias::None => topic.into(),
                Alias::New(number) => {
                    assert!(number.get() <= aliases.maximum);
                    aliases.assign(topic, number);
                    self.0.insert(number, topic.into());
                    topic.into()
                }
                Alias::Known(number) => self.0[&number].clone(),
            }
        }
    }

    proptest! {
        #[test]
        fn the_client_always_knows_which_topic_is_meant(
            maximum in 1u16..9,
            topics in prop::collection::vec(0u8..20, 0..300),
        ) {
            let mut aliases = Aliases::new(maximum).expect("some");
            let mut reader = Reader::default();
            for topic in topics {
                let topic = format!("topic/{topic}");
                prop_assert_eq!(reader.name(&mut aliases, &topic), topic);
                prop_assert!(aliases.known.len() == aliases.places.len());
                prop_assert!(aliases.places.len() <= usize::from(maximum));
            }
        }
    }

    #[test]
    fn topics_that_come_often_get_a_number_in_the_end() {
        let mut aliases = Aliases::new(2).expect("some");
        let mut reader = Reader::default();
        for topic in ["seen/once", "seen/too", "x", "yy"] {
            reader.name(&mut aliases, topic);
        }
        let hasher = aliases.known.hasher().clone();
        let slot = |topic: &str| slot_of(hasher.hash_one(topic));
        let other =
            (0..).map(|n| format!("often/{n}")).find(|topic| slot(topic) != slot("often/a"));
        let other = other.expect("there are 32 slots");
        for _ in 0..8 {
            reader.name(&mut aliases, "often/a");
            reader.name(&mut aliases, &other);
        }
        assert!(matches!(aliases.of("often/a"), Alias::Known(_)));
        assert!(matches!(aliases.of(&other), Alias::Known(_)));
        assert_eq!(aliases.of("x"), Alias::None, "a number would be no shorter");
        assert!(Aliases::new(0).is_none());
    }
}
