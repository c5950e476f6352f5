//! Reads the TLS files again when they change. Files that cannot be used change nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Certificates, build, metadata};

/// Checks the files at intervals, and whenever [`Certificates::ask`] was called.
pub(crate) async fn watch(certificates: Arc<Certificates>) {
    loop {
        let forced = tokio::select! {
            () = tokio::time::sleep(certificates.files.check_interval) => false,
            () = certificates.asked.notified() => true,
        };
        let certificates = Arc::clone(&certificates);
        let checked = tokio::task::spawn_blocking(move || certificates.reload(forced)).await;
        if let Err(error) = checked {
            tracing::error!(%error, "checking the TLS files failed");
        }
    }
}

impl Certificates {
    /// Reads the files if they changed, or if `forced`. After a failure they are read again at every
    /// check, since a certificate may be in place before its key, but the failure is logged once.
    fn reload(&self, forced: bool) {
        // The metadata is read before the content, so that a change in between is noticed next time.
        let now = metadata(&self.files);
        let tried = &mut *self.tried.lock();
        if tried.in_effect == now && !forced {
            return;
        }
        match build(&self.files) {
            Ok(settings) => {
                self.current.store(Arc::new(settings));
                self.generation.fetch_add(1, Ordering::Release);
                (tried.in_effect, tried.failed) = (now, None);
                self.counters.reloaded.fetch_add(1, Ordering::Relaxed);
                tracing::info!(certificate = %self.files.certificate.display(), "TLS files read again");
            }
            Err(error) if forced || tried.failed.as_ref() != Some(&now) => {
                tried.failed = Some(now);
                self.counters.reload_failed.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "changed TLS files cannot serve, the old ones stay");
            }
            Err(_) => {}
        }
    }
}
