//! The page in a real browser over the built binary: what a person sees is what was published.

#![expect(clippy::disallowed_methods, reason = "tests read what they were told")]
#![expect(clippy::panic, reason = "tests say what was unexpected")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

#[path = "../hub/needs.rs"]
mod needs;

/// Where page.mjs looks for a browser.
const BROWSERS: &[&str] =
    &["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// A hub on free ports and a directory of its own; both go with it.
struct Hub {
    child: Child,
    directory: PathBuf,
    http: String,
    mqtt: String,
}

impl Hub {
    fn start(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("uns-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("the temporary directory takes folders");
        let log = fs::File::create(directory.join("stderr.log")).expect("a log file");
        let child = Command::new(env!("CARGO_BIN_EXE_uns"))
            .arg("run")
            .args([Path::new("--data"), &directory.join("data")])
            .args([Path::new("--ready-file"), &directory.join("ready.json")])
            .args(["--set", "mqtt.listen=127.0.0.1:0", "--set", "http.listen=127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary under test starts");
        let mut hub = Self { child, directory, http: String::new(), mqtt: String::new() };
        let ready = hub.ready();
        let address = |key: &str| ready[key].as_str().expect("an address").to_owned();
        (hub.http, hub.mqtt) = (address("http"), address("mqtt"));
        hub
    }

    fn ready(&self) -> Value {
        let file = self.directory.join("ready.json");
        let text = (0..1200).find_map(|_| {
            thread::sleep(Duration::from_millis(50));
            fs::read_to_string(&file).ok()
        });
        let text = text.unwrap_or_else(|| self.log());
        serde_json::from_str(&text).expect("the hub is ready and says so in JSON")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("stderr.log")).unwrap_or_default()
    }

    fn fetch(&self, path: &str) -> String {
        let url = format!("http://{}{path}", self.http);
        let output = Command::new("curl").args(["-s", "-f", &url]).output().expect("curl runs");
        assert!(output.status.success(), "GET {path}: {}", self.log());
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.directory));
    }
}

#[test]
fn the_page_shows_what_was_published() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Without Node the binary has no page either.
    let node = Command::new("node").arg("--version").output().is_ok();
    let browser = BROWSERS.iter().any(|browser| Path::new(browser).exists());
    if !needs::have("node", node) || !needs::have("browser", browser) {
        return;
    }
    let installed = root.join("web/node_modules/playwright-core");
    assert!(installed.exists(), "{} is missing: run `make web` once", installed.display());
    let hub = Hub::start("page");
    let index = hub.fetch("/");
    assert!(index.contains("<div id=\"root\">"), "the binary carries the page: {index}");
    let output = Command::new("node")
        .arg(root.join("tests/page/page.mjs"))
        .args([&hub.http, &hub.mqtt])
        .arg(root.join("web/test-results/page"))
        .output()
        .expect("node starts");
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complained}{}", hub.log());
}

#[test]
fn the_page_is_built_for_the_interface_the_hub_has() {
    let hub = Hub::start("page-interface");
    let served = hub.fetch("/api/v1/openapi.json");
    let committed = include_str!("../../web/openapi.json");
    let [served, committed] =
        [served.as_str(), committed].map(|text| serde_json::from_str::<Value>(text).expect("JSON"));
    let remedy = "save /api/v1/openapi.json as web/openapi.json, then `npm run generate` in web";
    assert!(served == committed, "the interface has changed: {remedy}");
}
