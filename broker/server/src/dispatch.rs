//! Distributes accepted connections over the cores, within the limit of connections.

use std::cmp::Reverse;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use broker_engine::{Broker, Peer, Pressure};
use rustix::net::sockopt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::core_gauges::CoreGauges;
use crate::counters::Counters;
use crate::handshake::{PendingHandshakes, REFUSALS_MAX};
use crate::incoming::{AcceptedSocket, DetachedSocket, IncomingConnection};

/// The most connections beyond the limit that are open only to be refused with a reason, by a core
/// or before one.
pub const REFUSED_MAX: usize = CORE_REFUSED_MAX + REFUSALS_MAX;
/// Those of the cores.
const CORE_REFUSED_MAX: usize = 64;

/// A connection that has been silent for so long is probed by the kernel.
const PROBE_AFTER: Duration = Duration::from_secs(600);

/// Hands accepted connections to the cores. Clones share everything.
#[derive(Clone, Debug)]
pub(crate) struct CoreDispatch {
    cores: Arc<[mpsc::Sender<IncomingConnection>]>,
    gauges: Arc<Vec<CoreGauges>>,
    connections_max: usize,
    /// Connections lent to other parts of this process.
    lent: Arc<AtomicUsize>,
    /// Connections closed unserved because there was no room.
    turned_away: Arc<AtomicU64>,
    counters: Arc<Counters>,
    pending: Arc<PendingHandshakes>,
    /// Reports memory pressure.
    broker: Arc<Broker>,
    /// True once the listeners have stopped accepting.
    closed: Arc<AtomicBool>,
}

/// What a dispatch is made of.
pub(crate) struct Parts {
    pub(crate) cores: Vec<mpsc::Sender<IncomingConnection>>,
    pub(crate) gauges: Arc<Vec<CoreGauges>>,
    pub(crate) connections_max: usize,
    pub(crate) counters: Arc<Counters>,
    pub(crate) pending: Arc<PendingHandshakes>,
    pub(crate) broker: Arc<Broker>,
}

/// Lowers the number of connections the broker may have for as long as it lives.
#[derive(Debug)]
pub struct ConnectionLoan(Arc<AtomicUsize>);

impl Drop for ConnectionLoan {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl CoreDispatch {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { cores, gauges, connections_max, counters, pending, broker } = parts;
        Self {
            cores: cores.into(),
            gauges,
            connections_max,
            lent: Arc::default(),
            turned_away: Arc::default(),
            counters,
            pending,
            broker,
            closed: Arc::default(),
        }
    }

    /// The sockets of all cores.
    pub(crate) fn sockets(&self) -> usize {
        self.gauges.iter().map(|gauges| gauges.sockets.load(Ordering::Relaxed)).sum()
    }

    /// How many connections were closed unserved because there was no room.
    pub(crate) fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }

    /// Accepts no connection from now on.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// How many connections there may be now.
    fn connections_max(&self) -> usize {
        self.connections_max.saturating_sub(self.lent.load(Ordering::Relaxed))
    }

    /// How many more connections may come, some of them only to be refused with a reason.
    pub(crate) fn room(&self) -> usize {
        (self.connections_max() + CORE_REFUSED_MAX).saturating_sub(self.sockets())
    }

    /// Lends one of the connections that are free. A quarter of all is never lent.
    pub(crate) fn lend(&self) -> Option<ConnectionLoan> {
        let lent = self.lent.fetch_add(1, Ordering::Relaxed) + 1;
        let loan = ConnectionLoan(Arc::clone(&self.lent));
        let most = self.connections_max - self.connections_max.div_ceil(4);
        (self.sockets() + lent <= most).then_some(loan)
    }

    /// Whether one more connection may come. Counts it as turned away if not.
    pub(crate) fn has_room(&self) -> bool {
        // A connection costs memory even if its client never says anything.
        let room = self.room() > 0 && self.broker.pressure() != Pressure::Full;
        if !room {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
        }
        room
    }

    /// Hands a connection to the core with the fewest sockets. If it takes the last room, the oldest
    /// handshake under way ends for it.
    pub(crate) async fn admit(&self, socket: AcceptedSocket, peer: Peer) {
        // If all connections are in use, the core that has most sockets to give way comes first.
        let full = self.sockets() >= self.connections_max;
        let load = |core: &usize| {
            let gauges = &self.gauges[*core];
            let giving_way = gauges.giving_way.load(Ordering::Relaxed);
            (Reverse(if full { giving_way } else { 0 }), gauges.sockets.load(Ordering::Relaxed))
        };
        let Some(core) = (0..self.gauges.len()).min_by_key(load) else { return };
        let AcceptedSocket { stream, layers, waited, address_slot } = socket;
        let prepared = prepare(&stream).and_then(|()| stream.into_std());
        let socket = match prepared {
            Ok(stream) => DetachedSocket { stream, layers },
            Err(error) => {
                let peer = &peer.address;
                tracing::debug!(%error, %peer, "a connection was gone before it was served");
                return;
            }
        };
        // An error means that the core, and with it the broker, has ended.
        let Ok(queue) = self.cores[core].reserve().await else { return };
        if !self.has_room() || self.is_closed() {
            return;
        }
        self.pending.shed(self.room(), &self.counters);
        let over_limit = self.sockets() >= self.connections_max();
        self.gauges[core].sockets.fetch_add(1, Ordering::Relaxed);
        self.counters.accepted(peer.transport);
        let peer = Box::new(peer);
        queue.send(IncomingConnection { socket, peer, waited, address_slot, over_limit });
    }
}

/// Turns off Nagle's algorithm, so that small packets leave at once, and turns on keep-alive probes,
/// since a client that may be silent for ever could have lost its machine or its network.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    Ok(sockopt::set_tcp_keepidle(stream, PROBE_AFTER)?)
}
