//! Exact comparison and summing of numbers in mixed forms.

use std::cmp::Ordering;

use uns_model::Value;

/// A number in the form it was published; booleans count as 0 and 1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Integer(i128),
    Double(f64),
}

impl Number {
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(v) => Some(Self::Integer(i128::from(*v))),
            Value::Int(v) => Some(Self::Integer(i128::from(*v))),
            Value::UInt(v) => Some(Self::Integer(i128::from(*v))),
            Value::Float(v) => Some(Self::Double(*v)),
            Value::Null | Value::Text(_) | Value::Document(_) | Value::Bytes(_) => None,
        }
    }

    /// The order of the exact values; NaN is larger than everything.
    pub(crate) fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Double(a), Self::Double(b)) => {
                a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
            }
            (Self::Integer(a), Self::Double(b)) => integer_to_double(a, b),
            (Self::Double(a), Self::Integer(b)) => integer_to_double(b, a).reverse(),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "casting saturates, which keeps the order")]
fn integer_to_double(a: i128, b: f64) -> Ordering {
    if b.is_nan() {
        return Ordering::Less;
    }
    let fraction = b.fract().partial_cmp(&0.0).unwrap_or(Ordering::Equal);
    a.cmp(&(b.trunc() as i128)).then(fraction.reverse())
}

/// A sum of doubles with the rounding errors carried along (Neumaier).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Neumaier {
    sum: f64,
    lost: f64,
}

impl Neumaier {
    pub(crate) fn add(&mut self, v: f64) {
        let next = self.sum + v;
        self.lost +=
            if self.sum.abs() >= v.abs() { (self.sum - next) + v } else { (v - next) + self.sum };
        self.sum = next;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.add(other.sum);
        self.lost += other.lost;
    }

    pub(crate) fn value(self) -> f64 {
        // An overflowed sum makes the correction NaN; the infinity is the answer then.
        if self.lost.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_doubles_compare_by_their_exact_values() {
        let (int, double) = (Number::Integer, Number::Double);
        let big = 1i128 << 53;
        assert_eq!(int(big + 1).order(double(9_007_199_254_740_992.0)), Ordering::Greater);
        assert_eq!(double(9_007_199_254_740_992.0).order(int(big + 1)), Ordering::Less);
        assert_eq!(int(23).order(double(23.0)), Ordering::Equal);
        assert_eq!(int(-1).order(double(-1.5)), Ordering::Greater);
        assert_eq!(int(i128::from(u64::MAX)).order(double(1e300)), Ordering::Less);
        assert_eq!(int(5).order(double(f64::NAN)), Ordering::Less);
        assert_eq!(double(f64::NAN).order(double(1.0)), Ordering::Greater);
    }

    #[test]
    fn what_plain_adding_loses_is_kept() {
        let mut sum = Neumaier::default();
        for v in [1.0, 1e100, 1.0, -1e100] {
            sum.add(v);
        }
        assert_eq!(sum.value().to_bits(), 2.0f64.to_bits());
    }
}
