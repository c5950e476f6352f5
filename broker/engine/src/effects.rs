//! What the embedder has to do after events.

use fabric::{DueWill, Rejection};
use uns_model::{Sequence, SessionNo};

use crate::failed::RefusedLogin;
use crate::forgive::Forgiven;
use crate::gate::Placed;
use crate::key::{CoreNo, Key};
use crate::login::OwnedLogin;
use crate::notices::SilentRefusal;
use crate::oversize::Oversize;
use crate::shortfall::FellShort;
use crate::signal::Signal;

/// How a batch of in-process publishes ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply<R> {
    /// The token it was offered under.
    pub token: u64,
    /// For each item its place in what was committed and its refused rows, or why it was refused.
    pub taken: Vec<Placed>,
    /// What the log said of all that have a place; `None` if none has.
    pub outcome: Option<Result<R, Rejection>>,
}

/// A session whose connection the log knows: from here on the ledger may feed it.
#[derive(Clone, Debug)]
pub struct Attached<R> {
    /// Which connection.
    pub key: Key,
    /// Its session.
    pub session: SessionNo,
    /// The commit that says so; `None` if nothing had to be said, or could be.
    pub receipt: Option<R>,
}

/// What the embedder has to do after events. Connections with something to write are in
/// [`Engine::pending_output`](crate::Engine::pending_output).
#[derive(Debug)]
pub struct Effects<R> {
    /// Words for other cores.
    pub signals: Vec<(CoreNo, Signal)>,
    /// Connections to be read again, their unread bytes first.
    pub resumed: Vec<Key>,
    /// Outcomes of in-process publishes.
    pub replies: Vec<Reply<R>>,
    /// Sessions the ledger may feed.
    pub attached: Vec<Attached<R>>,
    /// Sessions whose connections are gone: it must not feed them any more. If the log does not say
    /// that they are left or ended, they count as left after a while.
    pub detached: Vec<(SessionNo, Key)>,
    /// What ended sessions left to their shares and the log did not take: to be offered again.
    pub not_passed_on: Vec<(SessionNo, Sequence)>,
    /// Wills that were due and the log did not take: to be handed in again after a while.
    pub wills_not_taken: Vec<DueWill>,
    /// Log-ins to verify off the core; the answers come back with
    /// [`Engine::verified`](crate::Engine::verified).
    pub asked: Vec<(Key, OwnedLogin)>,
    /// Log-ins that failed, to be reported to the operators.
    pub refused: Vec<RefusedLogin>,
    /// Faults that were passed over, to be reported to them as well.
    pub forgiven: Vec<Forgiven>,
    /// Packets over the limit, to be reported to them as well.
    pub oversize: Vec<Oversize>,
    /// Refusals that their clients cannot be told, to be reported to them as well.
    pub silent_refusals: Vec<SilentRefusal>,
    /// Clients that lose messages since they are slow, to be reported to them as well.
    pub fell_short: Vec<FellShort>,
    /// Addresses that began TLS on a listener without, and the listener.
    pub began_tls: Vec<(Box<str>, Box<str>)>,
}

impl<R> Default for Effects<R> {
    fn default() -> Self {
        Self {
            signals: vec![],
            resumed: vec![],
            replies: vec![],
            attached: vec![],
            detached: vec![],
            not_passed_on: vec![],
            wills_not_taken: vec![],
            asked: vec![],
            refused: vec![],
            forgiven: vec![],
            oversize: vec![],
            silent_refusals: vec![],
            fell_short: vec![],
            began_tls: vec![],
        }
    }
}
