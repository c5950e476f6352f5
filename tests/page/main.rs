//! The page in a real browser over the built binary: what a person sees is what was published.

#[path = "../hub/hub.rs"]
#[expect(dead_code, reason = "the harness serves other tests, too")]
mod hub;

use std::path::Path;
use std::process::Command;

use hub::{Hub, Scratch};

#[test]
fn the_page_shows_what_was_published() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed = root.join("web/node_modules/playwright-core");
    assert!(installed.exists(), "{} is missing: run `make web` once", installed.display());
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let (_, index) = hub.fetch("/");
    assert!(index.contains("<div id=\"root\">"), "the binary carries the page: {index}");
    let output = Command::new("node")
        .arg(root.join("tests/page/page.mjs"))
        .args([hub.http.to_string(), hub.mqtt.to_string()])
        .arg(root.join("web/test-results/page"))
        .output()
        .expect("node starts");
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complained}{}", hub.log());
}
