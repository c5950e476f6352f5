//! Seeded damage to an input: what networks, and people with bad intentions, do to bytes.

use uns_model::{Random, SeededRandom};

/// The most bytes a mutation grows to.
const BYTES_MAX: usize = 1 << 16;

/// Bytes at the edges of lengths, characters and flags.
const EDGES: [u8; 12] = [0, 1, 0x7F, 0x80, 0xC0, 0xFF, b'"', b'{', b'}', b'+', b'#', b'9'];

/// Damages one input of the corpus in one to eight ways; the same seed does the same.
#[must_use]
pub fn mutate(seed: u64, corpus: &[Vec<u8>]) -> Vec<u8> {
    let random = SeededRandom::new(seed);
    let mut bytes = pick(&random, corpus).cloned().unwrap_or_default();
    for _ in 0..=random.u64() % 8 {
        damage(&random, corpus, &mut bytes);
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

fn damage(random: &SeededRandom, corpus: &[Vec<u8>], bytes: &mut Vec<u8>) {
    let place = below(random, bytes.len() + 1);
    let [byte, ..] = random.u64().to_le_bytes();
    match random.u64() % 8 {
        0 => bytes.truncate(place),
        1 => bytes.insert(place, byte),
        2 => {
            bytes.drain(..place);
        }
        3 => {
            let from = bytes.get(place..).unwrap_or_default();
            let piece = from.get(..from.len().min(16)).unwrap_or_default().to_vec();
            bytes.extend_from_slice(&piece);
        }
        4 => {
            // The end of another input in place of our own.
            let other = pick(random, corpus).map(Vec::as_slice).unwrap_or_default();
            let from = below(random, other.len() + 1);
            bytes.truncate(place);
            bytes.extend_from_slice(other.get(from..).unwrap_or_default());
        }
        5 => replace(bytes, place, |_| *pick(random, &EDGES).unwrap_or(&0)),
        6 => replace(bytes, place, |old| old ^ (1 << (byte & 7))),
        _ => replace(bytes, place, |old| old.wrapping_add(byte)),
    }
}

fn replace(bytes: &mut [u8], place: usize, with: impl Fn(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(place) {
        *byte = with(*byte);
    }
}

fn pick<'a, T>(random: &SeededRandom, among: &'a [T]) -> Option<&'a T> {
    among.get(below(random, among.len()))
}

/// A number below `limit`, 0 if that is 0.
fn below(random: &SeededRandom, limit: usize) -> usize {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
    usize::try_from(random.u64() % limit).unwrap_or(0)
}
