//! A publisher that loses nothing it was told is sent at QoS 1: what is unacknowledged when a
//! connection breaks is sent again on the next one, in order.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use broker_codec::PacketId;
use uns_model::{Clock as _, SystemClock};

use super::Endpoint;
use super::mqtt::{Connection, Event, Refused};

/// Publishes over one MQTT connection after the other.
#[derive(Debug)]
pub(crate) struct Publisher {
    endpoint: Endpoint,
    qos: u8,
    connection: Connection,
    unacknowledged: VecDeque<Message>,
    next_id: PacketId,
    resumed: u64,
    refused_rows: u64,
    retry_for: Duration,
}

#[derive(Debug)]
struct Message {
    id: PacketId,
    topic: String,
    payload: Vec<u8>,
    retain: bool,
}

/// Unacknowledged messages at QoS 1, unless the broker allows fewer.
const WINDOW: usize = 1000;
/// How long a lost broker is looked for.
const RETRY_FOR: Duration = Duration::from_secs(300);
/// How long one acknowledgement may take.
const ACK_TIMEOUT: Duration = Duration::from_secs(30);

impl Publisher {
    /// Connects; later losses are retried for five minutes.
    pub(crate) fn connect(endpoint: Endpoint, qos: u8) -> Result<Self> {
        let mut publisher = Self::connect_once(endpoint, qos)?;
        publisher.retry_for = RETRY_FOR;
        Ok(publisher)
    }

    /// Connects; a lost connection is an error.
    pub(crate) fn connect_once(endpoint: Endpoint, qos: u8) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(&endpoint)?,
            endpoint,
            qos,
            unacknowledged: VecDeque::new(),
            next_id: PacketId::FIRST,
            resumed: 0,
            refused_rows: 0,
            retry_for: Duration::ZERO,
        })
    }

    /// Sends one message; at QoS 1 it waits while too many are unacknowledged.
    pub(crate) fn publish(&mut self, topic: &str, payload: &[u8], retain: bool) -> Result<()> {
        if self.qos == 0 {
            while let Err(error) = self.connection.publish(topic, payload, retain, None) {
                self.reconnect(error)?;
            }
            return Ok(());
        }
        let window = self.connection.receive_maximum().min(WINDOW);
        while self.unacknowledged.len() >= window {
            self.collect(ACK_TIMEOUT)?;
        }
        let id = self.next_id;
        self.next_id = id.next();
        let sent = self.connection.publish(topic, payload, retain, Some(id));
        let (topic, payload) = (topic.to_owned(), payload.to_vec());
        self.unacknowledged.push_back(Message { id, topic, payload, retain });
        match sent {
            Ok(()) => Ok(()),
            Err(error) => self.reconnect(error),
        }
    }

    /// Sends at QoS 1, whatever is asked, and waits for the answers: at QoS 0 a publisher never
    /// learns that all it sends is refused.
    pub(crate) fn acknowledged(
        &mut self,
        send: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let qos = std::mem::replace(&mut self.qos, 1);
        send(self)?;
        self.settle()?;
        self.qos = qos;
        Ok(())
    }

    /// How many rows of batches were refused so far, the others being taken.
    pub(crate) fn refused_rows(&self) -> u64 {
        self.refused_rows
    }

    /// Hands everything buffered to the network.
    pub(crate) fn flush(&mut self) -> Result<()> {
        match self.connection.flush() {
            Ok(()) => Ok(()),
            Err(error) => self.reconnect(error),
        }
    }

    /// Waits for every acknowledgement and disconnects; answers how often the connection was lost.
    pub(crate) fn finish(&mut self) -> Result<u64> {
        self.settle()?;
        self.connection.close()?;
        Ok(self.resumed)
    }

    /// Waits for every acknowledgement.
    fn settle(&mut self) -> Result<()> {
        self.flush()?;
        while !self.unacknowledged.is_empty() {
            self.collect(ACK_TIMEOUT)?;
        }
        Ok(())
    }

    /// Waits for at least one acknowledgement.
    fn collect(&mut self, timeout: Duration) -> Result<()> {
        let event = match self.connection.flush().and_then(|()| self.connection.next(timeout)) {
            Ok(Some(event)) => event,
            Ok(None) => {
                return self.reconnect(anyhow::anyhow!("no acknowledgement in {timeout:?}"));
            }
            Err(error) => return self.reconnect(error),
        };
        let Event::Acknowledged { packet_id, refused, refused_rows } = event else {
            return Ok(());
        };
        self.refused_rows += refused_rows;
        let Some(at) = self.unacknowledged.iter().position(|m| m.id == packet_id) else {
            return Ok(());
        };
        let message = self.unacknowledged.remove(at).context("the position was just found")?;
        match refused {
            None => Ok(()),
            Some(reason) => {
                bail!("{} was refused by {}: {reason}", message.topic, self.endpoint.target)
            }
        }
    }

    /// Finds the broker again and sends what it has not acknowledged.
    fn reconnect(&mut self, lost: anyhow::Error) -> Result<()> {
        let clock = SystemClock;
        let give_up = clock.monotonic() + self.retry_for;
        let mut pause = Duration::from_millis(50);
        if !self.retry_for.is_zero() {
            let minutes = self.retry_for.as_secs() / 60;
            eprintln!(
                "uns: the connection to {} was lost ({lost}); trying again for {minutes} minutes",
                self.endpoint.target
            );
        }
        let mut last = lost;
        while clock.monotonic() < give_up {
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(2));
            match Connection::open(&self.endpoint).and_then(|c| self.resume(c)) {
                Ok(()) => {
                    self.resumed += 1;
                    return Ok(());
                }
                Err(error) if error.is::<Refused>() => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last.context(format!("the connection to {} was lost", self.endpoint.target)))
    }

    fn resume(&mut self, mut connection: Connection) -> Result<()> {
        for message in &self.unacknowledged {
            connection.publish(
                &message.topic,
                &message.payload,
                message.retain,
                Some(message.id),
            )?;
        }
        connection.flush()?;
        self.connection = connection;
        Ok(())
    }
}
