//! A web page cannot reach the hub through its reader's browser: foreign names, foreign origins and
//! bodies a form could send are refused, each with its reason.

use crate::hub::{Hub, Scratch, curl};

const ITEM: &str = r#"{"topic":"uns/v1/acme/a","payload":1}"#;

fn refused(hub: &Hub, path: &str, args: &[&str], (status, reason): (u16, &str)) {
    let url = format!("http://{}{path}", hub.http);
    let (got, body) = curl(&[&["-s", "-w", "\n%{http_code}"], args, &[&url]].concat());
    assert_eq!(got, status, "{args:?}: {body}");
    assert!(body.contains(&format!("\"reason\":\"{reason}\"")), "{args:?}: {body}");
}

#[test]
fn foreign_hosts_origins_and_forms_are_refused() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let (current, publish) = ("/api/v1/uns/current", "/api/v1/uns/publish");
    let json = "Content-Type: application/json";
    let rebound = (403, "host_not_allowed");
    refused(&hub, current, &["-H", "Host: evil.example"], rebound);
    refused(&hub, "/metrics", &["-H", "Host: evil.example"], rebound);
    refused(&hub, "/", &["-H", "Host: 127.0.0.1.evil.example"], rebound);
    let foreign = (403, "origin_not_allowed");
    for origin in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
        refused(&hub, publish, &["-H", origin, "-H", json, "-d", ITEM], foreign);
        refused(&hub, "/api/v1/uns/nodes?path=uns", &["-H", origin, "-X", "DELETE"], foreign);
        let mut upgrade = vec!["-H", origin, "-H", "Connection: Upgrade"];
        upgrade.extend(["-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13"]);
        upgrade.extend(["-H", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]);
        refused(&hub, "/api/v1/ws", &upgrade, foreign);
    }
    for form in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let form = format!("Content-Type: {form}");
        refused(&hub, publish, &["-H", &form, "-d", ITEM], (415, "content_type"));
    }
    let values = hub.get("current?filter=**");
    assert_eq!(values["values"].as_array().map(Vec::len), Some(0), "nothing got through");

    let own = format!("Origin: http://{}", hub.http);
    let url = format!("http://{}{publish}", hub.http);
    let (status, body) =
        curl(&["-s", "-w", "\n%{http_code}", "-H", &own, "-H", json, "-d", ITEM, &url]);
    assert_eq!(status, 200, "the hub's own page may: {body}");
}
