//! The hand-over invariant: at any moment, also while files are written, listed, purged or made again,
//! history has of each topic exactly what the journal says, and what is behind the cursor is in files.
//!
//! Rows are counted as they are stored, since answers hide what is there twice. What a damaged file
//! and the log no longer have may be missing, if the answer says so.

use std::sync::Arc;
use std::time::Duration;

use historian_query::Query;
use historian_store::{Error, Gap, Request, Sample, Store};
use parking_lot::Mutex;
use uns_model::query::{Aggregate, HistoryQuery};
use uns_model::{OrgId, Sequence, Timestamp, Value};

/// Everything.
const ALL: (Timestamp, Timestamp) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
/// Wider than a history takes.
const BUCKET: Duration = Duration::from_secs(86_400);

/// What history has to have of one topic as of what it has folded in.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) topic: String,
    /// What it has folded in.
    pub(crate) applied: Sequence,
    pub(crate) samples: Vec<(Sequence, u32)>,
    /// What may be stored as well. A file that was taken in at the start has what comes later, which no
    /// answer shows before its time; and a purge that is in the log may go through files before it is
    /// folded in.
    pub(crate) optional: Vec<(Sequence, u32)>,
}

/// What came of looking in the middle of a turn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict(Arc<Mutex<Found>>);

#[derive(Debug, Default)]
struct Found {
    looks: usize,
    wrong: Option<String>,
}

impl Verdict {
    /// How often somebody looked.
    ///
    /// # Errors
    /// What was wrong, the first time it was.
    pub(crate) fn into_looks(self) -> Result<usize, String> {
        let mut found = self.0.lock();
        found.wrong.take().map_or(Ok(found.looks), Err)
    }
}

/// Looks at one topic after the other, each time it is called. Where a file may be damaged, a reader would
/// have to wait for whoever replaces others, which is whoever called; and what a reader makes again may be
/// what the power fails at, so that nobody gets an answer.
pub(crate) fn look(
    store: Arc<Store>,
    due: Vec<Due>,
    (may_lack, may_wait, verdict): (bool, bool, Verdict),
    is_on: impl Fn() -> bool + Send,
) -> impl FnMut() + Send {
    move || {
        if may_wait && store.sets_aside() {
            return;
        }
        let mut found = verdict.0.lock();
        let Some(next) = due.get(found.looks % due.len().max(1)) else { return };
        if found.wrong.is_none() {
            found.looks += 1;
            let judged = judge_samples(&store, next, may_lack);
            let judged = judged.err().filter(|_| is_on());
            found.wrong = judged.map(|why| format!("in the middle of a turn: {why}"));
        }
    }
}

/// What is stored of one topic.
struct Rows {
    applied: Sequence,
    gaps: Vec<Gap>,
    memory: Vec<(Sequence, u32)>,
    files: Vec<(Sequence, u32)>,
}

/// Compares the rows of a topic with what is due.
///
/// # Errors
/// They differ, or a cursor is where it must not be.
pub(crate) fn judge_samples(store: &Arc<Store>, due: &Due, may_lack: bool) -> Result<(), String> {
    let Due { topic, samples: due, optional, .. } = due;
    let cursor = store.cursor();
    let rows = match rows(store, topic) {
        Ok(rows) => rows,
        // The disk is off: nobody gets an answer.
        Err(Error::Disk { .. }) => return Ok(()),
        // A damaged file cannot be made again now.
        Err(error) if may_lack && error.is_no_room() => return Ok(()),
        Err(error) => return Err(format!("history of {topic} cannot be read: {error}")),
    };
    let is_named =
        |sequence| rows.gaps.iter().any(|gap| gap.after < sequence && sequence <= gap.until);
    if !may_lack && let Some(gap) = rows.gaps.first() {
        return Err(format!("history of {topic} has a gap, and nothing was damaged: {gap:?}"));
    }
    let mut all: Vec<_> = rows.memory.iter().chain(&rows.files).copied().collect();
    all.sort_unstable();
    if let Some(twice) = all.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("history of {topic} has {twice:?}, which are one record"));
    }
    let is_known = |row| due.binary_search(row).is_ok() || optional.binary_search(row).is_ok();
    if let Some(more) = all.iter().find(|row| !is_known(*row)) {
        return Err(format!("history of {topic} has {more:?}, which nobody published"));
    }
    let lacks = |row: &&(Sequence, u32)| all.binary_search(row).is_err() && !is_named(row.0);
    if let Some(lost) = due.iter().find(lacks) {
        return Err(format!(
            "history of {topic} lacks {lost:?} as of {}, cursor {cursor}",
            rows.applied
        ));
    }
    let early = |row: &&(Sequence, u32)| row.0 <= cursor && !rows.files.contains(row);
    let early = due.iter().filter(|row| !is_named(row.0)).find(early);
    match early {
        Some(early) => {
            Err(format!("{early:?} of {topic} is in no file, and the cursor at {cursor}"))
        }
        None => Ok(()),
    }
}

fn rows(store: &Arc<Store>, topic: &str) -> Result<Rows, Error> {
    let request = Request { org: OrgId::DEFAULT, topic, field: None, start: ALL.0, end: ALL.1 };
    let Some(mut view) = store.view(&request) else {
        let (gaps, memory, files) = Default::default();
        return Ok(Rows { applied: store.applied(), gaps, memory, files });
    };
    let memory = std::mem::take(&mut view.memory).iter().map(|(_, sample)| row(sample)).collect();
    let mut samples = Vec::new();
    for file in std::mem::take(&mut view.files) {
        for piece in view.open(&file)? {
            view.read(&piece, &mut samples)?;
        }
    }
    let files = samples.iter().map(row).collect();
    Ok(Rows { applied: view.applied, gaps: view.gaps, memory, files })
}

fn row(sample: &Sample) -> (Sequence, u32) {
    (sample.sequence, number(&sample.value))
}

fn number(value: &Value) -> u32 {
    match value {
        Value::Int(number) => u32::try_from(*number).unwrap_or(u32::MAX),
        Value::UInt(number) => u32::try_from(*number).unwrap_or(u32::MAX),
        Value::Float(number) if *number >= 0.0 => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
            let number = *number as u32;
            number
        }
        _ => u32::MAX,
    }
}

/// Asks for the samples of a topic and for how many there are, as somebody who reads does.
///
/// # Errors
/// The answers are not what is due, though they name nothing that is missing.
pub(crate) fn judge_answers(query: &Query, due: &Due) -> Result<(), String> {
    let Due { topic, applied, samples: due, optional } = due;
    // A purge is under way.
    if optional.iter().any(|(sequence, _)| sequence <= applied) {
        return Ok(());
    }
    let asked = HistoryQuery {
        org: OrgId::DEFAULT,
        topic: topic.clone(),
        field: None,
        start: ALL.0,
        end: ALL.1,
        until_newest: false,
        aggregate: None,
        bucket: None,
        limit: 10_000,
        after: None,
    };
    let counting =
        HistoryQuery { aggregate: Some(Aggregate::Count), bucket: Some(BUCKET), ..asked.clone() };
    let (page, counts) = match (query.history_now(asked), query.history_now(counting)) {
        (Ok(page), Ok(counts)) => (page, counts),
        (Err(historian_query::Error::NodeUnknown { .. }), _) if due.is_empty() => return Ok(()),
        // A damaged file cannot be made again now.
        (Err(historian_query::Error::Store(error)), _) if error.is_no_room() => return Ok(()),
        (page, counts) => {
            let errors = (page.err(), counts.err());
            return Err(format!("history of {topic} gives no answer: {errors:?}"));
        }
    };
    if !page.gaps.is_empty() || !counts.gaps.is_empty() {
        return Ok(());
    }
    let found: Vec<_> = page.samples.iter().map(|one| (one.sequence, number(&one.value))).collect();
    let count: u32 = counts.samples.iter().map(|one| number(&one.value)).sum();
    if found != *due {
        return Err(format!("history of {topic} answers {found:?}, not {due:?}"));
    }
    if count as usize != due.len() {
        return Err(format!("history of {topic} counts {count}, not {}", due.len()));
    }
    Ok(())
}
