//! Tells clients why their connections are refused, a bounded number of them at a time.

use std::sync::Arc;
use std::time::Duration;

use broker_engine::Transport;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::{refusal, upgrade};
use crate::tls::Certificates;

/// The most clients that are told at the same time. Further connections are closed without a word.
pub(crate) const REFUSALS_MAX: usize = 64;
/// The longest time telling one client may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Sends refusals.
pub(super) struct Refusals {
    certificates: Option<Arc<Certificates>>,
    /// One permit for each client that may still be told.
    permits: Semaphore,
}

impl Refusals {
    pub(super) fn new(certificates: Option<Arc<Certificates>>) -> Self {
        Self { certificates, permits: Semaphore::new(REFUSALS_MAX) }
    }

    /// Whether one more client can be told.
    pub(super) fn has_room(&self) -> bool {
        self.permits.available_permits() > 0
    }

    /// Tells a client, in the protocol it speaks.
    pub(super) async fn send(
        &self,
        mut stream: TcpStream,
        transport: Transport,
        refusal: refusal::Refusal,
    ) {
        let Ok(_permit) = self.permits.try_acquire() else { return };
        let answer = async {
            let web = matches!(transport, Transport::WebSocket | Transport::WebSocketTls);
            match transport {
                Transport::Tcp => refusal::answer_connect(&mut stream, &refusal).await,
                Transport::WebSocket => upgrade::refuse(&mut stream, &refusal).await,
                Transport::Tls | Transport::WebSocketTls => {
                    let Some(certificates) = &self.certificates else { return Ok(()) };
                    let acceptor = TlsAcceptor::from(certificates.config(web));
                    let mut stream = acceptor.accept(stream).await?;
                    match web {
                        true => upgrade::refuse(&mut stream, &refusal).await,
                        false => refusal::answer_connect(&mut stream, &refusal).await,
                    }
                }
            }
        };
        match tokio::time::timeout(TIMEOUT, answer).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a refused client was not told why"),
            Err(_) => tracing::debug!("a refused client sent too little to be told why"),
        }
    }
}
