//! Accepting connections, and handing each to the core with the fewest.

use std::cmp::Reverse;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use broker_engine::{Broker, Peer, Pressure, Transport};
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::addresses::Addresses;
use crate::config::{Config, Listener};
use crate::counters::{Counters, Failure};
use crate::handshake::{CROWDED, FULL, Hall, PendingHandshakes, TOLD_MAX};
use crate::turnstile::Turnstile;
use crate::worker::{Arrival, Carrier, Gauges, Socket};

/// Where accepted connections go.
#[derive(Clone, Debug)]
pub(crate) struct Floor {
    pub(crate) cores: Vec<mpsc::Sender<Arrival>>,
    pub(crate) gauges: Arc<Vec<Gauges>>,
    pub(crate) connections_max: usize,
    /// Connections lent to somebody else in this process.
    pub(crate) lent: Arc<AtomicUsize>,
    /// Of each listener.
    pub(crate) connections_per_second: u32,
    /// Connections closed at the door.
    pub(crate) turned_away: Arc<AtomicU64>,
    pub(crate) counters: Arc<Counters>,
    /// Those whose handshakes are under way.
    guests: Arc<PendingHandshakes>,
    /// How many connections each address has.
    pub(crate) addresses: Arc<Addresses>,
    /// Knows how short memory is.
    pub(crate) broker: Arc<Broker>,
    /// Nobody is let in any more.
    pub(crate) closed: Arc<AtomicBool>,
}

/// Connections beyond the limit that are let in to hear why they are refused: by a core, or before.
pub const REFUSED_MAX: usize = CORE_REFUSED_MAX + TOLD_MAX;
/// Those of a core.
const CORE_REFUSED_MAX: usize = 64;

/// A connection nothing was heard of for so long is probed by the system.
const PROBE_AFTER: Duration = Duration::from_secs(600);

/// Accepts for ever. Errors of one connection, or a lack of descriptors, end nothing.
pub(crate) async fn accept(socket: TcpListener, listener: Listener, floor: Floor, hall: Arc<Hall>) {
    const PAUSE: Duration = Duration::from_millis(50);
    let direct = listener.transport == Transport::Tcp && !listener.proxy;
    let name: Box<str> = listener.address.to_string().into();
    let mut turnstile = Turnstile::new(floor.connections_per_second);
    loop {
        let accepted = socket.accept().await;
        let wait = accepted.as_ref().ok().and_then(|_| turnstile.pass(Instant::now()));
        match accepted {
            Ok((stream, _)) if !floor.has_room() => hall.turn_away(stream, listener, FULL),
            Ok((stream, from)) if direct => match floor.addresses.enter(from) {
                None => {
                    floor.counters.failed(listener.transport, Failure::Address);
                    hall.turn_away(stream, listener, CROWDED);
                }
                Some(place) => {
                    let peer = Peer {
                        address: from.to_string().into(),
                        listener: name.clone(),
                        anonymous_allowed: listener.anonymous,
                        durability: listener.durability,
                        lenient: listener.lenient,
                        ..Peer::default()
                    };
                    let waited = Duration::ZERO;
                    floor.admit(Socket { stream, layers: None, waited, place }, peer).await;
                }
            },
            Ok((stream, from)) => hall.receive(stream, from, listener, &floor),
            Err(error) => {
                tracing::warn!(%error, listener = %name, "accepting a connection failed");
                tokio::time::sleep(PAUSE).await;
            }
        }
        if let Some(wait) = wait {
            floor.counters.delayed.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(wait).await;
        }
    }
}

/// A connection that is not the broker's for as long as this lives.
#[derive(Debug)]
pub struct Lent(Arc<AtomicUsize>);

impl Drop for Lent {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Floor {
    pub(crate) fn new(
        cores: Vec<mpsc::Sender<Arrival>>,
        gauges: Arc<Vec<Gauges>>,
        config: &Config,
        (broker, counters, hall): (&Arc<Broker>, Arc<Counters>, &Hall),
    ) -> Self {
        Self {
            broker: Arc::clone(broker),
            cores,
            gauges,
            connections_max: config.connections_max,
            lent: Arc::default(),
            connections_per_second: config.connections_per_second,
            turned_away: Arc::default(),
            counters,
            guests: Arc::clone(&hall.guests),
            addresses: Arc::clone(&hall.addresses),
            closed: Arc::default(),
        }
    }

    fn sockets(&self) -> usize {
        self.gauges.iter().map(|gauges| gauges.sockets.load(Ordering::Relaxed)).sum()
    }

    /// How many connections there may be now.
    fn connections_max(&self) -> usize {
        self.connections_max.saturating_sub(self.lent.load(Ordering::Relaxed))
    }

    /// How many more may come, some of them only to be refused in words.
    pub(crate) fn room(&self) -> usize {
        (self.connections_max() + CORE_REFUSED_MAX).saturating_sub(self.sockets())
    }

    /// Lends one connection to somebody else, of those that nobody uses: a quarter stays in any case.
    pub(crate) fn lend(&self) -> Option<Lent> {
        let lent = self.lent.fetch_add(1, Ordering::Relaxed) + 1;
        let guard = Lent(Arc::clone(&self.lent));
        let most = self.connections_max - self.connections_max.div_ceil(4);
        (self.sockets() + lent <= most).then_some(guard)
    }

    /// Whether one more may come. Counts it if not.
    pub(crate) fn has_room(&self) -> bool {
        // Those that never say anything cost memory as well.
        let room = self.room() > 0 && self.broker.pressure() != Pressure::Full;
        if !room {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
        }
        room
    }

    /// Hands a connection to the core with the fewest. One that is through takes the place of a
    /// handshake, if that is the last.
    pub(crate) async fn admit(&self, socket: Socket, peer: Peer) {
        // Where there is no room, the core with the most sockets that give way; else the one with
        // the fewest sockets.
        let full = self.sockets() >= self.connections_max;
        let load = |core: &usize| {
            let gauges = &self.gauges[*core];
            let giving_way = gauges.giving_way.load(Ordering::Relaxed);
            (Reverse(if full { giving_way } else { 0 }), gauges.sockets.load(Ordering::Relaxed))
        };
        let Some(core) = (0..self.gauges.len()).min_by_key(load) else { return };
        let Socket { stream, layers, waited, place: address } = socket;
        let prepared = prepare(&stream).and_then(|()| stream.into_std());
        let carrier = match prepared {
            Ok(stream) => Carrier { stream, layers },
            Err(error) => {
                let peer = &peer.address;
                tracing::debug!(%error, %peer, "a connection was gone before it was served");
                return;
            }
        };
        // The core is gone: so is the broker.
        let Ok(place) = self.cores[core].reserve().await else { return };
        if !self.has_room() || self.closed.load(Ordering::Relaxed) {
            return;
        }
        self.guests.shed(self.room(), &self.counters);
        let welcome = self.sockets() < self.connections_max();
        self.gauges[core].sockets.fetch_add(1, Ordering::Relaxed);
        self.counters.accepted(peer.transport);
        let peer = Box::new(peer);
        place.send(Arrival { carrier, peer, waited, place: address, welcome });
    }
}

/// Small packets leave at once. A client that may be silent for ever, and whose machine is gone, is
/// found out by the system: after ten minutes it asks.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    Ok(sockopt::set_tcp_keepidle(stream, PROBE_AFTER)?)
}
