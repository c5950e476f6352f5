//! Topics with levels that have no name or are called like a wildcard of URLs: every path the tree
//! hands out can be asked for, and what lives there be read.

use serde_json::Value;

use crate::hub::{Hub, Scratch};

/// The topics below a path, found by walking.
fn walk(hub: &Hub, path: Option<&str>, found: &mut Vec<String>) {
    let call = match path {
        Some(path) => format!("tree?path={}", path.replace('*', "%2A")),
        None => "tree".to_owned(),
    };
    let children = hub.get(&call)["children"].as_array().cloned().expect("a list");
    for child in children {
        let path = child["path"].as_str().expect("a path");
        if child["leaf"] == true {
            found.push(path.to_owned());
        }
        if child["children"].as_u64() > Some(0) {
            walk(hub, Some(path), found);
        }
    }
}

#[test]
fn topics_with_empty_levels_and_stars_are_walked_and_read() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let mut topics = ["/l/x", "a//b", "//a", "a/c", "a/", "s/*/t", "s/**", "/"].map(str::to_owned);
    for topic in &topics {
        hub.mosquitto_pub(&["-t", topic, "-m", "1", "-q", "1"]);
    }
    let mut found = Vec::new();
    walk(&hub, None, &mut found);
    found.sort();
    topics.sort();
    assert_eq!(found, topics);
    for topic in &topics {
        let url = topic.split('/').map(|level| match level {
            "*" => "%5C*".to_owned(),
            "**" => "%5C**".to_owned(),
            level => level.to_owned(),
        });
        let url = url.collect::<Vec<_>>().join("/");
        let values = hub.get(&format!("current?filter={url}"))["values"].clone();
        let read: Vec<_> = values.as_array().expect("a list").iter().map(|v| &v["topic"]).collect();
        assert_eq!(read, [&Value::from(topic.as_str())], "{url}");
        assert_eq!(hub.history(topic, "").len(), 1, "{topic}");
    }
}
