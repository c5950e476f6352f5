//! Which rows of a row group can hold a series and time range, from footer and page index alone.

use std::ops::Range;

use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;

use crate::layout::at;

/// What is looked for, in the units of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) sid: i32,
    /// First time.
    pub(crate) start: i64,
    /// First time after.
    pub(crate) end: i64,
}

/// The range of times of a row group's chunk, inclusive.
pub(crate) fn times(group: &RowGroupMetaData) -> Option<(i64, i64)> {
    match group.columns().get(at::TS)?.statistics()? {
        Statistics::Int64(s) => Some((*s.min_opt()?, *s.max_opt()?)),
        _ => None,
    }
}

fn sids(group: &RowGroupMetaData) -> Option<(i32, i32)> {
    match group.columns().get(at::SID)?.statistics()? {
        Statistics::Int32(s) => Some((*s.min_opt()?, *s.max_opt()?)),
        _ => None,
    }
}

/// Rows of a group that may match; `None` when none can. Without statistics: all rows.
pub(crate) fn rows(metadata: &ParquetMetaData, group: usize, wanted: Wanted) -> Option<Range<u64>> {
    let meta = metadata.row_groups().get(group)?;
    let all = 0..u64::try_from(meta.num_rows()).ok()?;
    if sids(meta).is_some_and(|(min, max)| wanted.sid < min || max < wanted.sid)
        || times(meta).is_some_and(|(min, max)| wanted.end <= min || max < wanted.start)
    {
        return None;
    }
    let by_sid = bounds(metadata, group, at::SID, all.clone(), |index, page| match index {
        ColumnIndexMetaData::INT32(i) => {
            let (min, max) = (i.min_value(page), i.max_value(page));
            min.is_none_or(|min| *min <= wanted.sid) && max.is_none_or(|max| wanted.sid <= *max)
        }
        _ => true,
    })?;
    // Within one series times ascend, so pages that cannot match lie only at the two ends.
    bounds(metadata, group, at::TS, by_sid, |index, page| match index {
        ColumnIndexMetaData::INT64(i) => {
            let (min, max) = (i.min_value(page), i.max_value(page));
            min.is_none_or(|min| *min < wanted.end) && max.is_none_or(|max| wanted.start <= *max)
        }
        _ => true,
    })
}

/// The rows from the first to the last page of a column that touches `within` and may match.
fn bounds(
    metadata: &ParquetMetaData,
    group: usize,
    column: usize,
    within: Range<u64>,
    may_match: impl Fn(&ColumnIndexMetaData, usize) -> bool,
) -> Option<Range<u64>> {
    let index = metadata.column_index().and_then(|i| i.get(group)?.get(column));
    let offsets = metadata.offset_index().and_then(|i| i.get(group)?.get(column));
    let (Some(index), Some(offsets)) = (index, offsets) else {
        return Some(within);
    };
    let first_rows = offsets.page_locations().iter().map(|page| page.first_row_index as u64);
    let next_rows = first_rows.clone().skip(1).chain([within.end]);
    let mut found: Option<Range<u64>> = None;
    for (page, (first, next)) in first_rows.zip(next_rows).enumerate() {
        if next <= within.start || within.end <= first || !may_match(index, page) {
            continue;
        }
        let start = found.map_or(first.max(within.start), |found| found.start);
        found = Some(start..next.min(within.end));
    }
    found
}
