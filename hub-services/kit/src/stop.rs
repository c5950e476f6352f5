//! The signal that ends background tasks.

use tokio::sync::watch;

/// The side that says stop. Dropping it stops too.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// The side that listens; clones share the signal.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A fresh signal.
    pub fn pair() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(false);
        (Stopper(sender), Self(receiver))
    }

    /// Whether stop was said.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits for it.
    pub async fn stopped(&mut self) {
        // An error means the stopper is gone, which is the signal as well.
        drop(self.0.wait_for(|stop| *stop).await);
    }
}

impl Stopper {
    /// Says stop, once and for all.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}
