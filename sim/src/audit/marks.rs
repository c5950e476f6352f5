//! Durable consumers: each position is in the log once and in order, with its item; whoever takes over
//! goes on behind the last one, with its state.

use std::collections::{BTreeMap, HashMap};

/// What is known of one consumer.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// The position each published number is of.
    made: HashMap<u32, u64>,
    /// The last one that a mark in the log says.
    said: u64,
    /// The number that is in the log for each.
    items: BTreeMap<u64, u32>,
}

/// What it has to remember at a position.
pub(crate) fn state_at(position: u64) -> Vec<u8> {
    position.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes().to_vec()
}

impl Marks {
    /// A number is about to be published for a position.
    pub(crate) fn made(&mut self, number: u32, position: u64) {
        self.made.insert(number, position);
    }

    /// A publish is in the log, perhaps as a copy for a session that is owed it twice, or that takes it
    /// over.
    ///
    /// # Errors
    /// Its position was there before, with another publish, or is an old one.
    pub(crate) fn published(&mut self, number: u32) -> Result<(), String> {
        let Some(position) = self.made.get(&number).copied() else { return Ok(()) };
        match (self.items.get(&position), self.items.last_key_value()) {
            (Some(known), _) if *known == number => return Ok(()),
            (Some(known), _) => {
                return Err(format!("{number} is in the log for {position}, as {known} was"));
            }
            (None, Some((newest, _))) if position < *newest => {
                return Err(format!("{number} is in the log for {position}, after {newest}"));
            }
            (None, _) => {}
        }
        self.items.insert(position, number);
        Ok(())
    }

    /// A mark in the log says that its consumer is there.
    ///
    /// # Errors
    /// That is not the next position.
    pub(crate) fn said(&mut self, position: &[u8]) -> Result<(), String> {
        let text = String::from_utf8_lossy(position);
        let position: u64 = text.parse().map_err(|_| format!("a mark says {text:?}"))?;
        if position != self.said + 1 {
            return Err(format!("a mark says {position} after {}", self.said));
        }
        self.said = position;
        Ok(())
    }

    /// Somebody has taken over, and goes on from there.
    ///
    /// # Errors
    /// That is not where the log says.
    pub(crate) fn judge_resumed(&self, position: u64, state: &[u8]) -> Result<(), String> {
        let said = self.said;
        if position != said {
            return Err(format!("a consumer goes on after {position}, and the log says {said}"));
        }
        if position > 0 && state != state_at(position) {
            return Err(format!("a consumer goes on after {position} with another state"));
        }
        Ok(())
    }
}
