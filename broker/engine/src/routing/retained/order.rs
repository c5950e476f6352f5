//! Slot numbers in topic order. Topics are ordered level by level, so that what is below a level
//! follows it at once; four bytes for each topic, in runs short enough to insert into.

use std::cmp::Ordering;

/// Numbers in one run; a full one becomes two.
const RUN: usize = 512;

/// Numbers in the order of the topics they stand for.
#[derive(Debug, Default)]
pub(super) struct Order {
    runs: Vec<Vec<u32>>,
    /// The run that was last inserted into.
    newest: usize,
}

/// A place in the order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    run: usize,
    at: usize,
}

/// Compares topics level by level: `a`, `a/b`, `a!`.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let differing = a.bytes().zip(b.bytes()).find(|(a, b)| a != b);
    match differing {
        None => a.len().cmp(&b.len()),
        Some((b'/', _)) => Ordering::Less,
        Some((_, b'/')) => Ordering::Greater,
        Some((a, b)) => a.cmp(&b),
    }
}

/// Whether a topic is a level or below it.
pub(super) fn is_within(topic: &str, level: &str) -> bool {
    topic.strip_prefix(level).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Order {
    /// The first number that does not lie `before`.
    pub(super) fn seek(&self, before: impl Fn(u32) -> bool) -> Place {
        let run = self.runs.partition_point(|run| run.last().is_some_and(|last| before(*last)));
        let at = self.runs.get(run).map_or(0, |run| run.partition_point(|slot| before(*slot)));
        Place { run, at }
    }

    /// The same for a number that is to be inserted there. It often comes beside the one before, and then
    /// the ends of one run say so: a search among all runs waits for memory at each step.
    pub(super) fn seek_new(&self, before: impl Fn(u32) -> bool) -> Place {
        let near = self.runs.get(self.newest).filter(|run| {
            run.first().is_some_and(|first| before(*first))
                && run.last().is_some_and(|last| !before(*last))
        });
        match near {
            Some(run) => Place { run: self.newest, at: run.partition_point(|slot| before(*slot)) },
            None => self.seek(before),
        }
    }

    /// The number at a place.
    pub(super) fn get(&self, place: Place) -> Option<u32> {
        self.runs.get(place.run)?.get(place.at).copied()
    }

    /// The place behind.
    pub(super) fn next(&self, place: Place) -> Place {
        let Place { run, at } = place;
        match self.runs.get(run) {
            Some(numbers) if at + 1 < numbers.len() => Place { run, at: at + 1 },
            _ => Place { run: run + 1, at: 0 },
        }
    }

    /// Puts a number at the place [`Order::seek_new`] found for it.
    pub(super) fn insert(&mut self, place: Place, slot: u32) {
        let Place { mut run, mut at } = place;
        if run == self.runs.len() {
            // Behind everything: also where topics come in order.
            match self.runs.last() {
                Some(last) if last.len() < RUN => {
                    run -= 1;
                    at = last.len();
                }
                _ => self.runs.push(Vec::new()),
            }
        }
        let Some(numbers) = self.runs.get_mut(run) else { return };
        numbers.insert(at, slot);
        self.newest = run;
        if numbers.len() > RUN {
            let upper = numbers.split_off(RUN / 2);
            numbers.shrink_to_fit();
            self.runs.insert(run + 1, upper);
        }
    }

    /// Takes the number at a place out.
    pub(super) fn remove(&mut self, place: Place) {
        let Some(numbers) = self.runs.get_mut(place.run) else { return };
        if place.at < numbers.len() {
            numbers.remove(place.at);
        }
        if numbers.is_empty() {
            self.runs.remove(place.run);
        }
    }
}
