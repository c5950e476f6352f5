//! Start-up: what a crash or a person left behind, whether the newest files are whole, and what a
//! lost catalog knew. No file is removed but temporaries, and those a purge took the samples from.

mod adopt;
mod directory;
mod repair;

use std::sync::Arc;

use uns_model::Sequence;

use crate::catalog::{Loaded, Publication};
use crate::covered::{Covered, parse_name};
use crate::error::{Error, chain};
use crate::file::Entry;
use crate::flush::{self, TEMPORARY};
use crate::health::Aside;
use adopt::{Adopted, Adoption};
pub(crate) use directory::Recovery;
use directory::{CATALOG_ASIDE, DAMAGED, UNLISTED};
pub(crate) use repair::{Known, repair};

impl Recovery<'_> {
    /// Makes directory, catalog and what is loaded of it agree; gives what lies set aside.
    pub(crate) fn run(&self, loaded: &mut Loaded) -> Result<Vec<Aside>, Error> {
        let mut aside = self.lying_aside()?;
        let names = self.list()?;
        for name in names.iter().filter(|name| is_temporary(name)) {
            tracing::info!(name, "removing a history file that was never finished");
            self.remove(name)?;
        }
        self.remove_doomed(loaded, &names)?;
        let names = self.list()?;
        let adopted = Adoption { recovery: self, names: &names }.run(loaded, &mut aside)?;
        let count = adopted.files.len();
        if loaded.is_new {
            self.position(loaded);
        }
        // Before the catalog has it: a start that fails here finds the same again.
        loaded.series_map_is_old = count > 0;
        self.right_series_map(loaded)?;
        if count > 0 || loaded.is_new {
            self.publish_adopted(loaded, adopted)?;
        }
        if loaded.is_new && (count > 0 || loaded.lost.is_some()) {
            aside.push(told(loaded, count));
        }
        self.check(loaded, &mut aside)?;
        Ok(aside)
    }

    /// What earlier starts set aside and nobody took away yet.
    fn lying_aside(&self) -> Result<Vec<Aside>, Error> {
        let is_aside = |name: &String| name.ends_with(DAMAGED) || name.ends_with(UNLISTED);
        let files = self.list()?.into_iter().filter(is_aside).map(|name| format!("files/{name}"));
        let catalogs = std::fs::read_dir(self.files.root()).into_iter().flatten().flatten();
        let catalogs = catalogs.filter_map(|entry| entry.file_name().into_string().ok());
        let catalogs =
            catalogs.filter(|name| name.starts_with(CATALOG_ASIDE) && !name.ends_with("-wal"));
        let why: Arc<str> = "it was set aside; look at it and take it away".into();
        let aside = |name: String| Aside { name: name.into(), why: Arc::clone(&why) };
        Ok(files.chain(catalogs).map(aside).collect())
    }

    /// Removes files a purge took samples from: others stand for them, and the catalog says so.
    fn remove_doomed(&self, loaded: &mut Loaded, names: &[String]) -> Result<(), Error> {
        let gone = std::mem::take(&mut loaded.doomed);
        for name in gone.iter().filter(|name| names.contains(name)) {
            self.remove(name)?;
        }
        if gone.is_empty() {
            return Ok(());
        }
        self.catalog.publish_or_wait(Publication { gone, ..Publication::default() })
    }

    /// Where the log is to be read from under a new catalog: at its oldest record, so that what no
    /// file holds comes back; or behind the files, if it no longer reaches back to their end, or
    /// ends before it.
    fn position(&self, loaded: &mut Loaded) {
        let newest = loaded.files.iter().map(|entry| entry.until).max().unwrap_or_default();
        let before_log = Sequence(self.log.oldest().0.saturating_sub(1));
        loaded.cursor = if self.log.committed() < newest { newest } else { newest.min(before_log) };
    }

    fn publish_adopted(&self, loaded: &mut Loaded, adopted: Adopted) -> Result<(), Error> {
        let changes = Arc::new(loaded.registry.take_changes());
        self.catalog.publish_or_wait(Publication {
            position: Some((loaded.cursor, loaded.ingest)),
            changes,
            files: adopted.files,
            unlisted: adopted.unlisted,
            rebuilding: loaded.is_new.then_some(false),
            ..Publication::default()
        })
    }

    /// Writes the table that names series for other tools where it lacks some: what adoption found
    /// comes into it here, as does what an earlier start had no room for.
    fn right_series_map(&self, loaded: &mut Loaded) -> Result<(), Error> {
        let count = loaded.registry.entries_count();
        loaded.series_map_is_old |= flush::series_written(self.files).unwrap_or(0) != count;
        if !loaded.series_map_is_old {
            return Ok(());
        }
        match flush::write_series(self.files, &flush::series_entries(&loaded.registry)) {
            Err(error) if error.is_no_room() => {
                let error = chain(&error);
                tracing::warn!(error, "no room for the table that names series, it waits");
                Ok(())
            }
            Err(error) => Err(error),
            Ok(()) => {
                loaded.series_map_is_old = false;
                Ok(())
            }
        }
    }

    /// Looks for listed files that are missing, and at the bytes of the newest ones, which a crash
    /// may have caught.
    fn check(&self, loaded: &mut Loaded, aside: &mut Vec<Aside>) -> Result<(), Error> {
        let names = self.list()?;
        let newest = loaded.files.iter().map(|entry| entry.until).max();
        let mut damaged = Vec::new();
        for entry in &loaded.files {
            if Some(entry.until) != newest && names.contains(&entry.name) {
                continue;
            }
            match self.files.verify(entry) {
                Ok(()) => {}
                Err(Error::Damaged { what, .. }) => damaged.push((entry.clone(), what)),
                Err(other) => return Err(other),
            }
        }
        for (entry, what) in damaged {
            let names = loaded.files.iter().map(|file| file.name.clone()).collect();
            loaded.files.retain(|kept| kept.name != entry.name);
            let others = Covered::beside(&entry, &loaded.files);
            let registry = &loaded.registry;
            let repaired = match repair(
                self,
                (&entry, &what),
                &Known {
                    others: &others,
                    taken: &names,
                    ingest: loaded.ingest,
                    series: &|of| registry.series_had(of),
                    origins: &|sids| {
                        sids.iter().filter_map(|sid| registry.origin_of(*sid)).collect()
                    },
                },
                aside,
            ) {
                // Whoever reads it asks for the same, and so does who writes files: the disk may have
                // room by then.
                Err(error) if error.is_no_room() => {
                    let error = chain(&error);
                    tracing::warn!(name = entry.name, error, "a damaged history file stays so");
                    loaded.unrepaired.push((entry.name.clone(), what));
                    loaded.files.push(entry);
                    continue;
                }
                repaired => repaired?,
            };
            loaded.files.extend(repaired.entries);
            loaded.gaps.extend(repaired.gaps);
        }
        Ok(())
    }
}

/// Whether a file is one that was being written when the hub ended.
fn is_temporary(name: &str) -> bool {
    name.strip_suffix(TEMPORARY).is_some_and(|name| parse_name(name).is_some())
}

/// What is said of a catalog that was made again.
fn told(loaded: &Loaded, adopted: usize) -> Aside {
    let why = loaded.lost.as_deref().unwrap_or("the history catalog was gone");
    let rows: u64 = loaded.files.iter().map(|entry: &Entry| entry.rows).sum();
    let unnumbered = loaded.registry.unnumbered_count();
    let mut text = format!("{why}; it was made again from {adopted} files with {rows} samples");
    if unnumbered > 0 {
        text.push_str(&format!(
            ", {unnumbered} topics among them by name only: their files are of a release that kept \
             nothing else"
        ));
    }
    tracing::error!(text, "the history catalog was made again");
    Aside { name: "".into(), why: text.into() }
}
