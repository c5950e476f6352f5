//! A flipped bit in a file that can be made again: the hub starts, names what it set aside, and
//! answers as before.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::hub::{Hub, Scratch};
use crate::sessions_survive::visit;

const TOPIC: &str = "uns/v1/acme/berlin/temperature";

/// What an earlier start kept for people.
fn is_set_aside(path: &Path) -> bool {
    path.to_string_lossy().contains(".damaged")
}

/// The only copy of something: records, samples, accounts.
fn is_original(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("log" | "parquet" | "toml"))
}

/// Every file below that is derived from others.
fn derived(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        match () {
            () if path.is_dir() => files.extend(derived(&path)),
            () if is_original(&path) || is_set_aside(&path) => {}
            () => files.push(path),
        }
    }
    files.sort();
    files
}

/// Flips one bit, so far into the file; in a database in its header alone: `SQLite` knows no
/// checksums, so not every flip inside a row can be told.
fn flip(path: &Path, part: usize, parts: usize) {
    let is_database = path.extension().is_some_and(|extension| extension == "sqlite");
    if is_database && part > 0 {
        return;
    }
    let mut bytes = fs::read(path).expect("it is readable");
    if bytes.is_empty() {
        return;
    }
    let place = (bytes.len() - 1) * part / parts;
    bytes[place] ^= 1 << (part % 8);
    fs::write(path, bytes).expect("it is written");
}

/// What the hub says of everything it holds, but for what changes with every start.
fn answers(hub: &Hub) -> Vec<Value> {
    let calls = ["current?filter=**", "tree?path=uns/v1/acme", "tree?path=plant"];
    let mut all: Vec<Value> = calls.iter().map(|call| hub.get(call)).collect();
    for topic in [TOPIC, "plant/hall"] {
        all.push(hub.history(topic, "").into());
    }
    let sessions = hub.fetch("/api/v1/broker/sessions").1;
    let sessions: Value = serde_json::from_str(&sessions).expect("JSON");
    let session = &sessions["sessions"][0];
    all.extend(
        ["clientId", "subscriptions", "queuedMessages", "dropped"].map(|key| session[key].clone()),
    );
    all
}

fn filled() -> (Scratch, Hub) {
    let scratch = Scratch::new();
    // Twice, so that there are two checkpoints of everything.
    for round in 0..2 {
        let mut hub = Hub::start(scratch.path());
        assert_eq!(visit(&hub, "5", if round == 0 { 0 } else { 4 }).lines().count(), 4 * round);
        for value in 0..4 {
            let topic = if value < 3 { TOPIC } else { "plant/hall" };
            let value = (10 * round + value).to_string();
            hub.mosquitto_pub(&["-t", topic, "-m", &value, "-q", "1", "-i", "press-7"]);
        }
        hub.history(TOPIC, "");
        hub.stop();
    }
    let hub = Hub::start(scratch.path());
    (scratch, hub)
}

#[test]
fn in_everything_that_can_be_made_again_changes_no_answer() {
    const PARTS: usize = 3;
    let (scratch, mut hub) = filled();
    let before = answers(&hub);
    let data = hub.data();
    for part in 0..=PARTS {
        hub.stop();
        let files = derived(&data);
        assert!(files.len() > 10, "{files:?}");
        files.iter().for_each(|file| flip(file, part, PARTS));
        hub = Hub::start(scratch.path());
        assert_eq!(answers(&hub), before, "part {part}: {}", hub.log());
        for fold in ["namespace", "sessions"] {
            let said = hub.log();
            let named = files.iter().filter(|file| file.starts_with(data.join(fold)));
            let mut named = named.filter(|file| !file.ends_with("LOCK"));
            assert!(
                named.all(|file| said.contains(&*file.to_string_lossy())),
                "part {part}: each damaged file of {fold} is named: {said}"
            );
        }
        for file in ["VERSION", "streams/data/LOG"] {
            let file = data.join(file);
            assert!(hub.log().contains(&*file.to_string_lossy()), "part {part}: {}", hub.log());
        }
    }
    for fold in ["history", "namespace", "sessions"] {
        let files = fs::read_dir(data.join(fold)).expect("a directory");
        let aside = files.filter(|file| is_set_aside(&file.as_ref().expect("an entry").path()));
        assert!(aside.count() > 0, "{fold} keeps what it set aside");
    }
    assert_eq!(visit(&hub, "5", 4).lines().count(), 4, "the session has what it was owed");
}
