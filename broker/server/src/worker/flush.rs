//! The end of a tick: one hand-over per core, one write per connection.

use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use broker_engine::Key;

use super::Worker;
use super::in_process::outcomes;
use super::link::{End, Link};
use crate::exchange;

impl Worker {
    /// The body of the flush task: it runs whenever the engine handled something, after the tasks
    /// that were ready before.
    pub(super) fn poll_flush(&self, cx: &Context<'_>) -> Poll<()> {
        {
            let mut waker = self.flush_waker.borrow_mut();
            if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                *waker = Some(cx.waker().clone());
            }
        }
        self.flush_due.set(false);
        self.flush();
        let again = {
            let mut engine = self.engine.borrow_mut();
            let effects = engine.effects();
            !effects.dirty.is_empty() || !effects.signals.is_empty()
        };
        if again {
            self.flush_soon();
        }
        Poll::Pending
    }

    pub(super) fn flush(&self) {
        if self.post.take_posted(self.core) {
            self.take_post();
        }
        self.report();
        self.ask();
        let now = self.now();
        self.engine.borrow_mut().flush(now);
        self.hand_over();
        // Before a client can know that it is none any more.
        let giving_way = self.engine.borrow_mut().strangers() + self.lingering.count();
        self.gauges().giving_way.store(giving_way, Ordering::Relaxed);
        let dirty = std::mem::take(&mut self.engine.borrow_mut().effects().dirty);
        for key in &dirty {
            self.engine.borrow_mut().begin_write(*key);
            if let Some(link) = self.link(*key) {
                self.write(&link);
            }
        }
        self.recycle(dirty);
        self.resume();
        self.reply();
        let engine = self.engine.borrow();
        self.gauges().publish(engine.stats());
        if engine.is_stalled() {
            self.stalled.notify_one();
        }
    }

    /// Keeps the list's memory for the next tick.
    fn recycle(&self, mut dirty: Vec<Key>) {
        dirty.clear();
        let mut engine = self.engine.borrow_mut();
        let effects = engine.effects();
        dirty.append(&mut effects.dirty);
        effects.dirty = dirty;
    }

    /// Log-ins that this core cannot judge by itself.
    fn ask(&self) {
        let mut engine = self.engine.borrow_mut();
        if engine.effects().asked.is_empty() {
            return;
        }
        let now = self.now();
        for (key, login) in std::mem::take(&mut engine.effects().asked) {
            if let Err(busy) = self.verifiers.ask((self.core, key), login, now.monotonic) {
                engine.verified(now, key, Err(busy));
            }
        }
    }

    fn hand_over(&self) {
        let ledger = self.ledger.as_deref();
        exchange::hand_over(&mut self.engine.borrow_mut(), &self.post, self.core, ledger);
    }

    /// What other cores and the log handed over.
    pub(super) fn take_post(&self) {
        exchange::take(&mut self.engine.borrow_mut(), &self.post, self.core, self.now());
    }

    /// Writes what a connection has, in one system call if the socket takes it.
    pub(super) fn write(&self, link: &Link) {
        let now = self.now();
        let mut engine = self.engine.borrow_mut();
        let output = engine.output(link.key);
        if link.blocked.get() && !output.is_empty() {
            return;
        }
        let mut written = 0;
        let mut stream = link.stream.borrow_mut();
        if !output.is_empty() || stream.holds_output() {
            match stream.try_write(output) {
                Ok(bytes) => {
                    written = bytes;
                    link.spoke.set(true);
                    link.blocked.set(bytes < output.len() || stream.holds_output());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => link.blocked.set(true),
                Err(_) => {
                    drop((engine, stream));
                    self.lose(link);
                    link.wake();
                    return;
                }
            }
        }
        drop(stream);
        engine.wrote(now, link.key, written);
        if engine.is_closing(link.key) {
            link.end.set(End::Flushing);
            if engine.output(link.key).is_empty() {
                link.end.set(End::Graceful);
            }
        }
        if link.blocked.get() || link.end.get() != End::Not {
            link.wake();
        }
    }

    fn resume(&self) {
        let mut engine = self.engine.borrow_mut();
        engine.resume();
        let resumed = std::mem::take(&mut engine.effects().resumed);
        drop(engine);
        for key in resumed {
            if let Some(link) = self.link(key) {
                link.paused.set(false);
                link.retry.set(true);
                link.wake();
            }
        }
    }

    fn reply(&self) {
        let replies = std::mem::take(&mut self.engine.borrow_mut().effects().replies);
        let mut waiting = self.replies.borrow_mut();
        for reply in replies {
            if let Some(sender) = waiting.remove(&reply.token) {
                // Whoever asked may have gone.
                sender.send(outcomes(reply)).ok();
            }
        }
    }
}
