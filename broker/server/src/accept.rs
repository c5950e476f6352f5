//! The accept loop of a listener.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use broker_engine::{Peer, Transport};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::accept_rate::AcceptRateLimiter;
use crate::config::Listener;
use crate::counters::Failure;
use crate::dispatch::CoreDispatch;
use crate::handshake::{ADDRESS_LIMIT, CONNECTION_LIMIT, HandshakeContext};
use crate::incoming::AcceptedSocket;

/// Accepts connections until the task is aborted. An error of one connection, or a lack of
/// descriptors, is logged and does not end it.
pub(crate) async fn accept(
    socket: TcpListener,
    listener: Listener,
    mut rate: AcceptRateLimiter,
    dispatch: CoreDispatch,
    handshakes: Arc<HandshakeContext>,
) {
    const PAUSE: Duration = Duration::from_millis(50);
    let direct = listener.transport == Transport::Tcp && !listener.proxy;
    let name: Box<str> = listener.address.to_string().into();
    loop {
        let accepted = socket.accept().await;
        let wait = accepted.as_ref().ok().and_then(|_| rate.accepted(Instant::now()));
        match accepted {
            Ok((stream, _)) if !dispatch.has_room() => {
                handshakes.refuse(stream, listener, CONNECTION_LIMIT);
            }
            Ok((stream, from)) if direct => match handshakes.addresses.add_connection(from) {
                None => {
                    handshakes.counters.failed(listener.transport, Failure::Address);
                    handshakes.refuse(stream, listener, ADDRESS_LIMIT);
                }
                Some(address_slot) => {
                    let peer = Peer {
                        address: from.to_string().into(),
                        listener: name.clone(),
                        anonymous_allowed: listener.anonymous,
                        durability: listener.durability,
                        lenient: listener.lenient,
                        ..Peer::default()
                    };
                    let waited = Duration::ZERO;
                    let socket = AcceptedSocket { stream, layers: None, waited, address_slot };
                    dispatch.admit(socket, peer).await;
                }
            },
            Ok((stream, from)) => handshakes.begin(stream, from, listener, &dispatch),
            Err(error) => {
                tracing::warn!(%error, listener = %name, "accepting a connection failed");
                tokio::time::sleep(PAUSE).await;
            }
        }
        if let Some(wait) = wait {
            handshakes.counters.delayed.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(wait).await;
        }
    }
}
