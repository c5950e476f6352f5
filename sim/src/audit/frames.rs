//! The frames of the log, and the one that somebody has damaged: its records are named as missing, those
//! and no others.

use fabric::{Damage, FRAME_HEADER_BYTES, Frame, Health};
use uns_model::Sequence;

/// A frame as it lies in a segment.
#[derive(Clone, Debug)]
pub(crate) struct FrameAt {
    /// The last sequence before it.
    pub(crate) after: Sequence,
    /// The last one in it.
    pub(crate) until: Sequence,
    /// What it begins with.
    pub(crate) header: Box<[u8]>,
    /// How long its header and records are.
    pub(crate) bytes: usize,
}

/// All frames there were, in order.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    all: Vec<FrameAt>,
    /// The records somebody has damaged.
    damaged: Option<(Sequence, Sequence)>,
}

impl Frames {
    /// This one is in the log.
    pub(super) fn saw(&mut self, frame: &Frame) {
        if self.all.last().is_none_or(|last| last.until < frame.last()) {
            self.all.push(FrameAt::of(frame));
        }
    }

    /// The records that are damaged: those after the first sequence, up to the other one.
    pub(super) fn damaged(&self) -> Option<(Sequence, Sequence)> {
        self.damaged
    }

    /// The frames a log has from here on and up to there, but for the last one, which could not be told from
    /// one that was never finished. None where one is damaged already.
    pub(crate) fn within(&self, oldest: Sequence, until: Sequence) -> &[FrameAt] {
        let Some((_, others)) = self.all.split_last().filter(|_| self.damaged.is_none()) else {
            return &[];
        };
        let others = &others[others.partition_point(|frame| frame.until < oldest)..];
        &others[..others.partition_point(|frame| frame.until <= until)]
    }

    /// Somebody has damaged these records.
    pub(crate) fn are_damaged(&mut self, after: Sequence, until: Sequence) {
        self.damaged = Some((after, until));
    }

    /// Nobody has named anything who has read a log that begins there.
    ///
    /// # Errors
    /// Records of it are damaged.
    pub(super) fn judge_unnamed(&self, oldest: Sequence) -> Result<(), String> {
        match self.damaged {
            Some((after, until)) if oldest <= until => {
                Err(format!("what follows {after} up to {until} is damaged, and nobody says so"))
            }
            _ => Ok(()),
        }
    }

    /// What a log says of itself is damaged: that, and nothing else.
    ///
    /// # Errors
    /// It says something else; or nothing, although it has `looked` everywhere.
    pub(crate) fn judge(&self, health: &Health, looked: bool) -> Result<(), String> {
        let named = |damage: &Damage| Some((damage.after, damage.until));
        if let Some(damage) = health.damage.iter().find(|damage| named(damage) != self.damaged) {
            return Err(format!("{damage:?} is named, and {:?} is damaged", self.damaged));
        }
        match self.damaged {
            Some((_, until)) if looked && health.damage.is_empty() && health.oldest <= until => {
                Err(format!("the records up to {until} are damaged, and the log does not say so"))
            }
            _ => Ok(()),
        }
    }
}

impl FrameAt {
    fn of(frame: &Frame) -> Self {
        let header = frame.header();
        let bytes = FRAME_HEADER_BYTES + header.length as usize;
        let begins = frame.bytes()[..FRAME_HEADER_BYTES].into();
        Self { after: header.previous, until: header.last(), header: begins, bytes }
    }
}
