//! The reading half of a connection: parses commands, notes signs of life.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use schemas::ws::ClientMessage;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::config::MESSAGE_BYTES_MAX;

/// A task that ends with its connection.
pub(super) struct Reader(JoinHandle<()>);

impl Reader {
    /// Reads until the client is gone; a full command queue stops the reading.
    pub(super) fn spawn(
        stream: SplitStream<WebSocket>,
        commands: mpsc::Sender<Result<ClientMessage, String>>,
        heard: Arc<AtomicBool>,
    ) -> Self {
        Self(tokio::spawn(read(stream, commands, heard)))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn read(
    mut stream: SplitStream<WebSocket>,
    commands: mpsc::Sender<Result<ClientMessage, String>>,
    heard: Arc<AtomicBool>,
) {
    while let Some(message) = stream.next().await {
        heard.store(true, Relaxed);
        let Ok(message) = message else {
            // Said in case it was a message too long; a socket that is gone does not hear it.
            let max = MESSAGE_BYTES_MAX / 1024;
            let why = format!("The message is broken or longer than {max} KiB; this ends here.");
            drop(commands.send(Err(why)).await);
            return;
        };
        let command = match message {
            Message::Text(text) => serde_json::from_str(&text)
                .map_err(|error| format!("The message is not understood: {error}.")),
            Message::Binary(_) => Err("Messages are JSON in text frames.".to_owned()),
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Close(_) => return,
        };
        if commands.send(command).await.is_err() {
            return;
        }
    }
}
