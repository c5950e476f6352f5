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

    fn merge(&mut self, other: Self) {
        self.add(other.sum);
        self.lost += other.lost;
    }

    fn value(self) -> f64 {
        // An infinity or NaN among the numbers makes the correction NaN; the sum says which.
        if self.lost.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

/// A sum that overflows only where the result does: doubles near the end of their range are summed
/// apart, scaled by a power of two, which changes none of their bits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    doubles: Neumaier,
    huge: Neumaier,
}

/// From here on doubles are summed apart; 2^123 doubles below it do not overflow.
const HUGE: f64 = f64::from_bits((1023 + 900) << 52);
/// What they are scaled by: 2^-128.
const SCALE: f64 = f64::from_bits((1023 - 128) << 52);

impl Sum {
    pub(crate) fn add(&mut self, v: f64) {
        if v.abs() < HUGE || v.is_nan() {
            self.doubles.add(v);
        } else {
            self.huge.add(v * SCALE);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.doubles.merge(other.doubles);
        self.huge.merge(other.huge);
    }

    /// The sum divided by a number of at least one.
    pub(crate) fn over(self, count: f64) -> f64 {
        let (doubles, huge) = (self.doubles.value(), self.huge.value());
        if huge == 0.0 {
            return doubles / count;
        }
        let mut scaled = self.huge;
        scaled.add(doubles * SCALE);
        scaled.value() / count / SCALE
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
        for huge in [1e100, 1e300] {
            let mut sum = Sum::default();
            for v in [1.0, huge, 1.0, -huge] {
                sum.add(v);
            }
            assert_eq!(sum.over(1.0).to_bits(), 2.0f64.to_bits());
        }
    }

    #[test]
    fn a_sum_overflows_only_where_the_result_does() {
        let over = |values: &[f64], count: f64| {
            let mut sum = Sum::default();
            values.iter().for_each(|v| sum.add(*v));
            sum.over(count)
        };
        assert_eq!(over(&[1e308, 1e308], 2.0).to_bits(), 1e308f64.to_bits());
        assert_eq!(over(&[f64::MAX; 3], 3.0).to_bits(), f64::MAX.to_bits());
        assert_eq!(over(&[1e308, 1e308, -1e308], 1.0).to_bits(), 1e308f64.to_bits());
        assert_eq!(over(&[1e308, 1e308], 1.0), f64::INFINITY);
        assert_eq!(over(&[-1e308, 3.0, 1e308], 1.0).to_bits(), 3.0f64.to_bits());
        assert!(over(&[f64::NAN, 1e308], 1.0).is_nan());
    }
}
