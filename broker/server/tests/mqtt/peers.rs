//! What authentication is told about each client.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use broker_server::{Anonymous, Authenticate, Deps, Login, Peer, Verdict};

/// Accepts whom [`Anonymous`] accepts, or everybody, and reports them to the test.
struct Witness {
    told: SyncSender<Peer>,
    everybody: bool,
}

impl Authenticate for Witness {
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        self.told.send(login.peer.clone()).expect("the test listens");
        let direct = Peer { proxied: false, ..login.peer.clone() };
        let login = if self.everybody { &Login { peer: &direct, ..*login } } else { login };
        Anonymous.authenticate(login)
    }
}

/// Dependencies that report each client.
pub(crate) fn witnessed(everybody: bool) -> (Deps, Receiver<Peer>) {
    let (told, peers) = sync_channel(1000);
    let authenticate = Box::new(Witness { told, everybody });
    (
        Deps { authenticate, origin_check: Arc::new(broker_server::NoBrowsers), ..Deps::default() },
        peers,
    )
}
