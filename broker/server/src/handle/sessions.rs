//! Sessions, as operators see them: those in the log, from the ledger, and those that end with their
//! connection, from the cores, as one list by client id.

use std::time::Duration;

use broker_engine::{ClientInfo, ClientQuery};
use uns_model::OrgId;
use uns_model::query::SessionQuery;

use crate::operator_request::{EndSession, HeldBy, OperatorRequest};
use crate::{Error, Handle};

/// One session.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    /// Its client id.
    pub client_id: Box<str>,
    /// Whether it is in the log.
    pub durable: bool,
    /// Whether its client is connected.
    pub connected: bool,
    /// Session Expiry Interval in seconds, `u32::MAX` for never.
    pub expiry: u32,
    /// When it ends, if its client does not come back.
    pub expires_in: Option<Duration>,
    /// How many subscriptions.
    pub subscriptions: usize,
    /// Messages it is owed.
    pub queued: usize,
    /// Their bytes.
    pub queued_bytes: u64,
    /// Those of them sent and not acknowledged.
    pub in_flight: usize,
    /// Messages it lost.
    pub dropped: u64,
}

/// How often the end of a session is checked for.
const ATTEMPTS: usize = 500;
/// The time between two checks.
const STEP: Duration = Duration::from_millis(10);
/// How many sessions are read from the ledger at once.
const PAGE: usize = 1000;

impl Handle {
    /// One page of sessions by client id, and whether there are more.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn sessions(&self, query: SessionQuery) -> Result<(Vec<SessionInfo>, bool), Error> {
        let mut all = self.logged_sessions(&query);
        if query.connected != Some(false) {
            let clients = ClientQuery {
                org: query.org,
                client_id: query.client_id.clone(),
                after: query.after.as_deref().map(|after| (0, after.into())),
                durable: Some(false),
                limit: query.limit,
                ..ClientQuery::default()
            };
            let (found, more) = self.clients(clients).await?;
            // The cores may have more clients after the last one of a full list, so sessions after it
            // are left for the next page.
            let end = found.last().filter(|_| more).map(|last| last.client_id.clone());
            all.retain(|session| end.as_ref().is_none_or(|end| session.client_id <= *end));
            all.extend(found.into_iter().map(of_connection));
            all.sort_by(|a, b| a.client_id.cmp(&b.client_id));
            // A session may have moved to the log between the two questions.
            all.dedup_by(|a, b| a.client_id == b.client_id);
            let more = more || all.len() > query.limit;
            all.truncate(query.limit);
            return Ok((all, more));
        }
        let more = all.len() > query.limit;
        all.truncate(query.limit);
        Ok((all, more))
    }

    /// Ends a client's session by administrative action, together with its connection if it has
    /// one; `false` if it has neither. The end is on disk when this is answered.
    ///
    /// # Errors
    /// The broker is shutting down, or the log does not take it.
    pub async fn end_session(&self, org: OrgId, client_id: &str) -> Result<bool, Error> {
        let mut known = false;
        for _ in 0..ATTEMPTS {
            let held_by = match self.broker.clients.holding(org, client_id) {
                (Some(who), _) => (who.core.index(), HeldBy::Connection(who.key)),
                (None, Some(session)) => (0, HeldBy::Nobody(session)),
                (None, None) => {
                    self.await_end(org, client_id).await?;
                    return Ok(known);
                }
            };
            known = true;
            let (core, held_by) = held_by;
            let session = EndSession { org, client_id: client_id.into(), held_by };
            let request = |reply| OperatorRequest::EndSession(session, reply);
            if !self.operators.ask(core, request).await? {
                // Its connection is closing, or a new one on another core has the session by now.
                tokio::time::sleep(STEP).await;
            }
        }
        Err(Error::SessionGoesOn { client_id: client_id.to_owned() })
    }

    /// Waits until the log says that the client has no session.
    async fn await_end(&self, org: OrgId, client_id: &str) -> Result<(), Error> {
        let Some(ledger) = &self.ledger else { return Ok(()) };
        for _ in 0..ATTEMPTS {
            if ledger.find(org, client_id).is_none() {
                return Ok(());
            }
            tokio::time::sleep(STEP).await;
        }
        Err(Error::SessionGoesOn { client_id: client_id.to_owned() })
    }

    /// The sessions in the log, up to one more than the limit.
    fn logged_sessions(&self, query: &SessionQuery) -> Vec<SessionInfo> {
        let mut found = Vec::new();
        let Some(ledger) = &self.ledger else { return found };
        let mut after = query.after.clone().unwrap_or_default();
        loop {
            let page = ledger.sessions(query.org, &after, PAGE);
            let Some(last) = page.last() else { return found };
            after = last.client_id.to_string();
            let whole = page.len() == PAGE;
            let wanted = page.iter().filter(|session| wants(query, session));
            found.extend(wanted.filter_map(|session| {
                // The broker knows sooner than the ledger who connected and who left.
                let connected = self.broker.clients.find(query.org, &session.client_id).is_some();
                let wanted = query.connected.is_none_or(|wish| wish == connected);
                wanted.then(|| of_ledger(session, connected))
            }));
            if found.len() > query.limit || !whole {
                found.truncate(query.limit + 1);
                return found;
            }
        }
    }
}

/// Whether a session is asked for. One without expiry is in the log only for its will and ends with its
/// connection, so it is listed with those of the cores.
fn wants(query: &SessionQuery, session: &broker_ledger::SessionInfo) -> bool {
    let part = query.client_id.as_ref();
    session.expiry > 0 && part.is_none_or(|part| session.client_id.contains(part.as_str()))
}

fn of_ledger(session: &broker_ledger::SessionInfo, connected: bool) -> SessionInfo {
    SessionInfo {
        client_id: (*session.client_id).into(),
        durable: true,
        connected,
        expiry: session.expiry,
        expires_in: session.expires_in.filter(|_| !connected),
        subscriptions: session.subscriptions,
        queued: session.owed,
        queued_bytes: session.owed_bytes,
        in_flight: session.inflight,
        dropped: session.dropped,
    }
}

fn of_connection(client: ClientInfo) -> SessionInfo {
    SessionInfo {
        client_id: client.client_id,
        durable: false,
        connected: true,
        expiry: client.session_expiry,
        expires_in: None,
        subscriptions: client.subscriptions,
        queued: client.queued,
        queued_bytes: client.queued_bytes as u64,
        in_flight: client.in_flight.into(),
        dropped: client.dropped.iter().sum(),
    }
}
