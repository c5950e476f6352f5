//! Files of history: what the catalog lists is there, and stays as it was until it is purged.

use std::collections::{BTreeMap, BTreeSet};

/// The files that were listed, and their bytes.
#[derive(Debug, Default)]
pub(crate) struct Files {
    known: BTreeMap<String, Vec<u8>>,
    /// What files that were damaged are called but for a number behind it: the ones that are made in their
    /// place take their names in turn.
    damaged: BTreeSet<String>,
}

/// The name without what tells files of the same samples apart.
fn stem(name: &str) -> &str {
    let name = name.trim_end_matches(".parquet");
    let suffix = name.rsplit_once('.').and_then(|(_, behind)| behind.split_once('-'));
    let plain = suffix.and_then(|(_, nth)| name.strip_suffix(nth)?.strip_suffix('-'));
    plain.unwrap_or(name)
}

impl Files {
    /// Notes what is there after something was written; `listed` files are in the catalog, and no purge
    /// is under way.
    ///
    /// # Errors
    /// Not all of them are there, or one has changed.
    pub(crate) fn written(
        &mut self,
        found: Vec<(String, Vec<u8>)>,
        listed: usize,
    ) -> Result<(), String> {
        if found.len() < listed {
            return Err(format!("{listed} files are listed, and {} are there", found.len()));
        }
        self.compare(&found)?;
        let is_sound = |(name, _): &(String, Vec<u8>)| !self.damaged.contains(stem(name));
        self.known = found.into_iter().filter(is_sound).collect();
        Ok(())
    }

    /// After a restart each is there.
    ///
    /// # Errors
    /// One is not, or has changed.
    pub(crate) fn restarted(&self, found: &[(String, Vec<u8>)]) -> Result<(), String> {
        let is_there = |name: &String| found.iter().any(|(known, _)| known == name);
        match self.known.keys().find(|name| !is_there(name)) {
            Some(lost) => Err(format!("{lost} was listed and is gone")),
            None => self.compare(found),
        }
    }

    /// This one was damaged, and others are purged.
    pub(crate) fn forget(&mut self, name: &str) {
        self.damaged.insert(stem(name).to_owned());
        self.known.retain(|known, _| stem(known) != stem(name));
    }

    /// Nothing is known any more.
    pub(crate) fn forget_all(&mut self) {
        self.known.clear();
    }

    fn compare(&self, found: &[(String, Vec<u8>)]) -> Result<(), String> {
        let differs = |(name, bytes): &&(String, Vec<u8>)| {
            self.known.get(name).is_some_and(|known| known != bytes)
        };
        match found.iter().find(differs) {
            Some((name, _)) => Err(format!("{name} has changed")),
            None => Ok(()),
        }
    }
}
