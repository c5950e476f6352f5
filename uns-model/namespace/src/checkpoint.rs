//! Checkpoints: the view and what the gates must know, as of one sequence, in one file.
//!
//! Two generations are kept, and the log holds what follows the older one, so that a damaged newest
//! file costs a longer replay and nothing else. The format belongs to this module alone: magic,
//! format version (u32), body, CRC-32 of everything before; integers little-endian.

mod bytes;
mod format;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use fabric::Disk;
use uns_model::Sequence;
use uns_model::grammar::Names;

use crate::Error;
use crate::registry::Registry;
use crate::view::View;
use format::{FORMAT_VERSION, Unusable};

const PREFIX: &str = "checkpoint-";
const SUFFIX: &str = ".bin";
/// How many files are kept.
const KEPT: usize = 2;

/// The checkpoints of one namespace.
pub(crate) struct Checkpoints {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    /// The usable ones, oldest first.
    kept: Vec<Kept>,
    next_generation: u64,
    /// Files found damaged.
    pub(crate) damaged: u64,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    generation: u64,
    applied: Sequence,
}

/// What a checkpoint brings back.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) registry: Registry,
    pub(crate) view: View,
    pub(crate) next_publisher: u32,
}

impl fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoints").field("kept", &self.kept).finish_non_exhaustive()
    }
}

impl Checkpoints {
    pub(crate) fn open(disk: Arc<dyn Disk>, dir: PathBuf) -> Result<Self, Error> {
        let failed = |source| Error::Directory { path: dir.clone(), source };
        disk.create_dir_all(&dir).map_err(failed)?;
        Ok(Self { disk, dir, kept: Vec::new(), next_generation: 1, damaged: 0 })
    }

    /// Loads the newest usable checkpoint; an empty namespace if there is none.
    pub(crate) fn load(&mut self, names: Names) -> Result<Loaded, Error> {
        let failed = |source| Error::Directory { path: self.dir.clone(), source };
        let files = self.disk.list(&self.dir).map_err(failed)?;
        let mut generations: Vec<u64> = files.iter().filter_map(|file| generation(file)).collect();
        generations.sort_unstable();
        self.next_generation = generations.last().map_or(1, |newest| newest + 1);
        let mut loaded = None;
        for generation in generations.into_iter().rev() {
            let path = self.path(generation);
            let read = self.disk.read(&path).map_err(|error| Unusable::Damaged(error.to_string()));
            // Behind the first good one, only soundness matters: it is the one to fall back to.
            let result = match loaded {
                None => read.and_then(|bytes| format::decode(&bytes, names)).map(|fresh| {
                    let applied = fresh.view.applied;
                    loaded = Some(fresh);
                    applied
                }),
                Some(_) => read.and_then(|bytes| format::applied(&bytes)),
            };
            match result {
                Ok(applied) => self.kept.insert(0, Kept { generation, applied }),
                Err(Unusable::Newer(found)) => {
                    return Err(Error::NewerCheckpoint { path, found, known: FORMAT_VERSION });
                }
                Err(Unusable::Damaged(what)) => {
                    self.damaged += 1;
                    tracing::warn!(
                        path = %path.display(),
                        what,
                        "a namespace checkpoint is damaged; an older one or the whole log takes \
                         its place"
                    );
                }
            }
        }
        if loaded.is_none() && self.damaged > 0 {
            tracing::warn!("no usable checkpoint is left: the namespace is built from the log");
        }
        let empty =
            || Loaded { registry: Registry::new(names), view: View::default(), next_publisher: 0 };
        Ok(loaded.unwrap_or_else(empty))
    }

    /// The bytes of a checkpoint; `None` if the newest one says the same.
    pub(crate) fn encode(&self, view: &View, next_publisher: u32) -> Option<Vec<u8>> {
        let newest = self.kept.last().map(|kept| kept.applied);
        (newest != Some(view.applied)).then(|| format::encode(view, next_publisher))
    }

    /// Writes a checkpoint and removes those nobody needs.
    pub(crate) fn write(&mut self, applied: Sequence, bytes: &[u8]) -> Result<(), Error> {
        let generation = self.next_generation;
        let path = self.path(generation);
        self.disk
            .write_atomic(&path, bytes)
            .map_err(|source| Error::WriteCheckpoint { path, source })?;
        self.next_generation += 1;
        self.kept.push(Kept { generation, applied });
        self.kept.drain(..self.kept.len().saturating_sub(KEPT));
        self.remove_others();
        Ok(())
    }

    /// Up to where the log may forget: the older checkpoint must still be able to catch up.
    pub(crate) fn floor(&self) -> Sequence {
        match &self.kept[..] {
            [older, .., newest] => older.applied.min(newest.applied),
            _ => Sequence::ZERO,
        }
    }

    /// Removes every file but the kept ones; what fails now is tried again the next time.
    fn remove_others(&self) {
        let Ok(files) = self.disk.list(&self.dir) else { return };
        for file in files {
            let kept = generation(&file).is_none_or(|generation| {
                self.kept.iter().any(|kept| kept.generation == generation)
            });
            if kept && !file.ends_with(".tmp") {
                continue;
            }
            if let Err(error) = self.disk.remove(&self.dir.join(&file)) {
                tracing::warn!(file, %error, "cannot remove an old checkpoint");
            }
        }
    }

    fn path(&self, generation: u64) -> PathBuf {
        self.dir.join(format!("{PREFIX}{generation:010}{SUFFIX}"))
    }
}

fn generation(file: &str) -> Option<u64> {
    file.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok()
}
