//! SQLite on the simulated disk: the catalog of history loses what it did not sync, tears pages and finds
//! the disk full like everything else.
//!
//! SQLite asks for files through a "VFS", a table of C functions. There is one for each machine, with a
//! name of its own; [`open_file`] is what its functions do with one open file.
#![expect(unsafe_code, reason = "SQLite calls C functions; each says why its pointers hold")]

mod open_file;

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fabric::Disk;
use libsqlite3_sys as ffi;

use open_file::OpenFile;

/// The longest path, as SQLite wants to know it.
const PATH_MAX: c_int = 256;
/// SQLite tells the time for nothing that is stored here.
const SOME_DAY: f64 = 2_460_000.5;

/// Vfs names are of the whole process.
static MACHINES: AtomicU64 = AtomicU64::new(0);

/// A disk as SQLite finds it, while this lives.
pub(crate) struct SqliteDisk {
    vfs: *mut ffi::sqlite3_vfs,
    name: CString,
    seen: Box<Seen>,
}

/// What the functions have of it.
struct Seen {
    disk: Arc<dyn Disk>,
    /// Temporary files were given so many names.
    temporaries: AtomicU64,
}

impl SqliteDisk {
    /// Registers the disk under a name that nobody else has.
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        let name = format!("simulated-{}", MACHINES.fetch_add(1, Ordering::Relaxed));
        let name = CString::new(name).expect("there is no zero in it");
        let seen = Box::new(Seen { disk, temporaries: AtomicU64::new(0) });
        let vfs = Box::into_raw(Box::new(table(&name, &seen)));
        // SAFETY: the table, its name and what it points to are at their place until `drop` has taken
        // it out of SQLite's list.
        let registered = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
        assert_eq!(registered, ffi::SQLITE_OK, "SQLite takes any number of them");
        Self { vfs, name, seen }
    }

    /// By what name SQLite reaches it.
    pub(crate) fn name(&self) -> &str {
        self.name.to_str().expect("it was made of text")
    }
}

impl std::fmt::Debug for SqliteDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let temporaries = self.seen.temporaries.load(Ordering::Relaxed);
        f.debug_struct("SqliteDisk").field("temporaries", &temporaries).finish_non_exhaustive()
    }
}

impl Drop for SqliteDisk {
    fn drop(&mut self) {
        // SAFETY: it was registered by `new`, and the hub, whose connections used it, is gone before
        // its machine.
        unsafe {
            ffi::sqlite3_vfs_unregister(self.vfs);
            drop(Box::from_raw(self.vfs));
        }
    }
}

fn table(name: &CStr, seen: &Seen) -> ffi::sqlite3_vfs {
    let file_bytes = c_int::try_from(size_of::<OpenFile>()).expect("two pointers");
    ffi::sqlite3_vfs {
        iVersion: 1,
        szOsFile: file_bytes,
        mxPathname: PATH_MAX,
        pNext: ptr::null_mut(),
        zName: name.as_ptr(),
        pAppData: ptr::from_ref(seen).cast_mut().cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_path),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: None,
        xCurrentTimeInt64: None,
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

/// # Safety
/// The table is one of [`SqliteDisk::new`].
unsafe fn seen<'a>(vfs: *mut ffi::sqlite3_vfs) -> &'a Seen {
    // SAFETY: `pAppData` points to what lives longer than the table.
    unsafe { &*(*vfs).pAppData.cast::<Seen>() }
}

/// # Safety
/// It is a C string that outlives the call.
unsafe fn path<'a>(name: *const c_char) -> &'a Path {
    // SAFETY: as the caller says.
    let name = unsafe { CStr::from_ptr(name) };
    Path::new(name.to_str().expect("paths here are of our own making"))
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls with the table it was given.
    let seen = unsafe { seen(vfs) };
    let path = if name.is_null() {
        let mut path = String::from("/sqlite-temporary-");
        let number = seen.temporaries.fetch_add(1, Ordering::Relaxed);
        write!(path, "{number}").expect("a string takes everything");
        PathBuf::from(path)
    } else {
        // SAFETY: SQLite's file names are C strings.
        unsafe { path(name) }.to_owned()
    };
    let opened = OpenFile::open(&seen.disk, path, flags);
    // SAFETY: SQLite gives a place of `szOsFile` bytes, and somewhere for the flags if it wants them.
    unsafe {
        let code = OpenFile::put(file, opened);
        if !flags_out.is_null() {
            *flags_out = flags;
        }
        code
    }
}

unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_dir: c_int,
) -> c_int {
    // SAFETY: SQLite calls with the table it was given, and a C string.
    let (seen, path) = unsafe { (seen(vfs), path(name)) };
    match seen.disk.remove(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => ffi::SQLITE_IOERR_DELETE_NOENT,
        Err(_) => ffi::SQLITE_IOERR_DELETE,
        Ok(()) if sync_dir == 0 => ffi::SQLITE_OK,
        Ok(()) => match seen.disk.sync_dir(path.parent().unwrap_or(path)) {
            Ok(()) => ffi::SQLITE_OK,
            Err(_) => ffi::SQLITE_IOERR_DIR_FSYNC,
        },
    }
}

/// As on Unix, a file that is empty does not exist.
unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls with the table it was given, and a C string.
    let (seen, path) = unsafe { (seen(vfs), path(name)) };
    let is_there = match seen.disk.open(path).and_then(|file| file.length()) {
        Ok(length) => length > 0,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(_) => return ffi::SQLITE_IOERR_ACCESS,
    };
    // SAFETY: SQLite waits for the answer there.
    unsafe { *out = c_int::from(is_there) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_path(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    bytes: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives a C string, and room for so many bytes.
    unsafe {
        let name = CStr::from_ptr(name).to_bytes_with_nul();
        if name.len() > usize::try_from(bytes).unwrap_or_default() {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(name.as_ptr(), out.cast::<u8>(), name.len());
    }
    ffi::SQLITE_OK
}

/// SQLite takes chance from the default file system, which this is not.
unsafe extern "C" fn randomness(
    _vfs: *mut ffi::sqlite3_vfs,
    bytes: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives room for so many bytes.
    unsafe {
        ptr::write_bytes(
            out.cast::<c_void>().cast::<u8>(),
            7,
            usize::try_from(bytes).unwrap_or_default(),
        )
    };
    bytes
}

unsafe extern "C" fn sleep(_vfs: *mut ffi::sqlite3_vfs, micros: c_int) -> c_int {
    micros
}

unsafe extern "C" fn current_time(_vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: SQLite waits for the answer there.
    unsafe { *out = SOME_DAY };
    ffi::SQLITE_OK
}
