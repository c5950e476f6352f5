//! One reader's view: the files and the memory of one moment.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use historian_segment::{Piece, Sample, SeriesId};
use uns_model::{OrgId, Sequence, Timestamp};

use crate::covered::Covered;
use crate::error::Error;
use crate::file::{HistoryFile, OpenFile};
use crate::gap::Gap;
use crate::recover::{self, Known, Recovery};
use crate::registry::{Registry, ValueType};
use crate::store::Store;

/// What to look at.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The organisation.
    pub org: OrgId,
    /// The node's topic.
    pub topic: &'a str,
    /// A JSON field; `None` is the node's own value.
    pub field: Option<&'a str>,
    /// From this time on.
    pub start: Timestamp,
    /// Up to but without this time.
    pub end: Timestamp,
}

/// The samples of one node or field in one time range, as of one sequence. Later flushes do not
/// change it; nothing it does blocks ingest.
#[derive(Debug)]
pub struct View {
    store: Arc<Store>,
    /// Those that were asked for.
    series: Vec<SeriesId>,
    /// Of a field: the series of its node's values that are no documents, and so end it (NS-19f).
    /// Their samples are in the view too.
    pub enders: Vec<SeriesId>,
    range: (Timestamp, Timestamp),
    /// The unwritten samples, unordered.
    pub memory: Vec<(SeriesId, Sample)>,
    /// The files that may hold more, by first time.
    pub files: Vec<Arc<HistoryFile>>,
    /// What is known to be missing; grows when a file turns out to be damaged.
    pub gaps: Vec<Gap>,
    /// As of this sequence.
    pub applied: Sequence,
    /// The type and unit of each series it may have samples of.
    pub kinds: Vec<(SeriesId, ValueType, Option<Arc<str>>)>,
    /// The fields the topic has, where it has none of the name that was asked for.
    pub fields: Vec<Arc<str>>,
}

/// A piece of an open file, ready to be read.
#[derive(Debug)]
pub struct PieceOfFile {
    of: Arc<HistoryFile>,
    file: Arc<OpenFile>,
    piece: Piece,
    sid: SeriesId,
}

impl PieceOfFile {
    /// No sample of the piece is older.
    pub fn first_time(&self) -> Timestamp {
        self.piece.first
    }

    /// No sample of the piece is newer.
    pub fn last_time(&self) -> Timestamp {
        self.piece.last
    }

    /// The series its samples are of.
    pub fn series(&self) -> SeriesId {
        self.sid
    }
}

impl Store {
    /// What is known about a node or field in a time range; `None` for a topic never seen.
    pub fn view(self: &Arc<Self>, request: &Request<'_>) -> Option<View> {
        let range = (request.start, request.end);
        let mut memory = Vec::new();
        let mut blocks = Vec::new();
        let state = self.state.lock();
        let series = state.registry.find(request.org, request.topic, request.field)?;
        let enders = match request.field.is_some() && !series.is_empty() {
            true => enders(&state.registry, request),
            false => Vec::new(),
        };
        let read: Vec<SeriesId> = series.iter().chain(&enders).copied().collect();
        state.memory.view(&read, range, &mut memory, &mut blocks);
        if let Some(frozen) = &state.frozen {
            blocks.extend(frozen.blocks.iter().cloned());
        }
        let all_files = Arc::clone(&state.files);
        let known = state.gaps.iter().chain(&state.open_gap);
        let gaps = known.filter(|gap| gap.concerns(&series, range.0, range.1)).cloned().collect();
        let applied = state.applied;
        let kinds = state.registry.kinds(&series);
        let fields = match series.is_empty() && request.field.is_some() {
            true => state.registry.fields_of(request.org, request.topic),
            false => Vec::new(),
        };
        drop(state);

        for block in blocks {
            read.iter().for_each(|sid| block.collect(*sid, range, &mut memory));
        }
        let overlapping = all_files.iter().filter(|file| file.overlaps(&read, range.0, range.1));
        let mut files: Vec<_> = overlapping.cloned().collect();
        files.sort_by_key(|file| file.entry.first_time);
        let store = Arc::clone(self);
        Some(View { store, series, enders, range, memory, files, gaps, applied, kinds, fields })
    }
}

/// The series of a topic's own values that are no documents.
fn enders(registry: &Registry, request: &Request<'_>) -> Vec<SeriesId> {
    let own = registry.find(request.org, request.topic, None).unwrap_or_default();
    let kinds = registry.kinds(&own).into_iter();
    kinds.filter(|(_, of, _)| *of != ValueType::Document).map(|(sid, ..)| sid).collect()
}

impl View {
    /// Opens a file of this view. A damaged one is set aside: what the log gives again is opened in
    /// its place, and what it does not becomes a gap.
    ///
    /// # Errors
    /// Those of the disk; damage is no error.
    pub fn open(&mut self, file: &Arc<HistoryFile>) -> Result<Vec<PieceOfFile>, Error> {
        let what = match self.try_open(file) {
            Err(Error::Damaged { what, .. }) => what,
            // Purged between taking the view and opening the file.
            Err(_) if file.dropped.load(Ordering::Acquire) => return Ok(Vec::new()),
            opened => return opened,
        };
        let (gaps, instead) = self.store.damaged(file, &what)?;
        let (start, end) = self.range;
        self.gaps.extend(gaps.into_iter().filter(|gap| gap.concerns(&self.series, start, end)));
        let mut pieces = Vec::new();
        let read: Vec<SeriesId> = self.read_series().collect();
        for file in instead.iter().filter(|file| file.overlaps(&read, start, end)) {
            pieces.extend(self.try_open(file)?);
        }
        Ok(pieces)
    }

    fn try_open(&self, file: &Arc<HistoryFile>) -> Result<Vec<PieceOfFile>, Error> {
        let segment = self.store.files.open(file)?;
        let open = Arc::new(OpenFile { name: file.entry.name.clone(), segment });
        let mut pieces = Vec::new();
        for sid in self.read_series() {
            for piece in open.segment.pieces(sid, self.range.0, self.range.1) {
                let (of, file) = (Arc::clone(file), Arc::clone(&open));
                pieces.push(PieceOfFile { of, file, piece, sid });
            }
        }
        Ok(pieces)
    }

    fn read_series(&self) -> impl Iterator<Item = SeriesId> {
        self.series.iter().chain(&self.enders).copied()
    }

    /// Adds the samples of a piece.
    ///
    /// # Errors
    /// Those of the disk, and bytes that went bad after the file was checked.
    pub fn read(&self, piece: &PieceOfFile, out: &mut Vec<Sample>) -> Result<(), Error> {
        match piece.file.read(&piece.piece, piece.sid, self.range, out) {
            // Purged between opening the file and reading this piece of it.
            Err(_) if piece.of.dropped.load(Ordering::Acquire) => Ok(()),
            read => read,
        }
    }
}

type Instead = (Vec<Gap>, Vec<Arc<HistoryFile>>);

impl Store {
    /// Sets a damaged file aside, once, and makes it again from the log; gives what is lost, and the
    /// files that stand for it.
    pub(crate) fn damaged(&self, file: &HistoryFile, what: &str) -> Result<Instead, Error> {
        let _one_at_a_time = self.setting_aside.lock();
        if let Some(instead) = file.instead.get() {
            let name = &file.entry.name;
            let state = self.state.lock();
            let gaps = state.gaps.iter().filter(|gap| gap.reason.contains(name)).cloned();
            return Ok((gaps.collect(), instead.clone()));
        }
        let (files, ingest) = {
            let state = self.state.lock();
            (Arc::clone(&state.files), state.ingest)
        };
        let others = files.iter().map(|other| &other.entry);
        let recovery = Recovery {
            files: &self.files,
            catalog: &self.catalog,
            log: &*self.log,
            config: &self.config,
        };
        let mut aside = Vec::new();
        let repaired = recover::repair(
            &recovery,
            (&file.entry, what),
            &Known {
                others: &Covered::beside(&file.entry, others),
                taken: &self.names_taken(),
                ingest,
                series: &|of| self.state.lock().registry.series_had(of),
                origins: &|series| self.origins(series),
            },
            &mut aside,
        );
        let mut state = self.state.lock();
        state.aside.extend(aside);
        state.unrepaired.retain(|(name, _)| *name != file.entry.name);
        if repaired.as_ref().is_err_and(Error::is_no_room) {
            state.unrepaired.push((file.entry.name.clone(), what.to_owned()));
        }
        drop(state);
        let repaired = repaired?;
        let instead: Vec<_> =
            repaired.entries.into_iter().map(|entry| Arc::new(HistoryFile::new(entry))).collect();
        file.dropped.store(true, Ordering::Release);
        let instead = file.instead.get_or_init(|| instead).clone();
        let mut state = self.state.lock();
        let kept = state.files.iter().filter(|kept| kept.entry.name != file.entry.name);
        state.files = Arc::new(kept.chain(&instead).cloned().collect());
        state.gaps.extend(repaired.gaps.iter().cloned());
        Ok((repaired.gaps, instead))
    }
}
