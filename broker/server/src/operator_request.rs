//! What operators ask of the cores. Requests have a queue of their own, so they do not wait behind
//! publishes, which may wait for room.

use std::sync::Arc;

use broker_engine::{ClientInfo, ClientScan, Key, TopicScan, Trace};
use tokio::sync::{mpsc, oneshot};
use uns_model::{OrgId, SessionNo};

use crate::Error;

/// One request to one core.
#[derive(Debug)]
pub(crate) enum OperatorRequest {
    /// Look for clients.
    Clients(Box<ClientScan>, oneshot::Sender<Box<ClientScan>>),
    /// Look for topics.
    Topics(Box<TopicScan>, oneshot::Sender<Box<TopicScan>>),
    /// Say what is known of these connections.
    Info(Vec<Key>, oneshot::Sender<Vec<Option<ClientInfo>>>),
    /// Record packets for this trace.
    Trace(Arc<Trace>, oneshot::Sender<()>),
    /// End this connection.
    Kick(Key, oneshot::Sender<bool>),
    /// End the session of a client.
    EndSession(EndSession, oneshot::Sender<bool>),
}

/// The session to end.
#[derive(Debug)]
pub(crate) struct EndSession {
    pub(crate) org: OrgId,
    pub(crate) client_id: Box<str>,
    pub(crate) held_by: HeldBy,
}

/// Who has a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HeldBy {
    /// This connection.
    Connection(Key),
    /// No connection at the moment.
    Nobody(SessionNo),
}

/// The most requests that wait for one core.
const REQUESTS_MAX: usize = 64;

/// The way to the cores.
#[derive(Clone, Debug)]
pub(crate) struct OperatorRequests(Arc<[mpsc::Sender<OperatorRequest>]>);

impl OperatorRequests {
    /// A queue for each core, and their receiving ends in the order of the cores.
    pub(crate) fn new(cores: u16) -> (Self, Vec<mpsc::Receiver<OperatorRequest>>) {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..cores).map(|_| mpsc::channel(REQUESTS_MAX)).unzip();
        (Self(senders.into()), receivers)
    }

    /// The number of cores.
    pub(crate) fn cores(&self) -> usize {
        self.0.len()
    }

    /// Asks one core.
    pub(crate) async fn ask<T>(
        &self,
        core: usize,
        request: impl FnOnce(oneshot::Sender<T>) -> OperatorRequest,
    ) -> Result<T, Error> {
        let queue = self.0.get(core).ok_or(Error::ShuttingDown)?;
        let (reply, answer) = oneshot::channel();
        queue.send(request(reply)).await.map_err(|_| Error::ShuttingDown)?;
        answer.await.map_err(|_| Error::ShuttingDown)
    }

    /// Asks all cores at once.
    pub(crate) async fn ask_all<T>(
        &self,
        request: impl Fn(oneshot::Sender<T>) -> OperatorRequest,
    ) -> Result<Vec<T>, Error> {
        let mut answers = Vec::with_capacity(self.0.len());
        for queue in self.0.iter() {
            let (reply, answer) = oneshot::channel();
            queue.send(request(reply)).await.map_err(|_| Error::ShuttingDown)?;
            answers.push(answer);
        }
        let mut all = Vec::with_capacity(answers.len());
        for answer in answers {
            all.push(answer.await.map_err(|_| Error::ShuttingDown)?);
        }
        Ok(all)
    }
}
