//! What MQTT promises of wills: none comes twice, none comes whose client was back within its delay, and
//! one without delay is not lost; and what the hub promises: none comes whose account has lost the right to it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::client::Got;

/// The will of one connection.
#[derive(Debug)]
struct Will {
    who: usize,
    delay: u32,
    welcome: bool,
    /// Something said after it was acknowledged, so that the log has it too; and somebody watches.
    stored: bool,
    gone: Option<Duration>,
    /// Its client was back in time.
    withdrawn: bool,
    /// The disk was full before it came, so that it may be refused like other publishes.
    met_full_disk: bool,
    /// Its client is lost for good, and the log has had time to know all about it.
    left: bool,
}

/// All wills, by number.
#[derive(Debug, Default)]
pub(crate) struct Wills {
    all: Vec<Will>,
    /// Whose wills are refused from some moment on, and which of them came before.
    forbidden: HashMap<usize, HashSet<u32>>,
}

impl Wills {
    /// The disk is full: no will has to arrive that has not by now; `logged` is what is in the log.
    pub(crate) fn may_be_refused(&mut self, logged: &[(Got, bool)]) {
        let came: HashSet<u32> = numbers(logged).collect();
        for (number, will) in (0..).zip(&mut self.all) {
            will.met_full_disk |= !came.contains(&number);
        }
    }

    /// A client is lost and stays so, and all it did is in the log.
    pub(crate) fn left(&mut self, who: usize) {
        if let Some(this) = self.of(who).next() {
            this.left = this.welcome;
        }
    }

    /// A client says CONNECT; the number of its will.
    pub(crate) fn connects(&mut self, who: usize, delay: u32, met_full_disk: bool) -> u32 {
        let number = u32::try_from(self.all.len()).expect("a short history");
        let (welcome, stored, withdrawn, left) = Default::default();
        let gone = None;
        self.all.push(Will { who, delay, welcome, stored, gone, withdrawn, met_full_disk, left });
        number
    }

    /// Those of its connections, the newest first.
    fn of(&mut self, who: usize) -> impl Iterator<Item = &mut Will> {
        self.all.iter_mut().rev().filter(move |will| will.who == who)
    }

    pub(crate) fn welcome(&mut self, who: usize) {
        if let Some(this) = self.of(who).next() {
            this.welcome = true;
        }
    }

    pub(crate) fn is_stored(&mut self, who: usize, watched: bool, now: Duration) {
        let mut all = self.of(who);
        let Some(this) = all.next() else { return };
        this.stored |= watched;
        for before in all {
            // The log knew neither sooner that it was gone nor later that it was back.
            let delay = Duration::from_secs(before.delay.into());
            before.withdrawn |=
                before.welcome && before.gone.is_some_and(|gone| now.saturating_sub(gone) < delay);
        }
    }

    pub(crate) fn gone(&mut self, who: usize, now: Duration) {
        if let Some(this) = self.of(who).next() {
            this.gone.get_or_insert(now);
        }
    }

    /// The wills of a client are refused from here on; `logged` is what is in the log by then.
    pub(crate) fn forbid(&mut self, who: usize, logged: &[(Got, bool)]) {
        let before = numbers(logged).collect();
        self.forbidden.entry(who).or_insert(before);
    }

    /// A will that is refused is not delivered, and not in the log.
    pub(crate) fn judge_log(&self, logged: &[(Got, bool)]) -> Result<(), String> {
        let refused = |number: &u32| {
            let before = self.forbidden.get(&self.all[*number as usize].who);
            before.is_some_and(|before| !before.contains(number))
        };
        match numbers(logged).find(refused) {
            Some(number) => Err(format!("will {number} was to be refused, and is in the log")),
            None => Ok(()),
        }
    }

    /// By what the watcher got.
    pub(crate) fn judge(&self, counts: &HashMap<Got, usize>) -> Result<(), String> {
        let mut found = vec![0; self.all.len()];
        for (got, count) in counts.iter().filter(|(got, _)| got.topic.starts_with("w/")) {
            found[got.number as usize] += count;
        }
        for (number, (will, count)) in self.all.iter().zip(found).enumerate() {
            let due = will.delay == 0 && will.stored && will.gone.is_some();
            // Those that are lost in the end are in the log by then, however full the disk was before.
            let due = (due && !will.met_full_disk) || will.left;
            let refused = self.forbidden.get(&will.who).is_some_and(|before| {
                !before.contains(&u32::try_from(number).expect("a short history"))
            });
            let (due, none) = (due && !refused, will.withdrawn || refused);
            if count > 1 || (none && count > 0) || (due && count == 0) {
                return Err(format!("{count} times will {number}: {will:?}"));
            }
        }
        Ok(())
    }
}

/// Of the wills in the log.
fn numbers(logged: &[(Got, bool)]) -> impl Iterator<Item = u32> {
    logged.iter().filter(|(got, _)| got.topic.starts_with("w/")).map(|(got, _)| got.number)
}
