//! Word from the hub to whoever changes its accounts: which state of `access.toml` is in force. It
//! lies in the data directory, since whoever may change the one may read the other.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use broker_access::AccessFile;
use fabric_local::{Holder, Inspection};
use uns_model::{Clock as _, SystemClock};

const FILE: &str = "access.in-force";
/// Always as long: written over itself, it needs no space on a full disk.
const BYTES: usize = 64;
/// How long a hub may take; it looks twice a second.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(50);

fn path(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// The hub says what is in force.
pub(crate) fn tell(data: &Path, state: &str) {
    let text = format!("{state:<width$}\n", width = BYTES - 1);
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).open(path(data));
    if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
        // Whoever waits for it gives up in time.
        tracing::warn!(%error, "which accounts are in force is not told in the data directory");
    }
}

fn told(data: &Path) -> String {
    fs::read_to_string(path(data)).unwrap_or_default().trim_end().to_owned()
}

/// Waits until the hub of a directory has taken in its access file; says so where none runs.
pub(super) fn wait(data: &Path) -> Result<()> {
    let pid = match Inspection::holder_of(data)? {
        Holder::Nobody => {
            eprintln!("uns: no hub runs on {}; it takes this in when it starts", data.display());
            return Ok(());
        }
        Holder::Process(pid) => pid,
    };
    let file = AccessFile::of(data);
    let give_up = SystemClock.monotonic() + PATIENCE;
    while told(data) != file.state() {
        if SystemClock.monotonic() >= give_up {
            let pid = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
            bail!(
                "{} is changed, but the hub{pid} has not taken it in within {} s; its log says why",
                file.path().display(),
                PATIENCE.as_secs()
            );
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_replaces_the_one_before() {
        let data = std::env::temp_dir().join(format!("uns-in-force-{}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        assert_eq!(told(&data), "");
        tell(&data, "1790000000000000000 ns, 512 bytes");
        tell(&data, "no file");
        assert_eq!(told(&data), AccessFile::of(&data).state());
        assert_eq!(fs::metadata(path(&data)).unwrap().len(), BYTES as u64);
        fs::remove_dir_all(&data).unwrap();
    }
}
