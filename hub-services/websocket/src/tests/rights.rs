//! What a client hears whose rights change while it is connected.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use hub_kit::http::{Credential, LogIn};
use hub_kit::services::Boxed;
use hub_kit::{Caller, Refusal, Rights};
use tokio_tungstenite::tungstenite::Message;
use uns_model::Coverage;

use super::client::{Client, PATIENCE};
use super::plant::Plant;
use crate::Config;

/// Somebody who may read everything, or nothing.
#[derive(Clone, Debug)]
struct Switch(Arc<AtomicBool>);

impl Rights for Switch {
    fn may_publish(&self, _: &str) -> bool {
        false
    }

    fn may_read(&self, _: &str) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn reads(&self, _: &str) -> Coverage {
        if self.0.load(Ordering::SeqCst) { Coverage::All } else { Coverage::None }
    }

    fn is_admin(&self) -> bool {
        false
    }

    fn has_ended(&self) -> bool {
        false
    }

    fn version(&self) -> u64 {
        u64::from(self.0.load(Ordering::SeqCst))
    }
}

impl LogIn for Switch {
    fn log_in(&self, _: Credential, _: Option<IpAddr>) -> Boxed<'_, Result<Caller, Refusal>> {
        Box::pin(async { Ok(self.anonymous()) })
    }

    fn anonymous(&self) -> Caller {
        Caller { name: "press1".into(), rights: Arc::new(self.clone()) }
    }

    fn is_possible(&self) -> bool {
        true
    }
}

/// What is said until so many pings came.
async fn heard(client: &mut Client, pings: usize) -> Vec<String> {
    let (mut seen, mut texts) = (0, Vec::new());
    while seen < pings {
        let next = tokio::time::timeout(PATIENCE, client.0.next()).await.unwrap();
        match next.unwrap().unwrap() {
            Message::Ping(_) => seen += 1,
            Message::Text(text) => texts.push(text.to_string()),
            _ => {}
        }
    }
    texts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_read_nothing_any_more_hears_no_position_of_the_log() {
    let switch = Switch(Arc::new(AtomicBool::new(true)));
    let config = Config { ping_ms: 100, ..Config::default() };
    let plant = Plant::start_for(config, Arc::new(switch.clone())).await;
    let mut client = plant.connect().await;
    client.say(r#"{"op":"subscribe","id":1,"filter":"quiet"}"#).await;
    client.next().await;
    plant.publish("busy", "1");
    // A quiet client hears how far the log is.
    let beat = client.next().await;
    assert_eq!(beat["samples"].as_array().map(Vec::len), Some(0), "{beat}");
    switch.0.store(false, Ordering::SeqCst);
    heard(&mut client, 2).await;
    for n in 0..4 {
        plant.publish("busy", &n.to_string());
        let texts = heard(&mut client, 2).await;
        assert!(texts.is_empty(), "{texts:?}");
    }
    switch.0.store(true, Ordering::SeqCst);
    let beat = client.next().await;
    let cursor = beat["cursor"].as_str().and_then(|cursor| cursor.parse::<fabric::Cursor>().ok());
    assert!(cursor.is_some_and(|cursor| cursor.sequence().0 > 4), "{beat}");
}
