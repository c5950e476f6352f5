//! A panic that concerns one connection ends that connection. What concerns only one is said by the
//! engine for its own code, and is the stream for what lies outside it; every other panic goes on to
//! the guard of its task, which ends the process.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use broker_engine::{Panicked, Received};

use super::Worker;
use super::link::{End, Link};

impl Worker {
    /// Lets the engine handle bytes of a connection.
    pub(super) fn receive(&self, link: &Link, bytes: &[u8]) -> Received {
        let now = self.now();
        let receive = || self.engine.borrow_mut().receive(now, link.key, bytes);
        catch_unwind(AssertUnwindSafe(receive)).unwrap_or_else(|panic| {
            match self.engine.borrow_mut().contain(now, link.key) {
                Some(ended) => tell(&ended),
                None => resume_unwind(panic),
            }
            Received::Done
        })
    }

    /// The socket of a connection is gone, or what carries MQTT over it panicked.
    pub(super) fn lose(&self, link: &Link) {
        if link.stream.borrow().is_broken() && link.end.get() != End::Lost {
            tell(&self.engine.borrow_mut().carrier_panicked(self.now(), link.key));
        }
        link.end.set(End::Lost);
    }
}

fn tell(ended: &Panicked) {
    tracing::error!(
        client = %ended.client_id,
        peer = %ended.address,
        listener = %ended.listener,
        "a panic ended this connection and no other; the line of the panic says where it happened: \
         please report it"
    );
}
