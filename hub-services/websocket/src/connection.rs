//! One client: commands in, messages out, one thing at a time.
//!
//! While a message is being sent nothing is read from the log, so a slow client costs a cursor and
//! not memory. A client that takes nothing for too long is closed with 4008.

mod feed;
mod reader;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use fabric::Cursor;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use hub_kit::{Caller, Refusal};
use schemas::ws::{ClientMessage, Mode, ServerMessage};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use uns_model::{Coverage, Filter};

use crate::service::Service;
use crate::statistics::Counted;
use crate::subscription::{Subscription, text};
use crate::topics::Topics;
use feed::{Feed, Round};
use reader::Reader;

/// Commands read ahead of the one being worked on.
const COMMANDS_MAX: usize = 16;
/// How long the namespace may take to apply what the log already has.
const BEHIND_MAX: Duration = Duration::from_secs(30);
/// How long a close frame may take on its way to a stuck client.
const CLOSE_GRACE: Duration = Duration::from_secs(5);
/// How often rights are looked at.
const RIGHTS_EVERY: Duration = Duration::from_secs(1);
/// Unanswered pings that end a connection.
const PINGS_MAX: u32 = 3;

/// Why a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The client is gone: nothing to say.
    Gone,
    /// The hub stops.
    Stopping,
    /// The client took nothing for too long.
    Stuck,
    /// What the client logged in with is good no more.
    LoggedOut,
    /// The log or the namespace failed.
    Failed,
}

struct Connection<'a> {
    service: &'a Service,
    caller: Caller,
    sink: SplitSink<WebSocket, Message>,
    commands: mpsc::Receiver<Result<ClientMessage, String>>,
    heard: Arc<AtomicBool>,
    /// Told when the dispatcher has something for one of the subscriptions.
    wake_up: Arc<Notify>,
    feed: Feed,
    /// When to go on although the dispatcher has nothing new.
    wake: Option<Instant>,
}

/// Serves one client until either side ends it.
pub(crate) async fn run(socket: WebSocket, service: &Service, caller: Caller) {
    let _open = Counted::new(&service.statistics, |all| &all.connections);
    let (sink, stream) = socket.split();
    let (sender, commands) = mpsc::channel(COMMANDS_MAX);
    let heard = Arc::new(AtomicBool::new(true));
    let _reader = Reader::spawn(stream, sender, heard.clone());
    let wake_up = Arc::new(Notify::new());
    let mut connection = Connection {
        service,
        caller,
        sink,
        commands,
        heard,
        feed: Feed::new(service, &wake_up),
        wake_up,
        wake: None,
    };
    let Err(end) = connection.serve().await;
    connection.close(end).await;
}

impl Connection<'_> {
    async fn serve(&mut self) -> Result<std::convert::Infallible, End> {
        let mut stop = self.service.hub.stop.clone();
        let every = self.service.config.ping();
        let mut ping = interval_at(Instant::now() + every, every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut rights = interval_at(Instant::now() + RIGHTS_EVERY, RIGHTS_EVERY);
        rights.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unanswered = 0;
        loop {
            let wake = self.wake.unwrap_or_else(|| Instant::now() + every);
            tokio::select! {
                biased;
                () = stop.stopped() => return Err(End::Stopping),
                command = self.commands.recv() => {
                    let command = command.ok_or(End::Gone)?;
                    self.command(command).await?;
                }
                _ = rights.tick() => if self.caller.rights.has_ended() {
                    return Err(End::LoggedOut);
                },
                _ = ping.tick() => {
                    let answered = self.heard.swap(false, Relaxed);
                    unanswered = if answered { 0 } else { unanswered + 1 };
                    if unanswered >= PINGS_MAX {
                        return Err(End::Gone);
                    }
                    self.send(Message::Ping(Vec::new().into())).await?;
                    for message in self.feed.heartbeats() {
                        self.send(Message::Text(message.into())).await?;
                    }
                }
                () = self.wake_up.notified() => {
                    self.wake = Some(self.wake.unwrap_or_else(Instant::now));
                    if self.wake.is_some_and(|wake| wake <= Instant::now()) {
                        self.read_on().await?;
                    }
                }
                () = sleep_until(wake), if self.wake.is_some() => self.read_on().await?,
            }
        }
    }

    /// Lets every subscription read a piece of the log and sends what came of it.
    async fn read_on(&mut self) -> Result<(), End> {
        let Round { messages, wake, behind } = self.feed.round().await.map_err(|error| {
            let cause: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(cause, "a live client's cursor failed");
            End::Failed
        })?;
        self.wake = wake;
        for message in messages {
            self.send(Message::Text(message.into())).await?;
        }
        if behind {
            catch_up(self.service).await?;
        }
        Ok(())
    }

    async fn command(&mut self, command: Result<ClientMessage, String>) -> Result<(), End> {
        let (id, outcome) = match command {
            Ok(ClientMessage::Subscribe { id, filter, from, mode, .. }) => {
                (Some(id), self.subscribe(id, &filter, mode, from.as_deref()).await?)
            }
            Ok(ClientMessage::Unsubscribe { id }) if self.feed.remove(id) => (Some(id), Ok(())),
            Ok(ClientMessage::Unsubscribe { id }) => {
                let detail = "No subscription of this connection has this id.";
                (Some(id), Err(Refusal::new(404, "subscription_unknown", detail)))
            }
            Ok(_) => {
                let detail = "This release does not know the message.";
                (None, Err(Refusal::new(400, "message_malformed", detail)))
            }
            Err(detail) => (None, Err(Refusal::new(400, "message_malformed", detail))),
        };
        let Err(Refusal { reason, detail, .. }) = outcome else { return Ok(()) };
        self.service.statistics.refused.fetch_add(1, Relaxed);
        let message = text(&ServerMessage::Error { id, reason, detail: &detail });
        self.send(Message::Text(message.into())).await
    }

    async fn subscribe(
        &mut self,
        id: u64,
        filter: &str,
        mode: Mode,
        from: Option<&str>,
    ) -> Result<Result<(), Refusal>, End> {
        let filter = match self.check(id, filter) {
            Ok(filter) => filter,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let log = &self.service.hub.log;
        let committed = log.committed();
        let from = match from.map(str::parse::<Cursor>) {
            None => committed,
            Some(Ok(cursor)) if cursor.sequence() <= committed => cursor.sequence(),
            Some(Ok(_)) => {
                let detail = "`from` is behind the end of this log: the cursor is of another one.";
                return Ok(Err(Refusal::new(400, "cursor_unknown", detail)));
            }
            Some(Err(error)) => {
                let detail = format!("`from`: {error}.");
                return Ok(Err(Refusal::new(400, "cursor_invalid", detail)));
            }
        };
        // So that every topic minted before the cursor has its name.
        catch_up(self.service).await?;
        let topics = Topics::new(filter, self.caller.clone());
        self.feed.add(Subscription::new(id, mode, topics, log.as_ref(), from));
        self.wake = Some(Instant::now());
        let cursor = Cursor::after(from).to_string();
        let message = text(&ServerMessage::Subscribed { id, cursor: &cursor });
        self.send(Message::Text(message.into())).await.map(Ok)
    }

    fn check(&self, id: u64, filter: &str) -> Result<Filter, Refusal> {
        let max = self.service.config.subscriptions_max;
        if self.feed.contains(id) {
            let detail = "This connection already has a subscription of this id.";
            return Err(Refusal::new(409, "subscription_exists", detail));
        }
        if self.feed.len() >= max {
            let detail = format!("A connection has at most {max} subscriptions.");
            return Err(Refusal::new(429, "quota_exceeded", detail));
        }
        let filter = Filter::parse(filter)
            .map_err(|error| Refusal::new(400, "filter_invalid", format!("`filter`: {error}.")))?;
        if self.caller.rights.reads(filter.as_str()) == Coverage::None {
            let detail = format!("No rule lets this client read anything of `{filter}`.");
            return Err(Refusal::new(403, "not_allowed", detail));
        }
        Ok(filter)
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.service.config.stuck(), self.sink.send(message)).await {
            Ok(sent) => sent.map_err(|_| End::Gone),
            Err(_) => Err(End::Stuck),
        }
    }

    async fn close(mut self, end: End) {
        let (code, reason) = match end {
            End::Gone => (1000, "bye"),
            End::Stopping => (1001, "the hub stops"),
            End::LoggedOut => (4001, "the log-in is no longer good, log in again"),
            End::Failed => (1011, "the hub failed, resume from the last cursor"),
            End::Stuck => {
                self.service.statistics.stuck.fetch_add(1, Relaxed);
                (4008, "nothing was taken for too long, resume from the last cursor")
            }
        };
        let frame = CloseFrame { code, reason: reason.into() };
        let sent = timeout(CLOSE_GRACE, self.sink.send(Message::Close(Some(frame)))).await;
        tracing::debug!(?end, delivered = matches!(sent, Ok(Ok(()))), "live client ended");
    }
}

/// Waits until the namespace has applied what the log already has.
async fn catch_up(service: &Service) -> Result<(), End> {
    timeout(BEHIND_MAX, service.hub.live.caught_up()).await.map_err(|_| End::Failed)
}
