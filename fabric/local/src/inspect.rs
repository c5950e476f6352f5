//! A look at a data directory from outside, whether or not a process has it: what `uns doctor` needs
//! to know. Nothing is created, changed or repaired.

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use fabric::{Disk as _, FORMAT_VERSION, FrameKey, Stream};
use uns_model::{Sequence, Timestamp};

use crate::data_dir::{LOCK_FILE, VERSION, VERSION_FILE, refuse_foreign, version_in};
use crate::header::{HEADER_BYTES, Header};
use crate::scan::{ScanError, Scanner};
use crate::segment::{DATA_START, LOG_FILE, base_of};
use crate::{Error, SystemDisk};

/// What a data directory shows of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inspection {
    /// The format its `VERSION` file names; `None` where there is no such file.
    pub format: Option<FoundFormat>,
    /// Whether it has no such file and is not empty: then it is something else.
    pub is_foreign: bool,
    /// Who has it.
    pub holder: Holder,
    /// Its logs, those that have segments.
    pub logs: Vec<InspectedLog>,
}

/// What is in the `VERSION` file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FoundFormat {
    /// A format this release reads.
    Known(u32),
    /// One of a newer release.
    Newer(u32),
    /// No line of it can be read.
    Unreadable,
}

/// Who has a data directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// A process, by its number where that can be read.
    Process(Option<u32>),
}

/// The log of one stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InspectedLog {
    /// Which stream.
    pub stream: Stream,
    /// How many segments it has.
    pub segments: usize,
    /// How many of them have a header that cannot be read.
    pub damaged_headers: usize,
    /// The newest format of a segment.
    pub format: u16,
    /// The ingest time of its newest record; `None` where it has none.
    pub newest: Option<Timestamp>,
}

impl Inspection {
    /// The newest format of a directory this release reads.
    pub const DIRECTORY_FORMAT: u32 = VERSION;
    /// The newest format of a log this release reads.
    pub const LOG_FORMAT: u16 = FORMAT_VERSION;

    /// Looks at a directory that exists.
    ///
    /// # Errors
    /// `Io` with the file that cannot be read.
    pub fn of(path: &Path) -> Result<Self, Error> {
        let logs = Stream::ALL.into_iter().filter_map(|stream| {
            let folder = path.join("streams").join(stream.name());
            log(stream, &folder).transpose()
        });
        let logs = logs.collect::<Result<_, _>>()?;
        let format = format(path)?;
        let is_foreign =
            format.is_none() && matches!(refuse_foreign(path), Err(Error::NotOurs { .. }));
        Ok(Self { format, is_foreign, holder: holder(path)?, logs })
    }

    /// Only who has a directory.
    ///
    /// # Errors
    /// `Io` with the file that cannot be read.
    pub fn holder_of(path: &Path) -> Result<Holder, Error> {
        holder(path)
    }
}

/// The content of a file, where there is one.
fn content(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

fn format(path: &Path) -> Result<Option<FoundFormat>, Error> {
    let bytes = content(&path.join(VERSION_FILE))?;
    Ok(bytes.map(|bytes| match version_in(&bytes) {
        None => FoundFormat::Unreadable,
        Some(found) if found > VERSION => FoundFormat::Newer(found),
        Some(found) => FoundFormat::Known(found),
    }))
}

/// Asks for the lock and gives it back at once; a process that starts meanwhile tries again.
fn holder(directory: &Path) -> Result<Holder, Error> {
    let path = directory.join(LOCK_FILE);
    let file = match fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Holder::Nobody),
        Err(error) => return Err(Error::io("open", &path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Holder::Nobody),
        Err(TryLockError::WouldBlock) => {
            let text = fs::read_to_string(&path).unwrap_or_default();
            Ok(Holder::Process(text.trim().parse().ok()))
        }
        Err(TryLockError::Error(error)) => Err(Error::io("lock", &path)(error)),
    }
}

/// The log in a folder; `None` where there is no segment.
fn log(stream: Stream, folder: &Path) -> Result<Option<InspectedLog>, Error> {
    let mut segments = segments(folder)?;
    segments.sort();
    let Some((_, newest)) = segments.last() else { return Ok(None) };
    let headers: Vec<_> =
        segments.iter().map(|(_, path)| header(path)).collect::<Result<_, Error>>()?;
    let key = content(&folder.join(LOG_FILE))?.as_deref().and_then(Header::decode);
    let key = key.or(headers.iter().rev().find_map(|header| *header)).map(|header| header.key);
    let last = headers.last().copied().flatten();
    let before = last.map(|header| header.previous_ingest).filter(|time| time.0 > 0);
    Ok(Some(InspectedLog {
        stream,
        segments: segments.len(),
        damaged_headers: headers.iter().filter(|header| header.is_none()).count(),
        format: headers.iter().flatten().map(|header| header.version).max().unwrap_or_default(),
        newest: key.map(|key| newest_in(newest, key)).transpose()?.flatten().or(before),
    }))
}

fn segments(folder: &Path) -> Result<Vec<(Sequence, PathBuf)>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io("list", folder))?;
        found
            .extend(base_of(&entry.file_name().to_string_lossy()).map(|base| (base, entry.path())));
    }
    Ok(found)
}

fn header(path: &Path) -> Result<Option<Header>, Error> {
    let file = SystemDisk.open(path).map_err(Error::io("open", path))?;
    let mut start = [0; HEADER_BYTES];
    let read = file.read_at(&mut start, 0).map_err(Error::io("read", path))?;
    Ok(Header::decode(&start[..read]))
}

/// The ingest time of the last whole record. What is half written, or damaged, ends the look.
fn newest_in(path: &Path, key: FrameKey) -> Result<Option<Timestamp>, Error> {
    let file = SystemDisk.open(path).map_err(Error::io("open", path))?;
    let limit = file.length().map_err(Error::io("measure", path))?;
    let mut scanner = Scanner::new(file, key, DATA_START, limit);
    let mut newest = None;
    loop {
        match scanner.frame() {
            Ok(Some(frame)) => {
                newest = frame.records().last().map(|(_, record)| record.ingest()).or(newest);
            }
            Ok(None) | Err(ScanError::Newer(_)) => return Ok(newest),
            Err(ScanError::Io(error)) => return Err(Error::io("read", path)(error)),
        }
    }
}
