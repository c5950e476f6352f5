//! The stop, and what it waits for. What is acknowledged is on disk before it is acknowledged, so
//! nothing that is cut off here is lost: the next start replays the log. The order is:
//!
//! 1. Nobody new is let in, by MQTT or HTTP, and side by side all clients are told: DISCONNECT 0x8B,
//!    close frames, the ends of open answers. Whoever takes it in time is waited for, and nobody
//!    longer than [`CLIENTS`].
//! 2. The followers of the log write their checkpoints and history its files; the log commits what
//!    it was given and closes.
//! 3. What reads for a query that nobody waits for any more ends with the process.
//!
//! A thread of its own ends the process after [`ALL`], whatever hangs.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use broker_server::Server;
use tokio::runtime::Runtime;

use super::parts::Parts;
use super::serve::HttpSide;

/// How long clients may take to hear of it.
const CLIENTS: Duration = Duration::from_secs(1);
/// The longest a stop takes; a supervisor that allows three seconds need not kill.
const ALL: Duration = Duration::from_millis(2800);

const _: () = assert!(CLIENTS.as_millis() * 2 < ALL.as_millis(), "what is on disk has its time");

/// Ends everything.
pub(super) fn stop(hub: Runtime, (broker, http): (Server, HttpSide), parts: &Parts) -> Result<()> {
    limit()?;
    hub.block_on(async { tokio::join!(broker.shutdown(CLIENTS), http.stop(CLIENTS)) });
    tracing::info!("clients are gone");
    parts.close();
    hub.shutdown_background();
    tracing::info!("stopped");
    Ok(())
}

/// Ends the process when it has taken too long.
fn limit() -> Result<()> {
    let end = || {
        thread::sleep(ALL);
        tracing::warn!(
            limit = ?ALL,
            "the stop took too long and is cut off; the next start replays what was not written"
        );
        #[expect(clippy::exit, reason = "whatever hangs would hang a return from main as well")]
        std::process::exit(0);
    };
    let thread = thread::Builder::new().name("stop-limit".into()).spawn(end);
    thread.context("no thread for the limit of the stop").map(drop)
}
