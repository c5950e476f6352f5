//! Looking after changed files. Files that cannot serve change nothing: the old ones go on.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Certificates, build, look};

/// Looks at the files again and again, and whenever somebody asks.
pub(crate) async fn watch(certificates: Arc<Certificates>) {
    loop {
        let forced = tokio::select! {
            () = tokio::time::sleep(certificates.files.look_interval) => false,
            () = certificates.asked.notified() => true,
        };
        let certificates = Arc::clone(&certificates);
        let looked = tokio::task::spawn_blocking(move || certificates.renew(forced)).await;
        if let Err(error) = looked {
            tracing::error!(%error, "looking at the TLS files failed");
        }
    }
}

impl Certificates {
    /// Reads the files if they changed, or if that is asked for. A failure is tried again on every
    /// look, since a certificate may be in place before its key, but told only once.
    fn renew(&self, forced: bool) {
        // Taken before the content: what changes in between is seen next time.
        let now = look(&self.files);
        let (serving, failed) = &mut *self.looks.lock();
        if *serving == now && !forced {
            return;
        }
        match build(&self.files) {
            Ok(material) => {
                self.current.store(Arc::new(material));
                self.generation.fetch_add(1, Ordering::Release);
                (*serving, *failed) = (now, None);
                self.counters.reloaded.fetch_add(1, Ordering::Relaxed);
                tracing::info!(certificate = %self.files.certificate.display(), "TLS files read again");
            }
            Err(error) if forced || failed.as_ref() != Some(&now) => {
                *failed = Some(now);
                self.counters.reload_failed.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "changed TLS files cannot serve, the old ones stay");
            }
            Err(_) => {}
        }
    }
}
