//! A subscriber that finds its broker again when the connection is lost, and says so.

use std::time::Duration;

use anyhow::{Result, bail};

use super::Endpoint;
use super::mqtt::{Connection, Event, Refused};

/// A broker that said nothing for so long is asked whether it is there.
const QUIET: Duration = Duration::from_secs(20);
/// Pauses between attempts double from the one to the other.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What arrives on some topics, over one connection after the other.
#[derive(Debug)]
pub(super) struct Subscriber<'a> {
    endpoint: Endpoint,
    filters: &'a [String],
    connection: Connection,
    /// Whether somebody has been told that the subscription stands.
    told: bool,
}

impl<'a> Subscriber<'a> {
    /// Connects and subscribes; a broker that is not there is an error.
    pub(super) fn connect(endpoint: Endpoint, filters: &'a [String]) -> Result<Self> {
        let connection = subscribed(&endpoint, filters)?;
        Ok(Self { endpoint, filters, connection, told: false })
    }

    /// The topic and payload of the next message, however long that takes.
    pub(super) fn next(&mut self) -> Result<(String, Vec<u8>)> {
        loop {
            match self.receive() {
                Ok(message) => return Ok(message),
                Err(error) if error.is::<Refused>() => return Err(error),
                Err(error) => self.reconnect(&error)?,
            }
        }
    }

    fn receive(&mut self) -> Result<(String, Vec<u8>)> {
        let mut asked = false;
        loop {
            let Some(event) = self.connection.next(QUIET)? else {
                if asked {
                    bail!("the broker said nothing for {} s", 2 * QUIET.as_secs());
                }
                self.connection.ping()?;
                asked = true;
                continue;
            };
            asked = false;
            match event {
                Event::Suback(Some(reason)) => {
                    let target = &self.endpoint.target;
                    return Err(
                        Refused(format!("{target} refused the subscription: {reason}")).into()
                    );
                }
                Event::Message { topic, payload, packet_id } => {
                    if let Some(id) = packet_id {
                        self.connection.acknowledge(id)?;
                    }
                    return Ok((topic, payload));
                }
                Event::Suback(None) => self.tell(),
                Event::Acknowledged { .. } | Event::Alive => {}
            }
        }
    }

    /// Says once that from now on nothing is missed.
    fn tell(&mut self) {
        if !std::mem::replace(&mut self.told, true) {
            eprintln!("uns: subscribed to {} at {}", self.filters.join(", "), self.endpoint.target);
        }
    }

    /// Tries until it works; only a broker that refuses ends it.
    fn reconnect(&mut self, lost: &anyhow::Error) -> Result<()> {
        let target = &self.endpoint.target;
        eprintln!(
            "uns: the connection to {target} was lost ({lost}); trying again until it is back"
        );
        let mut pause = PAUSES.0;
        loop {
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
            match subscribed(&self.endpoint, self.filters) {
                Ok(connection) => {
                    self.connection = connection;
                    eprintln!(
                        "uns: connected to {target} again; what was published meanwhile is in \
                         `uns history`, not here"
                    );
                    return Ok(());
                }
                Err(error) if error.is::<Refused>() => return Err(error),
                Err(_) => {}
            }
        }
    }
}

fn subscribed(endpoint: &Endpoint, filters: &[String]) -> Result<Connection> {
    let mut connection = Connection::open(endpoint)?;
    connection.subscribe(filters)?;
    Ok(connection)
}
