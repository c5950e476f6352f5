//! Published files: what the manifest says about them, and reading them.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use fabric::{Disk, File as _, Reopened};
use historian_segment::{Piece, ReadAt, Sample, Segment, SeriesId};
use parking_lot::Mutex;
use uns_model::{Sequence, Timestamp};

use crate::error::Error;

/// What the manifest keeps of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) first_time: Timestamp,
    pub(crate) last_time: Timestamp,
    /// Every record after this sequence and up to `until` has its samples of this partition here.
    pub(crate) after: Sequence,
    pub(crate) until: Sequence,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) crc: u32,
    pub(crate) series: (SeriesId, SeriesId),
}

/// One published file.
#[derive(Debug)]
pub struct HistoryFile {
    pub(crate) entry: Entry,
    pub(crate) dropped: AtomicBool,
    /// What stands for it since it was found damaged.
    pub(crate) instead: OnceLock<Vec<Arc<Self>>>,
    /// What is to be done when nobody reads it any more.
    doom: OnceLock<Doom>,
    verified: AtomicBool,
}

/// The removal of a file a purge replaced, once its last reader is gone.
#[derive(Debug)]
pub(crate) struct Doom {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    alive: Arc<AtomicUsize>,
}

impl Doom {
    pub(crate) fn new(files: &Files, name: &str, alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::AcqRel);
        Self { disk: Arc::clone(&files.disk), path: files.path(name), alive: Arc::clone(alive) }
    }
}

impl Drop for Doom {
    fn drop(&mut self) {
        let dir = self.path.parent().unwrap_or(&self.path);
        match self.disk.remove(&self.path).and_then(|()| self.disk.sync_dir(dir)) {
            Ok(()) => {}
            // The catalog knows it: the next start removes it.
            Err(error) => {
                let path = self.path.display();
                tracing::warn!(%path, %error, "cannot remove a purged history file yet");
            }
        }
        self.alive.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Opens files and keeps the footers of the latest ones, not their descriptors.
#[derive(Debug)]
pub(crate) struct Files {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    dir: PathBuf,
    open: Mutex<VecDeque<(String, Arc<Segment<Input>>)>>,
    open_max: usize,
}

/// A file of a [`Disk`] as the reader wants it: however many files queries and the footers that are
/// kept concern, only what is being read is open.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    file: Reopened,
    length: u64,
}

impl HistoryFile {
    pub(crate) fn new(entry: Entry) -> Self {
        let (dropped, instead, doom, verified) = Default::default();
        Self { entry, dropped, instead, doom, verified }
    }

    /// Has it removed when its last reader is gone.
    pub(crate) fn doom(&self, doom: Doom) {
        self.doom.get_or_init(|| doom);
    }

    /// No sample in it is older.
    pub fn first_time(&self) -> Timestamp {
        self.entry.first_time
    }

    /// No sample in it is newer.
    pub fn last_time(&self) -> Timestamp {
        self.entry.last_time
    }

    pub(crate) fn overlaps(&self, series: &[SeriesId], start: Timestamp, end: Timestamp) -> bool {
        let (first, last) = self.entry.series;
        self.entry.first_time < end
            && start <= self.entry.last_time
            && series.iter().any(|sid| first <= *sid && *sid <= last)
    }
}

impl Files {
    pub(crate) fn new(disk: Arc<dyn Disk>, root: PathBuf, open_max: usize) -> Self {
        let dir = root.join("files");
        Self { disk, root, dir, open: Mutex::default(), open_max: open_max.max(1) }
    }

    /// Reads a whole file.
    pub(crate) fn read(&self, name: &str) -> Result<bytes::Bytes, Error> {
        let bytes = self.disk.read(&self.path(name));
        bytes.map(Into::into).map_err(|error| self.disk_error("read", name, error))
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Opens a file; its bytes are checked against the manifest the first time.
    pub(crate) fn open(&self, file: &HistoryFile) -> Result<Arc<Segment<Input>>, Error> {
        let name = &file.entry.name;
        if let Some((_, segment)) = self.open.lock().iter().find(|(open, _)| open == name) {
            return Ok(Arc::clone(segment));
        }
        if !file.verified.load(Ordering::Acquire) {
            self.verify(&file.entry)?;
            file.verified.store(true, Ordering::Release);
        }
        let input = self.input(name)?;
        let segment = Segment::open(input).map_err(|error| damaged(name, &error))?;
        let segment = Arc::new(segment);
        let mut open = self.open.lock();
        open.push_back((name.clone(), Arc::clone(&segment)));
        while open.len() > self.open_max {
            open.pop_front();
        }
        Ok(segment)
    }

    pub(crate) fn forget(&self, name: &str) {
        self.open.lock().retain(|(open, _)| open != name);
    }

    /// Compares length and checksum with the manifest.
    pub(crate) fn verify(&self, entry: &Entry) -> Result<(), Error> {
        let bytes = match self.disk.read(&self.path(&entry.name)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(damaged(&entry.name, &"the file is missing"));
            }
            Err(error) => return Err(self.disk_error("read", &entry.name, error)),
        };
        if bytes.len() as u64 != entry.bytes {
            let what = format!("{} bytes instead of {}", bytes.len(), entry.bytes);
            return Err(damaged(&entry.name, &what));
        }
        if crc32fast::hash(&bytes) != entry.crc {
            return Err(damaged(&entry.name, &"the checksum differs"));
        }
        Ok(())
    }

    /// A file as it is read piece by piece.
    pub(crate) fn input(&self, name: &str) -> Result<Input, Error> {
        let failed = |error| self.disk_error("open", name, error);
        let file = Reopened::new(Arc::clone(&self.disk), self.path(name));
        let length = file.length().map_err(failed)?;
        Ok(Input { file, length })
    }

    pub(crate) fn disk_error(&self, action: &'static str, name: &str, source: io::Error) -> Error {
        Error::Disk { action, path: self.path(name), source }
    }
}

fn damaged(name: &str, what: &dyn std::fmt::Display) -> Error {
    Error::Damaged { name: name.to_owned(), what: what.to_string() }
}

/// An open file of one reader, and the pieces of it that matter.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) name: String,
    pub(crate) segment: Arc<Segment<Input>>,
}

impl OpenFile {
    pub(crate) fn read(
        &self,
        piece: &Piece,
        sid: SeriesId,
        range: (Timestamp, Timestamp),
        out: &mut Vec<Sample>,
    ) -> Result<(), Error> {
        self.segment
            .read(piece, sid, range, out)
            .map_err(|source| Error::Encode { name: self.name.clone(), source })
    }
}

impl ReadAt for Input {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}
