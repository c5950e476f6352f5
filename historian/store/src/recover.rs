//! Start-up: what a crash left behind, and whether the newest files are whole.

use std::collections::HashSet;
use std::sync::Arc;

use uns_model::Sequence;

use crate::catalog::{Catalog, Loaded};
use crate::error::Error;
use crate::file::{Entry, Files};
use crate::flush::is_ours;
use crate::gap::Gap;

/// Set-aside files carry this behind their name.
const SET_ASIDE: &str = ".damaged";

/// Behind the name of a file nobody lists and nobody can make again.
const UNLISTED: &str = ".unlisted";

/// Removes temporaries and files the manifest does not know, then checks the files of the newest
/// checkpoint: those a crash may have caught.
///
/// What an unlisted file holds came after the cursor, so the log gives it again, if its records
/// from `oldest` on reach back that far. If not, or if the catalog was lost, files are kept.
pub(crate) fn recover(
    files: &Files,
    catalog: &Catalog,
    loaded: &mut Loaded,
    oldest: Sequence,
) -> Result<(), Error> {
    let replayable = oldest <= loaded.cursor.next();
    let known: HashSet<_> = loaded.files.iter().map(|entry| entry.name.as_str()).collect();
    let names = files.disk().list(files.dir()).map_err(|e| files.disk_error("list", "", e))?;
    for name in names.iter().filter(|name| is_ours(name) && !known.contains(name.as_str())) {
        if !replayable && !name.ends_with(".tmp") {
            keep_unlisted(files, name)?;
            continue;
        }
        tracing::info!(name, "removing a history file that was never published");
        let removed = files.disk().remove(&files.path(name));
        removed.map_err(|error| files.disk_error("remove", name, error))?;
    }
    let newest = loaded.files.iter().map(|entry| entry.until).max();
    let mut damaged = Vec::new();
    for entry in loaded.files.iter().filter(|entry| Some(entry.until) == newest) {
        match files.verify(entry) {
            Ok(()) => {}
            Err(Error::Damaged { what, .. }) => damaged.push((entry.clone(), what)),
            Err(other) => return Err(other),
        }
    }
    for (entry, what) in damaged {
        let gap = set_aside(files, catalog, &entry, &what)?;
        loaded.files.retain(|kept| kept.name != entry.name);
        loaded.gaps.push(gap);
    }
    Ok(())
}

fn keep_unlisted(files: &Files, name: &str) -> Result<(), Error> {
    let kept = format!("{name}{UNLISTED}");
    tracing::error!(
        name,
        kept,
        "the history catalog does not list this file and the log no longer has its records: it is \
         kept, but not served"
    );
    let renamed = files.disk().rename(&files.path(name), &files.path(&kept));
    renamed
        .and_then(|()| files.disk().sync_dir(files.dir()))
        .map_err(|error| files.disk_error("keep", name, error))
}

/// Takes a damaged file out of the manifest, keeps it under another name, and gives the gap.
pub(crate) fn set_aside(
    files: &Files,
    catalog: &Catalog,
    entry: &Entry,
    what: &str,
) -> Result<Gap, Error> {
    let name = &entry.name;
    let aside = format!("{name}{SET_ASIDE}");
    tracing::error!(name, aside, what, "a history file is damaged and set aside");
    let gap = Gap {
        after: entry.after,
        until: entry.until,
        start: entry.first_time,
        end: entry.last_time,
        series: Some(entry.series),
        reason: Arc::from(format!("history file {name} is damaged ({what}), kept as {aside}")),
    };
    // Renamed first: a crash in between leaves a listed file that is missing, which is found
    // again as damage; the other order would leave an unlisted file, which start-up removes.
    match files.disk().rename(&files.path(name), &files.path(&aside)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(files.disk_error("set aside", name, error));
        }
        _ => files.disk().sync_dir(files.dir()).map_err(|e| files.disk_error("sync", "", e))?,
    }
    catalog.set_aside(name, gap.clone())?;
    files.forget(name);
    Ok(gap)
}
