//! Log-ins that take their time, such as a password hash made slow on purpose: verified on a few
//! threads of their own, off the cores and behind them in priority.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use broker_codec::ReasonCode;
use broker_engine::{Broker, CoreNo, Key, OwnedLogin};
use parking_lot::Mutex;
use uns_model::Clock;

use crate::Error;
use crate::config::Verification;
use crate::post::Post;

/// A log-in and where its answer goes.
#[derive(Debug)]
struct Question {
    core: CoreNo,
    key: Key,
    login: OwnedLogin,
    asked: Duration,
}

/// The way to the threads that verify.
#[derive(Debug)]
pub(crate) struct Verifiers {
    waiting: SyncSender<Question>,
}

/// What the threads work with.
struct Office {
    waiting: Mutex<Receiver<Question>>,
    broker: Arc<Broker>,
    post: Arc<Post>,
    clock: Arc<dyn Clock>,
}

impl Verifiers {
    /// Starts the threads. They end when nobody can ask any more; they own nothing that would
    /// have to be finished, so nobody waits for them.
    pub(crate) fn start(
        config: Verification,
        broker: Arc<Broker>,
        post: Arc<Post>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, Error> {
        let (waiting, questions) = sync_channel(config.waiting_max);
        let office = Arc::new(Office { waiting: Mutex::new(questions), broker, post, clock });
        for number in 0..config.threads.max(1) {
            let office = Arc::clone(&office);
            std::thread::Builder::new()
                .name(format!("log-in-{number}"))
                .spawn(move || office.work())
                .map_err(Error::Verifier)?;
        }
        Ok(Arc::new(Self { waiting }))
    }

    /// Has a log-in verified.
    ///
    /// # Errors
    /// Too many wait already.
    pub(crate) fn ask(
        &self,
        (core, key): (CoreNo, Key),
        login: OwnedLogin,
        asked: Duration,
    ) -> Result<(), ReasonCode> {
        let question = Question { core, key, login, asked };
        self.waiting.try_send(question).map_err(|_| ReasonCode::ServerBusy)
    }
}

impl Office {
    fn work(&self) {
        // A storm of log-ins must not take processors from the clients that are connected.
        const NICE: i32 = 10;
        if let Err(error) = rustix::process::nice(NICE) {
            tracing::debug!(%error, "a log-in thread keeps its priority");
        }
        loop {
            let Ok(question) = self.waiting.lock().recv() else { return };
            let Question { core, key, mut login, asked } = question;
            // Its client has been cut off by now.
            let waited = self.clock.monotonic().saturating_sub(asked);
            if waited >= self.broker.config.handshake_timeout {
                continue;
            }
            login.waited = waited;
            let verify = || self.broker.authenticate.verify(&login);
            let known = catch_unwind(AssertUnwindSafe(verify)).unwrap_or_else(|_| {
                tracing::error!("verifying a log-in failed by a fault of the program");
                Err(ReasonCode::ServerUnavailable)
            });
            self.post.verified(core, key, known);
        }
    }
}
