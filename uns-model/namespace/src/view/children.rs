//! The children of a level in order of their names: a list of short runs, each filled to the brim
//! where names come in order. A million nodes each stand in one of them, so a place costs no more
//! than what is kept there.

use std::slice;
use std::sync::Arc;

use super::level::LevelNo;
use crate::node::Node;

/// A level as its parent knows it.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    /// A node whose name has the level's name in it: of a leaf, the node that lives there.
    pub(super) of: Arc<Node>,
    pub(super) start: u16,
    pub(super) end: u16,
    pub(super) level: LevelNo,
}

impl Child {
    pub(crate) fn name(&self) -> &str {
        self.of.name.get(usize::from(self.start)..usize::from(self.end)).unwrap_or_default()
    }
}

/// The longest run: what one more child moves.
const RUN_MAX: usize = 128;

/// Children by name. No run is empty.
#[derive(Debug, Default)]
pub(crate) struct Children {
    runs: Vec<Vec<Child>>,
    len: u32,
}

/// Children in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct InOrder<'t> {
    run: slice::Iter<'t, Child>,
    runs: slice::Iter<'t, Vec<Child>>,
}

impl Children {
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Child> {
        let (run, place) = self.find(name);
        self.runs.get(run)?.get(place.ok()?)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Child> {
        let (run, place) = self.find(name);
        self.runs.get_mut(run)?.get_mut(place.ok()?)
    }

    /// Adds a child whose name is not there.
    pub(crate) fn insert(&mut self, child: Child) {
        let (at, place) = self.find(child.name());
        let Err(mut place) = place else { return };
        self.len += 1;
        let Some(run) = self.runs.get_mut(at) else {
            self.runs.reserve_exact(1);
            return self.runs.push(vec![child]);
        };
        let mut at = at;
        if run.len() == RUN_MAX {
            // Behind the end a run of its own begins: names that come in order fill each.
            let split = if place == RUN_MAX { RUN_MAX } else { RUN_MAX / 2 };
            let behind = run.split_off(split);
            run.shrink_to_fit();
            self.runs.insert(at + 1, behind);
            if place >= split {
                (at, place) = (at + 1, place - split);
            }
        }
        let run = &mut self.runs[at];
        if run.len() == run.capacity() {
            run.reserve_exact(run.len() / 8 + 1);
        }
        run.insert(place, child);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        let (at, place) = self.find(name);
        let (Some(run), Ok(place)) = (self.runs.get_mut(at), place) else { return };
        run.remove(place);
        self.len -= 1;
        if run.is_empty() {
            self.runs.remove(at);
        }
    }

    /// All of them, or those behind a name.
    pub(crate) fn behind(&self, name: Option<&str>) -> InOrder<'_> {
        let Some(name) = name else {
            return InOrder { runs: self.runs.iter(), ..InOrder::default() };
        };
        let (at, place) = self.find(name);
        let place = place.map_or_else(|place| place, |place| place + 1);
        let run = self.runs.get(at).and_then(|run| run.get(place..)).unwrap_or_default();
        InOrder { run: run.iter(), runs: self.runs.get(at + 1..).unwrap_or_default().iter() }
    }

    /// The run a name is or would be in, and its place there.
    fn find(&self, name: &str) -> (usize, Result<usize, usize>) {
        let starts_before =
            |run: &Vec<Child>| run.first().is_some_and(|first| first.name() <= name);
        let at = self.runs.partition_point(starts_before).saturating_sub(1);
        let place = match self.runs.get(at) {
            Some(run) => run.binary_search_by(|child| child.name().cmp(name)),
            None => Err(0),
        };
        (at, place)
    }
}

impl<'t> Iterator for InOrder<'t> {
    type Item = &'t Child;

    fn next(&mut self) -> Option<&'t Child> {
        loop {
            if let Some(child) = self.run.next() {
                return Some(child);
            }
            self.run = self.runs.next()?.iter();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn child(number: u32) -> Child {
        let name = format!("{number:04}");
        Child { of: Node::named(number, &name), start: 0, end: 4, level: LevelNo::LEAF }
    }

    fn names(children: InOrder<'_>) -> Vec<String> {
        children.map(|child| child.name().to_owned()).collect()
    }

    #[test]
    fn names_in_order_fill_their_runs() {
        let mut children = Children::default();
        (0..1_000).for_each(|n| children.insert(child(n)));
        let lengths: Vec<_> = children.runs.iter().map(Vec::len).collect();
        assert_eq!(lengths, [128, 128, 128, 128, 128, 128, 128, 104]);
        assert!(children.runs.iter().all(|run| run.capacity() <= RUN_MAX + RUN_MAX / 8));
    }

    proptest! {
        #[test]
        fn it_is_a_sorted_set(
            steps in prop::collection::vec((prop::bool::weighted(0.8), 0..700_u32), 0..900),
            behind in prop::option::of(0..700_u32),
        ) {
            let mut children = Children::default();
            let mut known = BTreeSet::new();
            for (add, number) in steps {
                let name = format!("{number:04}");
                prop_assert_eq!(children.get(&name).is_some(), known.contains(&name));
                if add && known.insert(name.clone()) {
                    children.insert(child(number));
                } else if !add {
                    known.remove(&name);
                    children.remove(&name);
                }
                prop_assert!(children.runs.iter().all(|run| (1..=RUN_MAX).contains(&run.len())));
            }
            prop_assert_eq!((children.len(), children.is_empty()), (known.len(), known.is_empty()));
            let behind = behind.map(|number| format!("{number:04}"));
            let expected = known.iter().filter(|name| behind.as_ref().is_none_or(|b| *name > b));
            prop_assert_eq!(names(children.behind(behind.as_deref())), expected.cloned().collect::<Vec<_>>());
        }
    }
}
