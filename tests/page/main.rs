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
    if Command::new("node").arg("--version").output().is_err() {
        // Then the binary has no page either; `cargo xtask ci` notes that it was left out.
        return;
    }
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

#[test]
fn the_page_is_built_for_the_interface_the_hub_has() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let (_, served) = hub.fetch("/api/v1/openapi.json");
    let committed = include_str!("../../web/openapi.json");
    let [served, committed] = [served.as_str(), committed]
        .map(|text| serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
    let remedy = "save /api/v1/openapi.json as web/openapi.json, then `npm run generate` in web";
    assert!(served == committed, "the interface has changed: {remedy}");
}
