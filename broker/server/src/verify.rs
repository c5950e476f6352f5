//! Verifies log-ins that take long, such as those with a password hash that is slow on purpose. They
//! are verified on a few threads of their own with a lower priority than the cores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use broker_codec::ReasonCode;
use broker_engine::{Broker, CoreNo, Key, OwnedLogin, Pressure};
use parking_lot::Mutex;
use uns_model::Clock;

use crate::Error;
use crate::config::Verification;
use crate::inboxes::{Inboxes, VerifiedLogin};

/// How long a thread waits for a log-in before it looks whether memory is short.
const IDLE: Duration = Duration::from_secs(1);

/// A log-in to verify, and where the answer goes.
#[derive(Debug)]
pub(crate) struct VerifyRequest {
    pub(crate) core: CoreNo,
    pub(crate) key: Key,
    pub(crate) login: OwnedLogin,
    /// When it was asked for, in monotonic time.
    pub(crate) asked: Duration,
}

/// The way to the threads that verify.
#[derive(Debug)]
pub(crate) struct Verifiers {
    waiting: SyncSender<VerifyRequest>,
}

/// What the threads work with.
struct VerifierContext {
    waiting: Mutex<Receiver<VerifyRequest>>,
    broker: Arc<Broker>,
    inboxes: Arc<Inboxes>,
    clock: Arc<dyn Clock>,
    /// Makes the allocator return the memory that this thread does not use.
    give_back: fn(),
}

impl Verifiers {
    /// Starts the threads. They end once the last `Verifiers` is dropped. Nobody waits for that,
    /// since they hold nothing that must be finished.
    pub(crate) fn start(
        config: Verification,
        broker: &Arc<Broker>,
        inboxes: &Arc<Inboxes>,
        clock: &Arc<dyn Clock>,
        give_back: fn(),
    ) -> Result<Arc<Self>, Error> {
        let (waiting, requests) = sync_channel(config.waiting_max);
        let waiting_requests = Mutex::new(requests);
        let context = Arc::new(VerifierContext {
            waiting: waiting_requests,
            broker: Arc::clone(broker),
            inboxes: Arc::clone(inboxes),
            clock: Arc::clone(clock),
            give_back,
        });
        for number in 0..config.threads.max(1) {
            let context = Arc::clone(&context);
            std::thread::Builder::new()
                .name(format!("log-in-{number}"))
                .spawn(move || context.run())
                .map_err(Error::Verifier)?;
        }
        Ok(Arc::new(Self { waiting }))
    }

    /// Asks for a log-in to be verified.
    ///
    /// # Errors
    /// Too many wait already.
    pub(crate) fn verify(&self, request: VerifyRequest) -> Result<(), ReasonCode> {
        self.waiting.try_send(request).map_err(|_| ReasonCode::ServerBusy)
    }
}

impl VerifierContext {
    fn run(&self) {
        // Many log-ins at once must not take processor time from connected clients.
        const NICE: i32 = 10;
        if let Err(error) = rustix::process::nice(NICE) {
            tracing::debug!(%error, "a log-in thread keeps its priority");
        }
        loop {
            // One thread at a time waits here, so all of them come round while nobody logs in.
            let request = self.waiting.lock().recv_timeout(IDLE);
            let request = match request {
                Ok(request) => request,
                Err(RecvTimeoutError::Timeout) => {
                    if self.broker.pressure() > Pressure::None {
                        (self.give_back)();
                    }
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let VerifyRequest { core, key, mut login, asked } = request;
            let waited = self.clock.monotonic().saturating_sub(asked);
            // By now its connection has timed out.
            if waited >= self.broker.config.handshake_timeout {
                continue;
            }
            login.waited = waited;
            let verify = || self.broker.authenticate.verify(&login);
            let result = catch_unwind(AssertUnwindSafe(verify)).unwrap_or_else(|_| {
                tracing::error!("verifying a log-in failed by a fault of the program");
                Err(ReasonCode::ServerUnavailable)
            });
            self.inboxes.verified(core, VerifiedLogin { key, result });
        }
    }
}
