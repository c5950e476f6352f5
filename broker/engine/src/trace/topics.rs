//! The topics of a traced packet.

/// The topic of a PUBLISH, or the filters of a SUBSCRIBE or UNSUBSCRIBE: each of them whole, so that
/// whoever looks at a trace can be shown what they may look at and nothing else. They lie in one text,
/// since a packet may name a million of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TracedTopics {
    text: Box<str>,
    /// Where each one ends.
    ends: Box<[u32]>,
}

impl TracedTopics {
    /// These, in order.
    pub fn of<'a>(topics: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::new());
        for topic in topics {
            text.push_str(topic);
            ends.push(u32::try_from(text.len()).expect("a packet has at most 256 MiB"));
        }
        Self { text: text.into(), ends: ends.into() }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(&0).chain(&self.ends);
        let places = starts.zip(&self.ends);
        places.filter_map(|(start, end)| self.text.get(*start as usize..*end as usize))
    }

    /// Whether the packet names none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// What they take in memory.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + size_of_val(&*self.ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_is_whole_whatever_is_in_it() {
        let long = "x".repeat(70_000);
        for topics in [&[][..], &["a/b"], &["a, b", "", "ü/#", &long, "c"]] {
            let traced = TracedTopics::of(topics.iter().copied());
            assert_eq!(traced.iter().collect::<Vec<_>>(), topics);
            assert_eq!(traced.is_empty(), topics.is_empty());
        }
    }
}
