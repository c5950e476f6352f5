//! What the simulated disk holds: what programs see, what is durable, and the difference.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use super::step::{Cut, Step};

/// The unit a disk writes or does not write.
pub(super) const SECTOR: usize = 512;

/// One file: the bytes programs see, the bytes on the platter, and which sectors differ.
#[derive(Debug, Default)]
pub(super) struct Inode {
    pub(super) cached: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
}

/// A change of a directory that was not synced yet.
#[derive(Debug)]
enum NameChange {
    Link(PathBuf, u64),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf, u64),
}

impl NameChange {
    fn is_in(&self, dir: &Path) -> bool {
        let (Self::Link(path, _) | Self::Unlink(path) | Self::Rename(path, ..)) = self;
        path.parent() == Some(dir)
    }

    fn apply(self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Link(path, inode) => {
                names.insert(path, inode);
            }
            Self::Unlink(path) => {
                names.remove(&path);
            }
            Self::Rename(from, to, inode) => {
                names.remove(&from);
                names.insert(to, inode);
            }
        }
    }
}

/// Which operations from now on fail: 0 is the next one.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) power_off_in: Option<u64>,
    /// The power fails in the next operation of this kind.
    pub(super) power_off_at: Option<Step>,
    pub(super) sync_fails_in: Option<u64>,
    pub(super) write_fails_in: Option<u64>,
    /// Nothing can be opened.
    pub(super) no_descriptors: bool,
    /// Syncs do nothing and claim success.
    pub(super) lies: bool,
    /// This file cannot be opened.
    pub(super) denied: Option<PathBuf>,
}

fn due(counter: &mut Option<u64>) -> bool {
    match counter {
        None => false,
        Some(0) => {
            *counter = None;
            true
        }
        Some(left) => {
            *left -= 1;
            false
        }
    }
}

#[derive(Debug)]
pub(super) struct State {
    random: u64,
    pub(super) inodes: HashMap<u64, Inode>,
    pub(super) names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    changes: Vec<NameChange>,
    next_inode: u64,
    pub(super) capacity: u64,
    pub(super) epoch: u64,
    pub(super) off: bool,
    /// Where the power went off the last time.
    pub(super) cut: Option<Cut>,
    pub(super) faults: Faults,
    pub(super) locked: BTreeSet<PathBuf>,
}

pub(super) fn device_error() -> io::Error {
    io::Error::other("simulated device error")
}

impl State {
    pub(super) fn new(seed: u64, capacity: u64) -> Self {
        Self {
            random: seed,
            inodes: HashMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            changes: Vec::new(),
            next_inode: 0,
            capacity,
            epoch: 0,
            off: false,
            cut: None,
            faults: Faults::default(),
            locked: BTreeSet::new(),
        }
    }

    /// `SplitMix64`: the disk's own chance, from its own seed.
    fn chance(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Refuses when the power is off, or the handle is from before the crash.
    pub(super) fn powered(&self, epoch: u64) -> io::Result<()> {
        if self.off || self.epoch != epoch { Err(device_error()) } else { Ok(()) }
    }

    /// Counts one changing operation; `true` when the power goes off in its middle.
    pub(super) fn step(&mut self, epoch: u64, step: Step, path: &Path) -> io::Result<bool> {
        self.powered(epoch)?;
        let now = self.faults.power_off_at.take_if(|at| *at == step).is_some();
        self.off = due(&mut self.faults.power_off_in) || now;
        if self.off {
            self.cut = Some(Cut { step, path: path.to_path_buf() });
        }
        Ok(self.off)
    }

    /// The same for an operation on an open file.
    pub(super) fn file_step(&mut self, epoch: u64, step: Step, inode: u64) -> io::Result<bool> {
        if self.faults.power_off_in != Some(0) {
            return self.step(epoch, step, Path::new(""));
        }
        // What was removed or replaced while it was open has no name any more.
        let named = self.names.iter().find(|(_, known)| **known == inode);
        let path = named.map(|(path, _)| path.clone()).unwrap_or_default();
        self.step(epoch, step, &path)
    }

    pub(super) fn used(&self) -> u64 {
        let length = |inode| self.inodes.get(inode).map_or(0, |inode: &Inode| inode.cached.len());
        self.names.values().map(|inode| length(inode) as u64).sum()
    }

    pub(super) fn link_new(&mut self, path: &Path) -> u64 {
        self.next_inode += 1;
        self.inodes.insert(self.next_inode, Inode::default());
        self.names.insert(path.to_path_buf(), self.next_inode);
        self.changes.push(NameChange::Link(path.to_path_buf(), self.next_inode));
        self.next_inode
    }

    pub(super) fn unlink(&mut self, path: &Path) -> io::Result<()> {
        self.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        self.changes.push(NameChange::Unlink(path.to_path_buf()));
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let inode = self.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.names.insert(to.to_path_buf(), inode);
        self.changes.push(NameChange::Rename(from.to_path_buf(), to.to_path_buf(), inode));
        Ok(())
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) {
        if self.faults.lies {
            return;
        }
        let (here, elsewhere) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition::<Vec<_>, _>(|change| change.is_in(dir));
        self.changes = elsewhere;
        for change in here {
            change.apply(&mut self.durable_names);
        }
    }

    fn inode(&mut self, inode: u64) -> &mut Inode {
        self.inodes.get_mut(&inode).expect("an open file keeps its inode")
    }

    /// Grows the file as far as there is room; the length it reached.
    pub(super) fn grow(&mut self, inode: u64, length: usize) -> usize {
        let free = usize::try_from(self.capacity.saturating_sub(self.used())).unwrap_or(usize::MAX);
        let file = self.inode(inode);
        let old = file.cached.len();
        let reached = length.min(old.saturating_add(free)).max(old);
        file.cached.resize(reached, 0);
        if reached > old {
            file.dirty.extend(old / SECTOR..reached.div_ceil(SECTOR));
        }
        reached
    }

    pub(super) fn write(&mut self, inode: u64, bytes: &[u8], offset: usize) -> io::Result<()> {
        let fails = due(&mut self.faults.write_fails_in);
        let bytes = if self.off || fails { &bytes[..bytes.len() / 2] } else { bytes };
        let end = self.grow(inode, offset + bytes.len()).min(offset + bytes.len());
        let file = self.inode(inode);
        let fits = end.saturating_sub(offset);
        if fits > 0 {
            file.cached[offset..end].copy_from_slice(&bytes[..fits]);
            file.dirty.extend(offset / SECTOR..end.div_ceil(SECTOR));
        }
        match () {
            () if self.off || fails => Err(device_error()),
            () if fits < bytes.len() => Err(io::ErrorKind::StorageFull.into()),
            () => Ok(()),
        }
    }

    /// Syncs; a failure leaves some sectors durable and forgets that the others are not.
    pub(super) fn sync(&mut self, inode: u64) -> io::Result<()> {
        if self.off {
            return Err(device_error());
        }
        if self.faults.lies {
            return Ok(());
        }
        let fails = due(&mut self.faults.sync_fails_in);
        let dirty = std::mem::take(&mut self.inode(inode).dirty);
        for sector in dirty {
            if !fails || self.chance().is_multiple_of(2) {
                persist(self.inode(inode), sector);
            }
        }
        if fails {
            return Err(device_error());
        }
        let file = self.inode(inode);
        file.durable.resize(file.cached.len(), 0);
        Ok(())
    }

    /// Power comes back: every unsynced sector and name is there or not, as chance has it.
    pub(super) fn crash(&mut self) {
        let mood = self.chance() % 4;
        let changes = std::mem::take(&mut self.changes);
        for change in changes {
            if self.survives(mood) {
                change.apply(&mut self.durable_names);
            }
        }
        self.names.clone_from(&self.durable_names);
        let kept: BTreeSet<u64> = self.names.values().copied().collect();
        self.inodes.retain(|inode, _| kept.contains(inode));
        for inode in kept {
            for sector in std::mem::take(&mut self.inode(inode).dirty) {
                if self.survives(mood) {
                    persist(self.inode(inode), sector);
                }
            }
            let file = self.inode(inode);
            file.cached.clone_from(&file.durable);
        }
        self.restart();
    }

    /// Everything that was open is not any more, and nothing that was ordered happens.
    pub(super) fn restart(&mut self) {
        self.epoch += 1;
        self.off = false;
        self.faults = Faults::default();
        self.locked.clear();
    }

    /// Some crashes lose all, some nothing, most a part.
    fn survives(&mut self, mood: u64) -> bool {
        match mood {
            0 => false,
            1 => true,
            _ => self.chance().is_multiple_of(2),
        }
    }

    pub(super) fn flip_bit(&mut self, path: &Path, bit: u64) -> Option<()> {
        let inode = *self.names.get(path)?;
        let file = self.inode(inode);
        let place = usize::try_from(bit / 8).ok()?;
        let mask = 1 << (bit % 8);
        *file.cached.get_mut(place)? ^= mask;
        if let Some(byte) = file.durable.get_mut(place) {
            *byte ^= mask;
        }
        Some(())
    }
}

fn persist(file: &mut Inode, sector: usize) {
    let start = sector * SECTOR;
    let end = (start + SECTOR).min(file.cached.len());
    if start >= end {
        return;
    }
    if file.durable.len() < end {
        file.durable.resize(end, 0);
    }
    file.durable[start..end].copy_from_slice(&file.cached[start..end]);
}
