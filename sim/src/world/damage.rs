//! Somebody damages what is on the disk while the hub is down: only what it can make again, and what
//! it can do without and has to name.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use fabric::Disk;
use fabric::sim::SimDisk;
use uns_model::Sequence;

use crate::Fault;
use crate::audit::FrameAt;
use crate::choices::Choices;
use crate::machine::history::{CATALOG_FILES, DIR, FILES, history_files};
use crate::machine::{CHECKPOINT_DIRS, LOG_DIR};

/// What was damaged so far.
#[derive(Debug, Default)]
pub(super) struct Damages {
    /// Whether files of history were: the log may not have all of them any more.
    pub(super) files: bool,
    /// Whether the catalog of history was.
    pub(super) catalog: bool,
    /// Checkpoints that were.
    pub(super) checkpoints: BTreeSet<PathBuf>,
}

/// What may be damaged without a loss, as of when the hub went down.
pub(super) struct Spared {
    /// Whether the log can give everything again: nothing of it was dropped, or damaged.
    pub(super) log_is_whole: bool,
    /// A frame that nobody needs any more.
    pub(super) frame: Option<FrameAt>,
    pub(super) fault: Option<Fault>,
}

/// What happens.
pub(super) enum Damage {
    /// A file of history loses a bit, or is removed.
    File { name: String, bit: Option<u64> },
    /// Checkpoints are removed, or one loses a bit.
    Checkpoints { paths: Vec<PathBuf>, bit: Option<u64> },
    /// The catalog of history is removed.
    Catalog,
    /// A frame of the log loses a bit.
    Frame { after: Sequence, until: Sequence, bit: u64 },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, bit: Some(bit) } => write!(f, "flips bit {bit} of {name}"),
            Self::File { name, bit: None } => write!(f, "removes {name}"),
            Self::Checkpoints { paths, bit: Some(bit) } => {
                write!(f, "flips bit {bit} of {paths:?}")
            }
            Self::Checkpoints { paths, bit: None } => write!(f, "removes {paths:?}"),
            Self::Catalog => write!(f, "removes the catalog of history"),
            Self::Frame { after, until, bit } => {
                write!(f, "flips bit {bit} of the records after {after} up to {until}")
            }
        }
    }
}

impl Damages {
    /// What happens while the hub is down, if anything.
    pub(super) fn happen(
        &self,
        choices: &Choices,
        disk: &SimDisk,
        spared: &Spared,
    ) -> Option<Damage> {
        match choices.below(40) {
            0..=4 => damage_a_file(choices, disk),
            5..=9 => self.damage_checkpoints(choices, disk, spared),
            10 | 11 if spared.log_is_whole => remove_the_catalog(disk, spared.fault),
            12..=15 => damage_a_frame(choices, disk, spared.frame.as_ref()?),
            _ => None,
        }
    }

    /// The newest checkpoint of a fold, or all of them: the one before it takes its place, or the log does.
    fn damage_checkpoints(
        &self,
        choices: &Choices,
        disk: &SimDisk,
        spared: &Spared,
    ) -> Option<Damage> {
        let dir = Path::new(choices.pick(&CHECKPOINT_DIRS));
        let mut paths: Vec<_> = disk.list(dir).unwrap_or_default().into_iter().collect();
        paths.retain(|name| name.ends_with(".bin"));
        paths.sort_unstable();
        let mut paths: Vec<_> = paths.into_iter().map(|name| dir.join(name)).collect();
        let all = spared.log_is_whole && choices.one_in(3);
        // Until there is another one, the older is all there is.
        if !all && (paths.len() < 2 || paths.iter().any(|path| self.checkpoints.contains(path))) {
            return None;
        }
        let is_mistaken = spared.fault == Some(Fault::OlderCheckpointsGoToo);
        if !all && !is_mistaken {
            paths = paths.split_off(paths.len() - 1);
        }
        let bytes = paths.last().and_then(|path| disk.read(path).ok())?.len();
        let flips = !all && !is_mistaken && choices.one_in(2);
        let bit = flips.then(|| choices.below(bytes * 8) as u64);
        for path in &paths {
            match bit {
                Some(bit) => drop(disk.flip_bit(path, bit)),
                None => drop(disk.remove(path)),
            }
        }
        drop(disk.sync_dir(dir));
        Some(Damage::Checkpoints { paths, bit })
    }
}

/// A file of history may lose a bit, or be removed.
fn damage_a_file(choices: &Choices, disk: &SimDisk) -> Option<Damage> {
    let files = history_files(disk);
    if files.is_empty() {
        return None;
    }
    let (name, bytes) = &files[choices.below(files.len())];
    let path = Path::new(FILES).join(name);
    let bit = (!choices.one_in(3)).then(|| choices.below(bytes.len() * 8) as u64);
    match bit {
        Some(bit) => drop(disk.flip_bit(&path, bit)),
        None => drop(disk.remove(&path)),
    }
    Some(Damage::File { name: name.clone(), bit })
}

fn remove_the_catalog(disk: &SimDisk, fault: Option<Fault>) -> Option<Damage> {
    let dir = Path::new(DIR);
    for name in CATALOG_FILES {
        drop(disk.remove(&dir.join(name)));
    }
    drop(disk.sync_dir(dir));
    if fault == Some(Fault::FilesGoWithTheCatalog) {
        let files = history_files(disk);
        files.iter().for_each(|(name, _)| drop(disk.remove(&Path::new(FILES).join(name))));
        drop(disk.sync_dir(Path::new(FILES)));
    }
    Some(Damage::Catalog)
}

fn damage_a_frame(choices: &Choices, disk: &SimDisk, frame: &FrameAt) -> Option<Damage> {
    let dir = Path::new(LOG_DIR);
    for name in disk.list(dir).unwrap_or_default() {
        let path = dir.join(name);
        let bytes = disk.read(&path).unwrap_or_default();
        let header = &frame.header[..];
        let Some(at) = bytes.windows(header.len()).position(|bytes| bytes == header) else {
            continue;
        };
        let bit = choices.below(frame.bytes * 8) as u64;
        disk.flip_bit(&path, at as u64 * 8 + bit);
        let FrameAt { after, until, .. } = *frame;
        return Some(Damage::Frame { after, until, bit });
    }
    None
}
