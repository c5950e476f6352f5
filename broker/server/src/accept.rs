//! Accepting connections, and handing each to the core with the fewest.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use broker_engine::Peer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::worker::{Arrival, Gauges};

/// Where accepted connections go.
#[derive(Clone)]
pub(crate) struct Floor {
    pub(crate) cores: Vec<mpsc::Sender<Arrival>>,
    pub(crate) gauges: Arc<Vec<Gauges>>,
    pub(crate) connections_max: usize,
    /// Connections closed at the door.
    pub(crate) turned_away: Arc<AtomicU64>,
}

/// Connections beyond the limit that are let in to hear why they are refused.
const REFUSED_MAX: usize = 64;

/// Accepts for ever. Errors of one connection, or a lack of descriptors, end nothing.
pub(crate) async fn accept(listener: TcpListener, name: SocketAddr, floor: Floor) {
    const PAUSE: Duration = Duration::from_millis(50);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => floor.admit(stream, peer, name).await,
            Err(error) => {
                tracing::warn!(%error, listener = %name, "accepting a connection failed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

impl Floor {
    async fn admit(&self, stream: TcpStream, peer: SocketAddr, listener: SocketAddr) {
        let loads: Vec<_> =
            self.gauges.iter().map(|gauges| gauges.sockets.load(Ordering::Relaxed)).collect();
        let total: usize = loads.iter().sum();
        if total >= self.connections_max + REFUSED_MAX {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let Some(core) = (0..loads.len()).min_by_key(|core| loads[*core]) else { return };
        let prepared = stream.set_nodelay(true).and_then(|()| stream.into_std());
        let stream = match prepared {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%error, %peer, "a connection was gone before it was served");
                return;
            }
        };
        let peer = Peer {
            address: peer.to_string().into(),
            listener: listener.to_string().into(),
            certificate: None,
        };
        self.gauges[core].sockets.fetch_add(1, Ordering::Relaxed);
        let welcome = total < self.connections_max;
        let arrival = Arrival { stream, peer: Box::new(peer), welcome };
        if self.cores[core].send(arrival).await.is_err() {
            self.gauges[core].sockets.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
