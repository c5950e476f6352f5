//! Checkpoints: a fold over the log as of one sequence, in one file.
//!
//! Two generations are kept, and the log holds what follows the older one, so that a damaged newest
//! file costs a longer replay and nothing else. What surrounds a body is [`Format`]'s, what is in
//! it belongs to the crate that folds: it writes and reads it with [`Writer`] and [`Reader`].

mod bytes;
mod format;

use std::path::PathBuf;
use std::sync::Arc;

use uns_model::Sequence;

use crate::{CheckpointError, Disk};
pub use bytes::{Reader, Writer};
pub use format::{Format, Unusable};

const SUFFIX: &str = ".bin";
/// How many files are kept.
const KEPT: usize = 2;

/// The checkpoints of one fold, in a directory of their own.
#[derive(Debug)]
pub struct Checkpoints {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    format: Format,
    /// The usable ones, oldest first.
    kept: Vec<Kept>,
    next_generation: u64,
    damaged: u64,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    generation: u64,
    applied: Sequence,
}

impl Checkpoints {
    /// The checkpoints in `dir`, which is created if need be. None is known before
    /// [`Checkpoints::load`].
    ///
    /// # Errors
    /// When the directory cannot be created.
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        format: Format,
    ) -> Result<Self, CheckpointError> {
        let failed = |source| CheckpointError::Directory { path: dir.clone(), source };
        disk.create_dir_all(&dir).map_err(failed)?;
        Ok(Self { disk, dir, format, kept: Vec::new(), next_generation: 1, damaged: 0 })
    }

    /// What the newest usable checkpoint holds; `None` if there is none. `body` is asked about one
    /// file after the other, newest first, until it understands one.
    ///
    /// # Errors
    /// When the directory cannot be read, or a file is of a newer release: going on would lose what
    /// it knows. Damage is no error: it is warned about and counted.
    pub fn load<T>(
        &mut self,
        body: impl Fn(Sequence, &mut Reader<'_>) -> Option<T>,
    ) -> Result<Option<T>, CheckpointError> {
        let failed = |source| CheckpointError::Directory { path: self.dir.clone(), source };
        let files = self.disk.list(&self.dir).map_err(failed)?;
        let mut generations: Vec<u64> =
            files.iter().filter_map(|file| self.generation(file)).collect();
        generations.sort_unstable();
        self.next_generation = generations.last().map_or(1, |newest| newest + 1);
        let mut loaded = None;
        for generation in generations.into_iter().rev() {
            let path = self.path(generation);
            let read = self.disk.read(&path).map_err(|error| Unusable::Damaged(error.to_string()));
            // Behind the first good one, only soundness matters: it is the one to fall back to.
            let result = match loaded {
                None => read.and_then(|bytes| self.format.decode(&bytes, &body)).map(
                    |(applied, fold)| {
                        loaded = Some(fold);
                        applied
                    },
                ),
                Some(_) => read.and_then(|bytes| self.format.applied(&bytes)),
            };
            match result {
                Ok(applied) => self.kept.insert(0, Kept { generation, applied }),
                Err(Unusable::Newer(found)) => {
                    let known = self.format.version;
                    return Err(CheckpointError::Newer { path, found, known });
                }
                Err(Unusable::Damaged(what)) => {
                    self.damaged += 1;
                    tracing::warn!(
                        path = %path.display(),
                        what,
                        "a checkpoint of the {} is damaged; an older one or the whole log takes \
                         its place",
                        self.format.what
                    );
                }
            }
        }
        if loaded.is_none() && self.damaged > 0 {
            let what = self.format.what;
            tracing::warn!(
                "no usable checkpoint of the {what} is left: the log is read from start"
            );
        }
        Ok(loaded)
    }

    /// How many files were found damaged.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// The newest one is as of the same sequence, so another one would say the same.
    pub fn is_current(&self, applied: Sequence) -> bool {
        self.kept.last().is_some_and(|kept| kept.applied == applied)
    }

    /// Writes what [`Format::encode`] gave as of `applied`, and removes what nobody needs any more.
    ///
    /// # Errors
    /// When the file cannot be written; those before stay usable.
    pub fn write(&mut self, applied: Sequence, bytes: &[u8]) -> Result<(), CheckpointError> {
        let generation = self.next_generation;
        let path = self.path(generation);
        self.disk
            .write_atomic(&path, bytes)
            .map_err(|source| CheckpointError::Write { path, source })?;
        self.next_generation += 1;
        self.kept.push(Kept { generation, applied });
        self.kept.drain(..self.kept.len().saturating_sub(KEPT));
        self.remove_others();
        Ok(())
    }

    /// Up to where the log may forget: the older checkpoint must still be able to catch up.
    pub fn floor(&self) -> Sequence {
        match &self.kept[..] {
            [older, .., newest] => older.applied.min(newest.applied),
            _ => Sequence::ZERO,
        }
    }

    /// Removes every file but the kept ones; what fails now is tried again the next time.
    fn remove_others(&self) {
        let Ok(files) = self.disk.list(&self.dir) else { return };
        for file in files {
            let kept = self.generation(&file).is_none_or(|generation| {
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
        self.dir.join(format!("{}{generation:010}{SUFFIX}", self.format.prefix))
    }

    fn generation(&self, file: &str) -> Option<u64> {
        file.strip_prefix(self.format.prefix)?.strip_suffix(SUFFIX)?.parse().ok()
    }
}

#[cfg(test)]
mod tests;
