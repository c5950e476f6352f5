//! One file that SQLite has open.

use std::ffi::{c_int, c_void};
use std::io;
use std::path::PathBuf;
use std::slice;
use std::sync::Arc;

use fabric::{Disk, File};
use libsqlite3_sys as ffi;

/// What a sector is to SQLite, as on Unix.
const SECTOR: c_int = 4_096;
/// Files whose names are made durable with their first sync, as on Unix.
const JOURNALS: c_int = ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_WAL;

/// A file in the memory SQLite has for it: what SQLite looks at, and what is ours.
#[repr(C)]
pub(super) struct OpenFile {
    base: ffi::sqlite3_file,
    own: *mut Own,
}

/// An open file of the disk.
pub(super) struct Own {
    file: Arc<dyn File>,
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// Its name is not durable yet, and is to be.
    is_new: bool,
    is_temporary: bool,
}

impl OpenFile {
    /// Opens a file, or makes it, as the flags say.
    pub(super) fn open(disk: &Arc<dyn Disk>, path: PathBuf, flags: c_int) -> io::Result<Own> {
        let creates = flags & ffi::SQLITE_OPEN_CREATE != 0;
        let is_journal = flags & JOURNALS != 0;
        let (file, is_new) = match disk.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && creates => {
                (disk.create(&path)?, is_journal)
            }
            opened => (opened?, false),
        };
        let is_temporary = flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0;
        Ok(Own { file, disk: Arc::clone(disk), path, is_new, is_temporary })
    }

    /// Hands it to SQLite.
    ///
    /// # Safety
    /// The place is of the size of this type.
    pub(super) unsafe fn put(place: *mut ffi::sqlite3_file, opened: io::Result<Own>) -> c_int {
        let place = place.cast::<Self>();
        let (methods, own, code) = match opened {
            Ok(own) => (&raw const METHODS, Box::into_raw(Box::new(own)), ffi::SQLITE_OK),
            // Without methods it is not closed.
            Err(_) => (std::ptr::null(), std::ptr::null_mut(), ffi::SQLITE_CANTOPEN),
        };
        // SAFETY: as the caller says.
        unsafe { place.write(Self { base: ffi::sqlite3_file { pMethods: methods }, own }) };
        code
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// # Safety
/// SQLite calls with a file that [`OpenFile::put`] opened and that is not closed; one call at a time.
unsafe fn own<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Own {
    // SAFETY: as the caller says.
    unsafe { &mut *(*file.cast::<OpenFile>()).own }
}

fn code(result: io::Result<()>, failed: c_int) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        Err(error) if error.kind() == io::ErrorKind::StorageFull => ffi::SQLITE_FULL,
        Err(_) => failed,
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once.
    let own = unsafe { Box::from_raw((*file.cast::<OpenFile>()).own) };
    if own.is_temporary {
        // A disk that is off has lost it anyway.
        drop(own.disk.remove(&own.path));
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    out: *mut c_void,
    bytes: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: SQLite gives an open file and room for so many bytes.
    let (own, buffer) = unsafe {
        let bytes = usize::try_from(bytes).unwrap_or_default();
        std::ptr::write_bytes(out.cast::<u8>(), 0, bytes);
        (own(file), slice::from_raw_parts_mut(out.cast::<u8>(), bytes))
    };
    let read = own.file.read_exact_at(buffer, offset.cast_unsigned());
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => ffi::SQLITE_IOERR_SHORT_READ,
        read => code(read, ffi::SQLITE_IOERR_READ),
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    bytes: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: SQLite gives an open file and so many bytes.
    let (own, bytes) = unsafe {
        let bytes = usize::try_from(bytes).unwrap_or_default();
        (own(file), slice::from_raw_parts(from.cast::<u8>(), bytes))
    };
    code(own.file.write_all_at(bytes, offset.cast_unsigned()), ffi::SQLITE_IOERR_WRITE)
}

/// A file of the disk does not become shorter. Zeros are no frames of a log and no journal, and pages
/// that the header does not count are not read.
unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: SQLite gives an open file.
    let own = unsafe { own(file) };
    let size = size.cast_unsigned();
    let zeroed = own.file.length().and_then(|length| match length.saturating_sub(size) {
        0 => Ok(()),
        more => {
            let more = usize::try_from(more).map_err(io::Error::other)?;
            own.file.write_all_at(&vec![0; more], size)
        }
    });
    code(zeroed, ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let own = unsafe { own(file) };
    if own.file.sync_data().is_err() {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    if own.is_new {
        let dir = own.path.parent().unwrap_or(&own.path);
        if own.disk.sync_dir(dir).is_err() {
            return ffi::SQLITE_IOERR_DIR_FSYNC;
        }
        own.is_new = false;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: SQLite gives an open file, and waits for the answer there.
    unsafe {
        match own(file).file.length() {
            Ok(length) => *out = length.cast_signed(),
            Err(_) => return ffi::SQLITE_IOERR_FSTAT,
        }
    }
    ffi::SQLITE_OK
}

/// There is one process, with one connection.
unsafe extern "C" fn lock(_file: *mut ffi::sqlite3_file, _level: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn is_reserved(_file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: SQLite waits for the answer there.
    unsafe { *out = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn control(_: *mut ffi::sqlite3_file, _op: c_int, _arg: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector(_file: *mut ffi::sqlite3_file) -> c_int {
    SECTOR
}

/// Beside what is written nothing is lost, which SQLite takes for granted on Unix too.
unsafe extern "C" fn characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}
