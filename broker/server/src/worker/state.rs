//! The state of a core, which the tasks of its thread share.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use broker_engine::{CoreNo, Engine, Now};
use broker_ledger::Ledger;
use uns_model::Clock;

use super::certificates::CertificateCheck;
use super::connection::Connections;
use super::draining::DrainingSockets;
use super::flush_signal::FlushSignal;
use super::replies::Replies;
use super::setup::SharedSetup;
use crate::addresses::Addresses;
use crate::core_gauges::CoreGauges;
use crate::gate::ServerGate;
use crate::inboxes::Inboxes;
use crate::verify::Verifiers;

/// The most bytes read from a socket at once.
pub(super) const READ_BYTES: usize = 64 << 10;

/// The state of one core.
pub(super) struct Worker {
    pub(super) core: CoreNo,
    pub(super) engine: RefCell<Engine<ServerGate>>,
    pub(super) connections: Connections,
    pub(super) draining: Rc<DrainingSockets>,
    /// One read buffer for all connections. A connection keeps bytes of its own between two polls
    /// only while it has an incomplete packet.
    pub(super) buffer: RefCell<Vec<u8>>,
    pub(super) inboxes: Arc<Inboxes>,
    pub(super) verifiers: Arc<Verifiers>,
    pub(super) ledger: Option<Arc<Ledger>>,
    pub(super) gauges: Arc<Vec<CoreGauges>>,
    pub(super) replies: Replies,
    pub(super) flush_signal: FlushSignal,
    /// Notified while clients are behind.
    pub(super) stalled: tokio::sync::Notify,
    pub(super) certificates: Option<CertificateCheck>,
    pub(super) addresses: Arc<Addresses>,
    /// The most bytes of incomplete packets of all connections while memory is short.
    pub(super) unread_bytes_max: usize,
    clock: Arc<dyn Clock>,
}

impl Worker {
    pub(super) fn new(core: CoreNo, setup: &SharedSetup) -> Rc<Self> {
        let (namespace, has_ledger) = (setup.namespace.as_ref(), setup.ledger.is_some());
        let gate = ServerGate::new(namespace, has_ledger, Arc::clone(&setup.inboxes), core);
        Rc::new(Self {
            core,
            engine: RefCell::new(Engine::new(Arc::clone(&setup.broker), core, gate)),
            connections: Connections::default(),
            draining: Rc::default(),
            buffer: RefCell::new(vec![0; 2 * READ_BYTES]),
            inboxes: Arc::clone(&setup.inboxes),
            verifiers: Arc::clone(&setup.verifiers),
            ledger: setup.ledger.clone(),
            gauges: Arc::clone(&setup.gauges),
            replies: Replies::default(),
            flush_signal: FlushSignal::default(),
            stalled: tokio::sync::Notify::new(),
            certificates: setup.certificates.clone().map(CertificateCheck::new),
            addresses: Arc::clone(&setup.addresses),
            unread_bytes_max: setup.upkeep.unread_bytes_max,
            clock: Arc::clone(&setup.clock),
        })
    }

    pub(super) fn now(&self) -> Now {
        Now { monotonic: self.clock.monotonic(), wall: self.clock.now() }
    }

    /// The gauges of this core.
    pub(super) fn own_gauges(&self) -> &CoreGauges {
        &self.gauges[self.core.index()]
    }

    /// Asks for a flush, since the engine handled something.
    pub(super) fn flush_soon(&self) {
        self.flush_signal.request();
    }
}
