//! Files the catalog does not list: taken in where they say what they are and nothing contradicts
//! them, set aside where not.
//!
//! The tables of series of many files are large. So all files are looked at first, and of each only
//! what decides on the order is kept; then one after the other is read again and taken in.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use historian_segment::{
    Origin, ReadAt, Sample, Segment, SeriesId, SeriesOrigin, check, read_series_map,
};
use uns_model::{OrgId, Sequence, Timestamp};

use super::directory::{Recovery, UNLISTED};
use crate::catalog::Loaded;
use crate::covered::{self, parse_name};
use crate::error::Error;
use crate::file::Entry;
use crate::flush::SERIES_MAP;
use crate::health::Aside;
use crate::partition::Level;
use crate::registry::{NO_NUMBER, Registry, ValueType};

/// The taking in of files nobody lists.
pub(super) struct Adoption<'a> {
    pub(super) recovery: &'a Recovery<'a>,
    /// All files.
    pub(super) names: &'a [String],
}

/// A file that is whole and says what it is. What its series are is read again when it is taken in.
struct Candidate {
    entry: Entry,
    replaces: Option<String>,
    ingest: Timestamp,
    has_checksum: bool,
}

/// What a file says of itself, or what can be found out of one that says nothing.
struct Told {
    range: (Sequence, Sequence),
    series: Vec<SeriesOrigin>,
    replaces: Option<String>,
    /// Files of format 1 do not say it.
    ingest: Option<Timestamp>,
}

/// What was taken in.
#[derive(Default)]
pub(super) struct Adopted {
    pub(super) files: Vec<Entry>,
    /// Names in the manifest that were damaged: these files have others.
    pub(super) unlisted: Vec<String>,
    series: BTreeMap<SeriesId, SeriesOrigin>,
}

/// Why a file is not taken in.
enum Refused {
    /// It is not what it should be.
    Aside(String),
    /// The disk failed.
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn refused<T>(why: impl std::fmt::Display) -> Result<T, Refused> {
    Err(Refused::Aside(why.to_string()))
}

impl Adoption<'_> {
    /// Takes in what can be taken in.
    pub(super) fn run(
        &self,
        loaded: &mut Loaded,
        aside: &mut Vec<Aside>,
    ) -> Result<Adopted, Error> {
        let listed: HashSet<_> = loaded.files.iter().map(|entry| entry.name.clone()).collect();
        let is_unlisted = |name: &&String| name.ends_with(".parquet") && !listed.contains(*name);
        let mut names = OldNames::default();
        let mut candidates = Vec::new();
        for name in self.names.iter().filter(is_unlisted) {
            match self.candidate(name, &loaded.registry, &mut names) {
                Ok(candidate) => candidates.push(candidate),
                Err(Refused::Aside(why)) => {
                    aside.push(self.recovery.set_aside(name, UNLISTED, &why)?);
                }
                Err(Refused::Failed(error)) => return Err(error),
            }
        }
        let mut adopted = Adopted::default();
        // Of these another file, which is taken in, holds what is left.
        let mut replaced = HashSet::new();
        for candidate in in_order(candidates) {
            let name = candidate.entry.name.clone();
            let replaces = candidate.replaces.clone();
            let is_there = |of: &String| listed.contains(of) && self.names.contains(of);
            if replaces.as_ref().is_some_and(is_there) {
                // The purge that wrote it did not get to the catalog, and begins again.
                tracing::info!(name, "removing what a purge had begun to write");
                self.recovery.remove(&name)?;
                continue;
            }
            if replaced.contains(&name) {
                tracing::info!(name, "removing a history file from which a purge took samples");
                self.recovery.remove(&name)?;
                replaced.extend(replaces);
                continue;
            }
            match self.admit(candidate, loaded, (&mut adopted, &mut names)) {
                Ok(()) => replaced.extend(replaces),
                Err(Refused::Aside(why)) => {
                    aside.push(self.recovery.set_aside(&name, UNLISTED, &why)?);
                }
                Err(Refused::Failed(error)) => return Err(error),
            }
        }
        let series: Vec<_> = std::mem::take(&mut adopted.series).into_values().collect();
        loaded.registry.adopt(&series);
        Ok(adopted)
    }

    /// Reads a file and what it says of itself.
    fn candidate(
        &self,
        name: &str,
        registry: &Registry,
        names: &mut OldNames,
    ) -> Result<Candidate, Refused> {
        let files = self.recovery.files;
        let bytes = files.read(name)?;
        let has_checksum = check(&bytes).or_else(refused)?;
        let segment = Segment::open(bytes.clone()).or_else(refused)?;
        let (first_time, last_time) =
            segment.times().ok_or("").or_else(|_| refused("it is empty"))?;
        let told = self.told(&segment, (name, has_checksum), registry, names)?;
        let Told { range, series, replaces, ingest } = told;
        let sids = series.first().zip(series.last());
        let (first, last) = sids.ok_or("").or_else(|_| refused("it names no series"))?;
        let entry = Entry {
            name: name.to_owned(),
            first_time,
            last_time,
            after: range.0,
            until: range.1,
            rows: segment.rows(),
            bytes: bytes.len() as u64,
            crc: crc32fast::hash(&bytes),
            series: (first.sid, last.sid),
        };
        let ingest = ingest.unwrap_or(last_time);
        Ok(Candidate { entry, replaces, ingest, has_checksum })
    }

    /// What a file says of itself.
    fn told<R: ReadAt>(
        &self,
        segment: &Segment<R>,
        (name, has_checksum): (&str, bool),
        registry: &Registry,
        names: &mut OldNames,
    ) -> Result<Told, Refused> {
        match segment.origin().or_else(refused)? {
            Some(Origin { after, until, ingest, replaces, series }) if has_checksum => {
                Ok(Told { range: (after, until), series, replaces, ingest: Some(ingest) })
            }
            Some(_) => refused("its checksum is missing"),
            None => {
                let ((after, last), sids) = numbers(segment)?;
                let named = parse_name(name).map(|(.., until)| until).filter(|u| *u >= last);
                let range = (after, named.unwrap_or(last));
                let named = |sid: &SeriesId| {
                    let known = registry.origin_of(*sid);
                    known.or_else(|| names.get(self.recovery, *sid))
                };
                let series: Option<Vec<_>> = sids.iter().map(named).collect();
                let why = "it is of format 1, and nothing names its series any more";
                let series = series.ok_or(why).or_else(refused)?;
                Ok(Told { range, series, replaces: None, ingest: None })
            }
        }
    }

    /// Lists a file, unless something is known that contradicts it.
    fn admit(
        &self,
        candidate: Candidate,
        loaded: &mut Loaded,
        (adopted, names): (&mut Adopted, &mut OldNames),
    ) -> Result<(), Refused> {
        let Candidate { mut entry, ingest, has_checksum, .. } = candidate;
        let told = {
            let input = self.recovery.files.input(&entry.name)?;
            let segment = Segment::open(input).or_else(refused)?;
            self.told(&segment, (&entry.name, has_checksum), &loaded.registry, names)?.series
        };
        if let Err(contradiction) = loaded.registry.agrees(&told) {
            return refused(format!("series {} is another here", contradiction.0));
        }
        let same = |a: &SeriesOrigin, b: &SeriesOrigin| {
            let of = |s: &SeriesOrigin| (s.node, s.org, s.field.clone(), s.value_type);
            of(a) == of(b) && a.unit == b.unit
        };
        let newer = &adopted.series;
        let other = |told: &&SeriesOrigin| newer.get(&told.sid).is_some_and(|s| !same(s, told));
        if let Some(told) = told.iter().find(other) {
            return refused(format!("series {} is another in newer files", told.sid));
        }
        let lost = self.lost_name(&entry, loaded);
        loaded.files.retain(|listed| Some(&listed.name) != lost.as_ref());
        self.refuse_repeats(&entry, loaded)?;
        self.right_name(&mut entry, loaded)?;
        if let Some(lost) = lost {
            tracing::error!(listed = lost, name = entry.name, "a history file has another name");
            adopted.unlisted.push(lost);
        }
        loaded.ingest = loaded.ingest.max(ingest);
        for told in told {
            adopted.series.entry(told.sid).or_insert(told);
        }
        loaded.files.push(entry.clone());
        adopted.files.push(entry);
        Ok(())
    }

    /// The listed file that is missing and has the same bytes: its name was damaged in the catalog.
    fn lost_name(&self, entry: &Entry, loaded: &Loaded) -> Option<String> {
        let same = |listed: &&Entry| {
            (listed.bytes, listed.crc, listed.rows) == (entry.bytes, entry.crc, entry.rows)
                && !self.names.contains(&listed.name)
        };
        loaded.files.iter().find(same).map(|listed| listed.name.clone())
    }

    /// Refuses a file that has rows other files of the same part of the log have too.
    fn refuse_repeats(&self, entry: &Entry, loaded: &Loaded) -> Result<(), Refused> {
        let meets = |listed: &&Entry| {
            listed.after < entry.until
                && entry.after < listed.until
                && listed.first_time <= entry.last_time
                && entry.first_time <= listed.last_time
                && self.names.contains(&listed.name)
        };
        let mut own = None;
        for listed in loaded.files.iter().filter(meets) {
            let rows = match &mut own {
                Some(rows) => rows,
                empty => empty.insert(self.rows(&entry.name)?),
            };
            // A damaged neighbour is found as such later.
            let Ok(others) = self.rows(&listed.name) else { continue };
            if !rows.is_disjoint(&others) {
                return refused(format!("it repeats what {} holds", listed.name));
            }
        }
        Ok(())
    }

    fn rows(&self, name: &str) -> Result<HashSet<(SeriesId, Sequence)>, Refused> {
        let segment = Segment::open(self.recovery.files.read(name)?).or_else(refused)?;
        let mut rows = HashSet::new();
        let visit = |sid, sample: Sample| rows.extend([(sid, sample.sequence)]);
        segment.read_all(visit).or_else(refused)?;
        Ok(rows)
    }

    /// Gives a file whose name does not say what it holds its right name.
    fn right_name(&self, entry: &mut Entry, loaded: &Loaded) -> Result<(), Refused> {
        let says = parse_name(&entry.name).is_some_and(|(level, partition, until)| {
            let holds = |time| level.of(time) == partition;
            holds(entry.first_time) && holds(entry.last_time) && until == entry.until
        });
        if says {
            return Ok(());
        }
        let files = self.recovery.files;
        let mut taken: HashSet<_> = self.names.iter().cloned().collect();
        taken.extend(loaded.files.iter().map(|listed| listed.name.clone()));
        let partition = Level::finest(entry.first_time, entry.last_time);
        let name = covered::name(partition, entry.until, &taken);
        tracing::warn!(from = entry.name, to = name, "a history file gets its name back");
        let failed = |error| files.disk_error("rename", &entry.name, error);
        files.disk().rename(&files.path(&entry.name), &files.path(&name)).map_err(failed)?;
        files.disk().sync_dir(files.dir()).map_err(failed)?;
        entry.name = name;
        Ok(())
    }
}

/// The newest first, since what the newest file says of a topic holds; and what a purge wrote before
/// the file it replaces.
fn in_order(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    let by =
        |candidate: &Candidate| Some((candidate.replaces.clone()?, candidate.entry.name.clone()));
    let replaced_by: HashMap<String, String> = candidates.iter().filter_map(by).collect();
    let depth = |name: &String| {
        let later = std::iter::successors(Some(name), |name| replaced_by.get(*name));
        later.take(replaced_by.len() + 1).count()
    };
    candidates.sort_by_cached_key(|candidate| {
        let Entry { name, until, .. } = &candidate.entry;
        (Reverse(*until), depth(name), Reverse(name.clone()))
    });
    candidates
}

/// The sequences and series of a file that does not say them.
fn numbers<R: ReadAt>(
    segment: &Segment<R>,
) -> Result<((Sequence, Sequence), Vec<SeriesId>), Refused> {
    let (mut first, mut last) = (u64::MAX, 0);
    let mut sids: Vec<SeriesId> = Vec::new();
    let visit = |sid, sample: Sample| {
        (first, last) = (first.min(sample.sequence.0), last.max(sample.sequence.0));
        if sids.last() != Some(&sid) {
            sids.push(sid);
        }
    };
    segment.read_all(visit).or_else(refused)?;
    sids.sort_unstable();
    sids.dedup();
    Ok(((Sequence(first.saturating_sub(1)), Sequence(last)), sids))
}

/// The names of series from the table for other tools: all there is for files of format 1.
#[derive(Default)]
struct OldNames(Option<HashMap<SeriesId, SeriesOrigin>>);

impl OldNames {
    fn get(&mut self, recovery: &Recovery<'_>, sid: SeriesId) -> Option<SeriesOrigin> {
        self.0.get_or_insert_with(|| read(recovery).unwrap_or_default()).get(&sid).cloned()
    }
}

fn read(recovery: &Recovery<'_>) -> Option<HashMap<SeriesId, SeriesOrigin>> {
    let path = recovery.files.root().join(SERIES_MAP);
    let bytes = recovery.files.disk().read(&path).ok()?;
    let entries = read_series_map(bytes.into()).ok()?;
    let origin = |entry: historian_segment::SeriesEntry| {
        let value_type = ValueType::ALL.into_iter().find(|known| known.name() == entry.kind)?;
        let told = SeriesOrigin {
            sid: entry.sid,
            node: NO_NUMBER,
            org: OrgId(entry.org),
            topic: entry.topic.into(),
            field: entry.field.map(Arc::from),
            value_type: value_type as u8,
            generation: 0,
            unit: entry.unit.map(Arc::from),
        };
        Some((entry.sid, told))
    };
    Some(entries.into_iter().filter_map(origin).collect())
}
