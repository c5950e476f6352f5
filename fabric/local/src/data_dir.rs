//! A data directory: its version, and the lock that keeps a second process out.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use fabric::{DirLock, Disk, Stream};

use crate::{Error, SystemDisk, private, system_disk};

/// The layout version this release writes and reads.
pub(crate) const VERSION: u32 = 1;
pub(crate) const VERSION_FILE: &str = "VERSION";
pub(crate) const LOCK_FILE: &str = "LOCK";

/// A directory that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Open files carry the locks; the kernel frees them even after `kill -9`.
    _dir_lock: DirLock,
    _lock: fs::File,
}

impl DataDir {
    /// Takes a directory, creating it where needed.
    ///
    /// # Errors
    /// `InUse` when another process has it, `NewerFormat` when a newer release wrote it, `NotOurs`
    /// when it holds something else.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let disk = SystemDisk;
        disk.create_dir_all(path).map_err(Error::io("create", path))?;
        let version = path.join(VERSION_FILE);
        match disk.read(&version) {
            Ok(bytes) => check_version(&version, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => refuse_foreign(path)?,
            Err(error) => return Err(Error::io("read", &version)(error)),
        }
        let dir_lock = disk.lock_dir(path).map_err(Error::in_use(path))?;
        let lock = lock(path)?;
        private::tighten(path);
        match disk.read(&version) {
            Ok(found) => make_whole(&version, &found),
            Err(_) => {
                let text = version_text(VERSION);
                let written = disk.write_atomic(&version, text.as_bytes());
                written.map_err(Error::io("write", &version))?;
            }
        }
        Ok(Self { path: path.to_path_buf(), _dir_lock: dir_lock, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory of a stream's log.
    pub fn stream(&self, stream: Stream) -> PathBuf {
        self.path.join("streams").join(stream.name())
    }
}

/// Three lines, each with its checksum: a flipped bit spoils two at most, when it joins them.
fn version_text(version: u32) -> String {
    let line = version_line(version);
    format!("{line}\n{line}\n{line}\n")
}

fn version_line(version: u32) -> String {
    let text = format!("uns data directory, format {version}");
    let crc = crc32fast::hash(text.as_bytes());
    format!("{text} #{crc:08x}")
}

/// The version a `VERSION` file names; `None` where no line of it is whole.
pub(crate) fn version_in(bytes: &[u8]) -> Option<u32> {
    let text = String::from_utf8_lossy(bytes);
    let versions = text.lines().filter_map(|line| {
        let version = line.strip_prefix("uns data directory, format ")?.split(' ').next()?;
        let version = version.parse().ok()?;
        (version_line(version) == line).then_some(version)
    });
    versions.max()
}

fn check_version(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    match version_in(bytes) {
        None => Err(Error::VersionUnreadable { path: path.to_path_buf() }),
        Some(found) if found > VERSION => {
            Err(Error::NewerFormat { path: path.to_path_buf(), found, supported: VERSION })
        }
        Some(_) => Ok(()),
    }
}

/// Writes a file again of which some line is damaged, before it is the next line's turn.
fn make_whole(path: &Path, found: &[u8]) {
    let whole = version_text(VERSION);
    if found == whole.as_bytes() || version_in(found) != Some(VERSION) {
        return;
    }
    let path_shown = path.display();
    match SystemDisk.write_atomic(path, whole.as_bytes()) {
        Ok(()) => {
            tracing::warn!(path = %path_shown, "a line of it was damaged, it is written again")
        }
        Err(error) => tracing::warn!(path = %path_shown, %error, "a line of it is damaged"),
    }
}

/// Without a VERSION file the directory must be empty, but for what a first start left behind.
pub(crate) fn refuse_foreign(path: &Path) -> Result<(), Error> {
    // Accounts may be made before the first start.
    let ours = [LOCK_FILE, "VERSION.tmp", "lost+found", "access.toml", "access.toml.lock"];
    for entry in fs::read_dir(path).map_err(Error::io("list", path))? {
        let entry = entry.map_err(Error::io("list", path))?;
        if !ours.iter().any(|name| entry.file_name() == *name) {
            return Err(Error::NotOurs { path: path.to_path_buf() });
        }
    }
    Ok(())
}

/// The directory itself carries the lock, and this file too: for releases that know only the file,
/// and for people, who read in it who has the directory.
fn lock(dir: &Path) -> Result<fs::File, Error> {
    let path = dir.join(LOCK_FILE);
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(&path).map_err(Error::io("open", &path))?;
    if let Err(error) = system_disk::lock(&file) {
        if error.kind() != io::ErrorKind::WouldBlock {
            return Err(Error::io("lock", &path)(error));
        }
        let mut text = String::new();
        let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
        return Err(Error::InUse { path: dir.to_path_buf(), pid });
    }
    // The number is for people; on a full disk the lock holds without it.
    if let Err(error) = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())) {
        tracing::warn!(path = %path.display(), %error, "cannot write the process id of the lock");
    }
    Ok(file)
}
