//! What can go wrong with the server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server did not start, or did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// As many traces run as may run.
    #[error("{max} traces run already: stop one first")]
    TooManyTraces {
        /// The most that may run.
        max: usize,
    },
    /// A session could not be ended, or its end is not on disk.
    #[error(
        "the session of `{client_id}` has not ended: its client keeps coming back, or the log takes nothing"
    )]
    SessionGoesOn {
        /// The client.
        client_id: String,
    },
    /// A listener could not be opened.
    #[error("cannot listen for MQTT on {address}")]
    Listen {
        /// Its address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of the TLS listeners cannot be used.
    #[error("cannot use {} for TLS: {why}", path.display())]
    Tls {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A listener needs a certificate, and none is configured.
    #[error("the listener {address} needs a certificate and its key")]
    NoCertificate {
        /// Where.
        address: SocketAddr,
    },
    /// A thread or its runtime could not be made.
    #[error("cannot start the thread {thread}")]
    Thread {
        /// Its name.
        thread: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A thread that verifies log-ins could not be made.
    #[error("cannot start a thread for log-ins")]
    Verifier(#[source] io::Error),
    /// A connection was gone before it was served.
    #[error("a connection was gone before it was served")]
    Adopt(#[source] io::Error),
    /// The server is shutting down.
    #[error("the broker is shutting down")]
    ShuttingDown,
}
