//! A damaged or missing file: set aside, and made again from the log as far as that reaches.

use std::collections::HashSet;

use historian_segment::{SeriesId, SeriesOrigin};
use uns_model::Timestamp;

use super::directory::{DAMAGED, Recovery};
use crate::catalog::Publication;
use crate::covered::Covered;
use crate::error::Error;
use crate::file::Entry;
use crate::flush::{self, Written};
use crate::gap::{Gap, GapCause};
use crate::health::Aside;
use crate::refill::refill;
use crate::registry::Of;

/// What is known beside the file.
pub(crate) struct Known<'a> {
    /// What the other files hold.
    pub(crate) others: &'a Covered,
    /// Their names.
    pub(crate) taken: &'a HashSet<String>,
    /// The newest ingest time known.
    pub(crate) ingest: Timestamp,
    /// The series a value had.
    pub(crate) series: &'a dyn Fn(&Of<'_>) -> Option<SeriesId>,
    /// What files say of their series.
    pub(crate) origins: &'a dyn Fn(&[SeriesId]) -> Vec<SeriesOrigin>,
}

/// What a damaged file became.
pub(crate) struct Repaired {
    pub(crate) entries: Vec<Entry>,
    /// What of it is lost.
    pub(crate) gaps: Vec<Gap>,
}

/// Takes a damaged file out of the manifest, keeps it under another name, and lists what the log
/// gives again in its place. What it set aside is in `aside` also where it fails later, since another
/// attempt finds nothing to set aside any more.
pub(crate) fn repair(
    recovery: &Recovery<'_>,
    (entry, what): (&Entry, &str),
    known: &Known<'_>,
    aside: &mut Vec<Aside>,
) -> Result<Repaired, Error> {
    let files = recovery.files;
    let name = &entry.name;
    let refilled = refill((recovery.log, recovery.config), entry, known.others, known.series)?;
    let mut gaps = Vec::new();
    for (after, until, lost) in &refilled.lost {
        let reason = format!("history file {name} is damaged ({what}), and {lost}");
        gaps.push(Gap { after: *after, until: *until, reason: reason.into(), ..gap(entry) });
    }
    // Renamed first: a crash in between leaves a listed file that is missing, which is found again
    // as damage.
    let kept = recovery.set_aside(name, DAMAGED, &format!("it is damaged: {what}"))?;
    aside.extend((!kept.name.is_empty()).then_some(kept));
    let written = Written {
        range: (entry.after, entry.until),
        ingest: known.ingest,
        files_max: recovery.config.flush_files_max,
        taken: known.taken,
        origins: known.origins,
    };
    let entries = flush::write(files, &refilled.frozen, &written)?;
    // A repair that was killed before the catalog had it left its file, which was listed since.
    let rows: u64 = entries.iter().map(|entry| entry.rows).sum();
    let rows = rows.saturating_add(known.others.rows_like(entry));
    if rows >= entry.rows {
        // Whatever the log lost since.
        gaps.clear();
    } else if gaps.is_empty() {
        let lost = entry.rows - rows;
        let reason = format!("history file {name} is damaged ({what}), {lost} rows are lost");
        gaps.push(Gap { reason: reason.into(), ..gap(entry) });
    }
    recovery.catalog.publish(Publication {
        unlisted: vec![name.clone()],
        files: entries.clone(),
        gaps: gaps.clone(),
        ..Publication::default()
    })?;
    files.forget(name);
    tracing::warn!(
        name,
        rows,
        of = entry.rows,
        "a damaged history file was made from the log again"
    );
    Ok(Repaired { entries, gaps })
}

/// All of a file is missing.
fn gap(entry: &Entry) -> Gap {
    Gap {
        after: entry.after,
        until: entry.until,
        start: entry.first_time,
        end: entry.last_time,
        series: Some(entry.series),
        cause: GapCause::Damage,
        reason: "".into(),
    }
}
