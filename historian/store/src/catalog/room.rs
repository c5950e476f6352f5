//! Tells a catalog that has no room from one whose device fails.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::file::CatalogFile;
use crate::error::Error;

/// What SQLite calls a write that failed, unless the disk is full: the quota is, or the device fails.
const SQLITE_IOERR_WRITE: i32 = 778;
/// More than a change of the catalog writes as a rule.
const PROBE_BYTES: usize = 1 << 18;

/// Why a change of the catalog failed. Where SQLite does not say whether there was room, what the disk
/// says to a write beside the catalog does.
pub(super) fn name_cause(error: Error, file: &CatalogFile) -> Error {
    if !file.is_beside_others() || error.sqlite_code() != Some(SQLITE_IOERR_WRITE) {
        return error;
    }
    let path = file.path().with_extension("probe");
    match write_probe(&path) {
        Ok(()) => error,
        Err(source) => named(error, Error::Disk { action: "write", path, source }),
    }
}

/// The failure of the probe, if there was no room for it; else that of the catalog.
fn named(catalog: Error, probe: Error) -> Error {
    if probe.is_no_room() { probe } else { catalog }
}

/// Writes a file that has no name while it is written, so that nothing stays of it.
fn write_probe(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    std::fs::remove_file(path)?;
    file.write_all(&vec![0; PROBE_BYTES])?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::error::tests::refused;

    #[test]
    fn a_device_that_fails_is_not_a_full_disk() {
        let dir = std::env::temp_dir().join(format!("catalog-room-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = CatalogFile::at(&dir.join("catalog.sqlite"));
        // SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_CORRUPT, on a disk with room.
        for (code, expected) in [("13", true), ("778", false), ("11", false)] {
            let error = name_cause(refused(code), &file);
            assert!(matches!(error, Error::Catalog { .. }), "{code}");
            assert_eq!(error.is_no_room(), expected, "{code}");
        }
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0, "nothing stays of the probe");
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_full_quota_of_the_catalog_is_no_room() {
        for (kind, expected) in [
            (ErrorKind::QuotaExceeded, true),
            (ErrorKind::StorageFull, true),
            (ErrorKind::PermissionDenied, false),
            (ErrorKind::Other, false),
        ] {
            let probe = Error::Disk { action: "write", path: "probe".into(), source: kind.into() };
            let error = named(refused("778"), probe);
            assert_eq!(error.is_no_room(), expected, "{kind}");
            assert_eq!(matches!(error, Error::Catalog { .. }), !expected, "{kind}");
        }
    }
}
