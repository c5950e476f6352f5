//! Checkpoints: a fold over the log as of one sequence, in one file.
//!
//! Two generations are kept, and the log holds what follows the older one, so that a damaged newest
//! file costs a longer replay and nothing else. What surrounds a body is [`Format`]'s, what is in
//! it belongs to the crate that folds: it writes and reads it with [`Writer`] and [`Reader`].

mod bytes;
mod draft;
mod format;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uns_model::Sequence;

use crate::{CheckpointError, Disk};
pub use bytes::{Reader, Writer};
pub use draft::Draft;
pub use format::{Format, Unusable};

const SUFFIX: &str = ".bin";
/// How many files are kept.
const KEPT: usize = 2;
/// What a damaged file is called behind its name.
const DAMAGED: &str = ".damaged";
/// How many of those are kept.
const DAMAGED_MAX: usize = 4;

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
    /// Those that were found damaged: they are set aside once another one is there.
    unsound: Vec<u64>,
    /// Those that were usable and are no longer needed: nothing else is ever removed.
    retired: Vec<u64>,
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
        Ok(Self {
            disk,
            dir,
            format,
            kept: Vec::new(),
            next_generation: 1,
            damaged: 0,
            unsound: Vec::new(),
            retired: Vec::new(),
        })
    }

    /// What the newest usable checkpoint holds; `None` if there is none. `body` is asked about one
    /// file after the other, newest first, until it understands one.
    ///
    /// # Errors
    /// When the directory or a file cannot be read, or a file is of a newer release: going on would
    /// lose what it knows. Damage is no error: it is warned about and counted.
    pub fn load<T>(
        &mut self,
        body: impl Fn(Sequence, &mut Reader<'_>) -> Option<T>,
    ) -> Result<Option<T>, CheckpointError> {
        let failed = |source| CheckpointError::Directory { path: self.dir.clone(), source };
        let files = self.disk.list(&self.dir).map_err(failed)?;
        let mut generations: Vec<u64> =
            files.iter().filter_map(|file| self.generation(file)).collect();
        generations.sort_unstable();
        let damaged = files.iter().filter_map(|file| self.generation(file.strip_suffix(DAMAGED)?));
        let newest = damaged.chain(generations.last().copied()).max();
        self.next_generation = newest.map_or(1, |newest| newest + 1);
        let mut loaded = None;
        for generation in generations.into_iter().rev() {
            let path = self.path(generation);
            // What cannot be read now may be sound: it is neither damaged nor done without.
            let bytes = match self.disk.read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(source) => return Err(CheckpointError::Read { path, source }),
            };
            // Behind the first good one, only soundness matters: it is the one to fall back to.
            let result = match loaded {
                None => self.format.decode(&bytes, &body).map(|(applied, fold)| {
                    loaded = Some(fold);
                    applied
                }),
                Some(_) => self.format.applied(&bytes),
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
                    self.unsound.push(generation);
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
        self.keep(Kept { generation, applied });
        Ok(())
    }

    /// Begins a checkpoint that is written piece by piece, as of `applied`: whoever loads it goes on
    /// there, whatever its pieces know of what came later.
    ///
    /// # Errors
    /// When the file cannot be made; those before stay usable.
    pub fn begin(&mut self, applied: Sequence) -> Result<Draft, CheckpointError> {
        let place = (self.path(self.next_generation), self.next_generation);
        Draft::begin(&*self.disk, self.format, place, applied)
    }

    /// Completes it, and removes what nobody needs any more; the bytes of the file.
    ///
    /// # Errors
    /// When it cannot be written to its end; those before stay usable.
    pub fn finish(&mut self, draft: Draft) -> Result<u64, CheckpointError> {
        let kept = Kept { generation: draft.generation, applied: draft.applied };
        let bytes = draft.finish(&*self.disk)?;
        self.keep(kept);
        Ok(bytes)
    }

    fn keep(&mut self, kept: Kept) {
        self.next_generation = kept.generation + 1;
        self.kept.push(kept);
        let retired = self.kept.drain(..self.kept.len().saturating_sub(KEPT));
        self.retired.extend(retired.map(|kept| kept.generation));
        // One that stays for now is tried again the next time.
        let mut unsound = std::mem::take(&mut self.unsound);
        unsound.retain(|generation| !self.set_aside(&self.path(*generation)));
        self.unsound = unsound;
        self.remove_others();
    }

    /// Up to where the log may forget: the older checkpoint must still be able to catch up.
    pub fn floor(&self) -> Sequence {
        match &self.kept[..] {
            [older, .., newest] => older.applied.min(newest.applied),
            _ => Sequence::ZERO,
        }
    }

    /// Keeps a damaged file under another name, for people; whether that worked.
    fn set_aside(&self, path: &Path) -> bool {
        let mut aside = path.as_os_str().to_owned();
        aside.push(DAMAGED);
        let renamed = self.disk.rename(path, Path::new(&aside));
        if let Err(error) = renamed.and_then(|()| self.disk.sync_dir(&self.dir))
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "cannot set a damaged checkpoint aside");
            return false;
        }
        true
    }

    /// Removes the files of this fold that were read or written here and are no longer needed,
    /// drafts, and the oldest of those that were set aside; what fails now is tried again the next
    /// time. Other files are left alone, since nobody knows what is in them.
    fn remove_others(&mut self) {
        let Ok(files) = self.disk.list(&self.dir) else { return };
        let retired = std::mem::take(&mut self.retired);
        let mut left = Vec::new();
        let damaged = |file: &str| self.generation(file.strip_suffix(DAMAGED)?);
        let set_aside = files.iter().filter(|file| damaged(file).is_some()).count();
        let mut too_many = set_aside.saturating_sub(DAMAGED_MAX);
        for file in files {
            let temporary = file.strip_suffix(".tmp").and_then(|name| self.generation(name));
            let old = self.generation(&file).filter(|generation| retired.contains(generation));
            let mut goes = temporary.is_some() || old.is_some();
            if damaged(&file).is_some() && too_many > 0 {
                too_many -= 1;
                goes = true;
            }
            if !goes {
                continue;
            }
            if let Err(error) = self.disk.remove(&self.dir.join(&file)) {
                tracing::warn!(file, %error, "cannot remove an old checkpoint");
                left.extend(old);
            }
        }
        self.retired = left;
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
