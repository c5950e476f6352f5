//! Opening: what is there, where it ends, what a crash tore, what is damaged.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fabric::{
    Damage, Disk, FORMAT_VERSION, FRAME_HEADER_BYTES, File, Frame, FrameHeader, FrameKey,
    GapReason, RECORD_BYTES_MIN, ends_epoch,
};
use uns_model::{Sequence, Timestamp};

use super::writer::{Active, WriterState};
use crate::Error;
use crate::config::SEQUENCE_JUMP;
use crate::header::{HEADER_BYTES, Header};
use crate::scan::{ScanError, Scanner};
use crate::segment::{DATA_START, LOG_FILE, Segment, base_of, path_of};

const CHUNK: usize = 1 << 20;

/// What recovery found.
pub(super) struct Recovered {
    pub(super) key: FrameKey,
    pub(super) segments: Vec<Segment>,
    pub(super) writer: WriterState,
    pub(super) damage: Vec<Damage>,
}

/// A segment file with its header, where that can be read.
struct Found {
    base: Sequence,
    path: PathBuf,
    file: Arc<dyn File>,
    bytes: u64,
    header: Option<Header>,
}

impl Found {
    /// The header of its first frame, if it is one of this log.
    fn first_frame(&self, key: FrameKey) -> io::Result<Option<FrameHeader>> {
        let mut bytes = [0; FRAME_HEADER_BYTES];
        match self.file.read_exact_at(&mut bytes, DATA_START) {
            Ok(()) => Ok(FrameHeader::decode(&bytes, key)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Reads the directory, cuts a torn tail, and makes sure that what is served is durable.
pub(super) fn recover(
    disk: &dyn Disk,
    dir: &Path,
    keys: (Option<FrameKey>, impl FnOnce() -> FrameKey),
) -> Result<Recovered, Error> {
    let found = find_segments(disk, dir)?;
    let key = find_key(disk, dir, &found, keys)?;
    let mut segments = Vec::with_capacity(found.len());
    for one in &found {
        segments.push(describe(one, key)?);
    }
    let Some((newest, segment)) = found.last().zip(segments.last()) else {
        let (last, next, ingest) = (Sequence::ZERO, Sequence(1), Timestamp(0));
        let writer = WriterState { active: None, end: DATA_START, last, next, ingest };
        return Ok(Recovered { key, segments, writer, damage: Vec::new() });
    };
    let mut end = read_to_the_end(newest, segment, key)?;
    let cut = cut_torn_tail(newest, end.offset)?;
    make_durable(disk, dir, newest, &end)?;
    if cut > 0 {
        let (path, after) = (newest.path.display(), end.last.0);
        tracing::warn!(%path, bytes = cut, after, "cut a torn tail: a commit was never finished");
    }
    for damage in &end.damage {
        let (path, after, until) = (newest.path.display(), damage.after.0, damage.until.0);
        tracing::error!(%path, after, until, reason = ?damage.reason, "records are missing");
    }
    if let Some(first) = segments.first().filter(|first| ends_epoch(first.previous)) {
        // Everything before was lost with its files.
        end.damage.insert(0, missing(Sequence::ZERO, first.previous));
    }
    let jump = SEQUENCE_JUMP.max(cut / RECORD_BYTES_MIN as u64);
    let next = Sequence(end.last.max(newest.base).0 + 1 + jump);
    let active =
        Some(Active { file: Arc::clone(&newest.file), bytes: newest.bytes, written: end.offset });
    let (last, ingest, offset) = (end.last, end.ingest, end.offset);
    let writer = WriterState { active, end: offset, last, next, ingest };
    Ok(Recovered { key, segments, writer, damage: std::mem::take(&mut end.damage) })
}

fn find_segments(disk: &dyn Disk, dir: &Path) -> Result<Vec<Found>, Error> {
    let names = disk.list(dir).map_err(Error::io("list", dir))?;
    let mut found = Vec::new();
    for base in names.iter().filter_map(|name| base_of(name)) {
        let path = path_of(dir, base);
        let file = disk.open(&path).map_err(Error::io("open", &path))?;
        let bytes = file.length().map_err(Error::io("measure", &path))?;
        let mut start = [0; HEADER_BYTES];
        let header = match file.read_exact_at(&mut start, 0) {
            Ok(()) => Header::decode(&start).filter(|header| header.base == base),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        if let Some(header) = header {
            refuse_newer(&path, header.version)?;
        }
        found.push(Found { base, path, file, bytes, header });
    }
    found.sort_by_key(|one| one.base);
    if let Some(newest) = found.last() {
        // Whoever writes to it has it locked, wherever the directory was moved or linked to.
        newest.file.lock().map_err(Error::in_use(&newest.path))?;
    }
    Ok(found)
}

fn refuse_newer(path: &Path, version: u16) -> Result<(), Error> {
    if version <= FORMAT_VERSION {
        return Ok(());
    }
    let (found, supported) = (u32::from(version), u32::from(FORMAT_VERSION));
    Err(Error::NewerFormat { path: path.to_path_buf(), found, supported })
}

/// The key from the log's header, else from a segment, else the one that others say it had if its
/// frames agree, else a new one for a new log.
fn find_key(
    disk: &dyn Disk,
    dir: &Path,
    found: &[Found],
    (said, new_key): (Option<FrameKey>, impl FnOnce() -> FrameKey),
) -> Result<FrameKey, Error> {
    let path = dir.join(LOG_FILE);
    match disk.read(&path).map(|bytes| Header::decode(&bytes)) {
        Ok(Some(header)) => {
            refuse_newer(&path, header.version)?;
            return Ok(header.key);
        }
        Ok(None) => {
            tracing::warn!(path = %path.display(), "the header of the log is damaged, it is \
                written again from what else is there");
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io("read", &path)(error)),
    }
    let in_segments = found.iter().rev().find_map(|one| one.header.map(|header| header.key));
    let fits = |one: &Found, key| matches!(one.first_frame(key), Ok(Some(_)));
    let agrees = |key: &FrameKey| found.iter().any(|one| fits(one, *key));
    let copy = in_segments.or_else(|| said.filter(agrees));
    if copy.is_none() && !found.is_empty() {
        return Err(Error::KeyLost { path: dir.to_path_buf() });
    }
    let key = copy.or(said).unwrap_or_else(new_key);
    match disk.write_atomic(&path, &Header::of_log(key).encode()) {
        Ok(()) => {}
        Err(error) if copy.is_some() => {
            tracing::warn!(path = %path.display(), %error, "cannot repair the log's header");
        }
        Err(error) => return Err(Error::io("write", &path)(error)),
    }
    Ok(key)
}

/// Without a readable header the first frame knows what came before, or else the name must do.
fn describe(found: &Found, key: FrameKey) -> Result<Segment, Error> {
    let (previous, previous_ingest) = if let Some(header) = found.header {
        (header.previous, header.previous_ingest)
    } else {
        tracing::error!(path = %found.path.display(), "the header of a segment is damaged");
        let first = found.first_frame(key).map_err(Error::io("read", &found.path))?;
        let by_name = Sequence(found.base.0 - 1);
        // An unknown age counts as young: what cannot be judged is kept.
        (first.map_or(by_name, |header| header.previous), Timestamp(i64::MAX))
    };
    let (base, bytes, path) = (found.base, found.bytes, found.path.clone());
    Ok(Segment { base, previous, previous_ingest, bytes, path })
}

/// Where the newest segment's valid frames end.
struct End {
    offset: u64,
    last: Sequence,
    ingest: Timestamp,
    frame: Option<Frame>,
    damage: Vec<Damage>,
}

fn read_to_the_end(newest: &Found, segment: &Segment, key: FrameKey) -> Result<End, Error> {
    let ingest = match segment.previous_ingest {
        Timestamp(i64::MAX) => Timestamp(0),
        known => known,
    };
    let (last, damage) = (segment.previous, Vec::new());
    let mut end = End { offset: DATA_START, last, ingest, frame: None, damage };
    let mut scanner = Scanner::new(Arc::clone(&newest.file), key, DATA_START, newest.bytes);
    loop {
        let scanned = match scanner.frame() {
            Ok(None) => scanner.resync(),
            scanned => scanned,
        };
        let frame = scanned.map_err(|error| match error {
            ScanError::Io(source) => Error::io("read", &newest.path)(source),
            ScanError::Newer(found) => Error::NewerFormat {
                path: newest.path.clone(),
                found: u32::from(found),
                supported: u32::from(FORMAT_VERSION),
            },
        })?;
        let Some(frame) = frame else { return Ok(end) };
        end.take(frame, scanner.offset());
    }
}

/// What is not there between two records that were both read.
fn missing(after: Sequence, until: Sequence) -> Damage {
    let reason = if ends_epoch(until) { GapReason::Lost } else { GapReason::Damage };
    Damage { after, until, reason, segment: Sequence::ZERO }
}

impl End {
    fn take(&mut self, frame: Frame, offset: u64) {
        let previous = frame.header().previous;
        if previous > self.last {
            self.damage.push(missing(self.last, previous));
        }
        if let Some((_, record)) = frame.records().last() {
            self.ingest = record.ingest();
        }
        self.last = self.last.max(frame.last());
        self.offset = offset;
        self.frame = Some(frame);
    }
}

/// Zeroes what follows the last valid frame, so that it can never be taken for data; how much.
fn cut_torn_tail(newest: &Found, from: u64) -> Result<u64, Error> {
    let failed = |operation| Error::io(operation, &newest.path);
    let mut buffer = vec![0; CHUNK];
    let mut offset = from;
    let mut used = from;
    while offset < newest.bytes {
        let read = newest.file.read_at(&mut buffer, offset).map_err(failed("read"))?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
        if let Some(place) = chunk.iter().rposition(|byte| *byte != 0) {
            used = offset + place as u64 + 1;
        }
        offset += read as u64;
    }
    if used == from {
        return Ok(0);
    }
    let zeros = vec![0; CHUNK];
    let mut offset = from;
    while offset < used {
        let piece = usize::try_from(used - offset).unwrap_or(CHUNK).min(CHUNK);
        newest.file.write_all_at(&zeros[..piece], offset).map_err(failed("cut"))?;
        offset += piece as u64;
    }
    newest.file.sync_data().map_err(failed("sync"))?;
    Ok(used - from)
}

/// After a kill the last frame may only be in the page cache, and after a failed sync the kernel
/// may think it clean although it is not stored: it is written again and synced before anybody
/// sees it. The frames before it were synced before it was written.
fn make_durable(disk: &dyn Disk, dir: &Path, newest: &Found, end: &End) -> Result<(), Error> {
    if let Some(frame) = &end.frame {
        let bytes = frame.bytes();
        let offset = end.offset - bytes.len() as u64;
        newest.file.write_all_at(bytes, offset).map_err(Error::io("write", &newest.path))?;
        newest.file.sync_data().map_err(Error::io("sync", &newest.path))?;
    }
    disk.sync_dir(dir).map_err(Error::io("sync", dir))
}
