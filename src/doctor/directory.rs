//! The data directory: whether it is one, whose it is, who has it, and which format it has.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use fabric_local::{FoundFormat, Holder, Inspection};
use rustix::fs::{Access, access};

use super::Finding;

const AREA: &str = "directory";

/// Looks at a directory; what it shows comes back where it can be read.
pub(super) fn examine(data: &Path) -> (Option<Inspection>, Vec<Finding>) {
    let shown = data.display();
    if !data.exists() {
        return (None, vec![missing(data)]);
    }
    if !data.is_dir() {
        let found = format!("{shown} is no directory");
        return (None, vec![Finding::failed(AREA, found, "name another one with --data")]);
    }
    let mut findings = vec![rights(data)];
    let inspection = match Inspection::of(data) {
        Ok(inspection) => inspection,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            let found = format!("{error}{}", cause.unwrap_or_default());
            let remedy = "run this as the user the hub runs as, or give that user the files: \
                          chown -R USER DIRECTORY";
            findings.push(Finding::failed(AREA, found, remedy));
            return (None, findings);
        }
    };
    findings.push(format(data, &inspection));
    findings.push(holder(data, inspection.holder));
    (Some(inspection), findings)
}

fn missing(data: &Path) -> Finding {
    let shown = data.display();
    let parent = existing(data);
    if access(&parent, Access::WRITE_OK | Access::EXEC_OK).is_ok() {
        return Finding::ok(AREA, format!("{shown} does not exist yet; the first start makes it"));
    }
    Finding::failed(
        AREA,
        format!("{shown} does not exist, and this user may not make it in {}", parent.display()),
        format!("make it as root and give it away: install -d -m 700 -o USER {shown}"),
    )
}

/// The directory itself or the nearest above it that exists.
pub(super) fn existing(data: &Path) -> PathBuf {
    let absolute = std::path::absolute(data).unwrap_or_else(|_| data.to_path_buf());
    let found = absolute.ancestors().find(|path| path.is_dir());
    found.unwrap_or(Path::new("/")).to_path_buf()
}

fn rights(data: &Path) -> Finding {
    let shown = data.display();
    if let Err(error) = access(data, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        let owner = fs::metadata(data).map_or(0, |metadata| metadata.uid());
        return Finding::failed(
            AREA,
            format!("this user may not read and write {shown} ({error}); user {owner} owns it"),
            format!("run the hub as its owner, or give it away: chown -R $(id -un) {shown}"),
        );
    }
    let mode = fs::metadata(data).map_or(0, |metadata| metadata.mode());
    if mode & 0o077 != 0 {
        return Finding::warning(
            AREA,
            format!("{shown} can be looked into by other users (mode {:04o})", mode & 0o7777),
            format!("chmod 700 {shown}"),
        );
    }
    Finding::ok(AREA, format!("{shown} can be read and written by this user"))
}

fn format(data: &Path, inspection: &Inspection) -> Finding {
    let (shown, supported) = (data.display(), Inspection::DIRECTORY_FORMAT);
    match inspection.format {
        Some(FoundFormat::Known(format)) => {
            let known =
                format!("{shown} has format {format}; this release reads up to {supported}");
            Finding::ok(AREA, known)
        }
        Some(FoundFormat::Newer(format)) => Finding::failed(
            AREA,
            format!("{shown} has format {format}; this release reads up to {supported}"),
            "start the release that wrote it, or a newer one; this one changes nothing in it",
        ),
        Some(FoundFormat::Unreadable) => Finding::failed(
            AREA,
            format!("no line of {} can be read", data.join("VERSION").display()),
            "put back the file of a copy of this directory, or of another one of the same release",
        ),
        None if inspection.is_foreign => Finding::failed(
            AREA,
            format!("{shown} is not empty, and no data directory: it has no VERSION file"),
            "name an empty directory, or one that does not exist, with --data; if VERSION was \
             removed by mistake, put it back",
        ),
        None => Finding::ok(AREA, format!("{shown} is empty; the first start fills it")),
    }
}

fn holder(data: &Path, holder: Holder) -> Finding {
    let shown = data.display();
    match holder {
        Holder::Nobody => Finding::ok(AREA, format!("no process has {shown}")),
        Holder::Process(Some(pid)) => {
            Finding::ok(AREA, format!("a hub runs on {shown} (pid {pid}); a second one cannot"))
        }
        Holder::Process(None) => {
            Finding::ok(AREA, format!("a hub runs on {shown}; a second one cannot"))
        }
    }
}
