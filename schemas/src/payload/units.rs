//! Units that payloads named lately.

use std::cell::RefCell;
use std::sync::Arc;

/// How many are remembered: a plant has a few dozens of units, a gateway a handful.
const PLACES: usize = 32;

/// What was named lately, so that a thread that decodes one payload after the other has each unit
/// once, and not a copy for each payload. A unit that finds its place taken replaces the other.
#[derive(Debug, Default)]
pub struct Units(RefCell<[Option<Arc<str>>; PLACES]>);

impl Units {
    #[inline]
    pub(super) fn share(&self, unit: &str) -> Arc<str> {
        let mut places = self.0.borrow_mut();
        let Some(place) = places.get_mut(place(unit)) else { return Arc::from(unit) };
        match place {
            Some(known) if **known == *unit => Arc::clone(known),
            _ => Arc::clone(place.insert(Arc::from(unit))),
        }
    }
}

/// By length, first and last byte: that tells apart the units there are, and costs nothing.
fn place(unit: &str) -> usize {
    let bytes = unit.as_bytes();
    let ends = [bytes.first(), bytes.last()].map(|byte| usize::from(byte.copied().unwrap_or(0)));
    (unit.len() + ends[0].wrapping_mul(7) + ends[1].wrapping_mul(5)) % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_had_once_until_another_one_takes_its_place() {
        let units = Units::default();
        let share = |unit: &'static str| units.share(unit);
        let bar = share("bar");
        assert!(Arc::ptr_eq(&bar, &share("bar")));
        let other = share("bir");
        assert_eq!((&*bar, &*other, place("bar")), ("bar", "bir", place("bir")));
        assert_eq!(&*share("bar"), "bar");
        assert_eq!(&*share(""), "");
    }
}
