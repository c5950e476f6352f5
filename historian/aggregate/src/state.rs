//! The mergeable state of one bucket, and what it says.

use std::cmp::Ordering;

use uns_model::query::Aggregate;
use uns_model::{Quality, Sequence, Timestamp, Value};

use crate::number::{Number, Sum};

/// Which samples count and when a result is Good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// Uncertain samples count as Bad: they are left out and lower the quality. Default: true.
    pub uncertain_is_bad: bool,
    /// From this share of Good samples on a result is Good. Default: 100.
    pub percent_good: u8,
    /// From this share of Bad samples on a result is Bad. Default: 100.
    pub percent_bad: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self { uncertain_is_bad: true, percent_good: 100, percent_bad: 100 }
    }
}

/// The value of one bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// [`Value::Null`] exactly when the quality is Bad.
    pub value: Value,
    /// Good, `Uncertain_DataSubNormal` or Bad, by the share of Good and Bad samples.
    pub quality: Quality,
    /// The newest log record that contributed.
    pub sequence: Sequence,
}

/// Some Good samples were missing from the bucket.
const DATA_SUB_NORMAL: Quality = Quality(0x40A4_0000);
/// No sample of the bucket can answer.
const NO_DATA: Quality = Quality(0x809B_0000);

type Held = (Timestamp, Sequence, Value);

/// Everything the aggregates need of the samples of one bucket.
#[derive(Clone, Debug)]
pub struct State {
    config: Config,
    good: u64,
    bad: u64,
    numbers: u64,
    integers: i128,
    doubles: Sum,
    has_doubles: bool,
    min: Option<Value>,
    max: Option<Value>,
    first: Option<Held>,
    last: Option<Held>,
    newest: Sequence,
}

impl State {
    /// An empty bucket.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            good: 0,
            bad: 0,
            numbers: 0,
            integers: 0,
            doubles: Sum::default(),
            has_doubles: false,
            min: None,
            max: None,
            first: None,
            last: None,
            newest: Sequence::ZERO,
        }
    }

    /// No sample of any quality.
    pub fn is_empty(&self) -> bool {
        self.good + self.bad == 0
    }

    /// Takes one sample.
    pub fn add(&mut self, time: Timestamp, sequence: Sequence, value: &Value, quality: Quality) {
        self.newest = self.newest.max(sequence);
        let usable = quality.is_good() || (quality.is_uncertain() && !self.config.uncertain_is_bad);
        if !usable || quality == Quality::GOOD_NO_DATA || *value == Value::Null {
            self.bad += 1;
            return;
        }
        self.good += 1;
        if let Some(number) = Number::of(value) {
            self.add_number(value, number);
        }
        // Samples mostly come in time order: a new last is the common case, a new first is rare.
        if self.last.as_ref().is_none_or(|(t, s, _)| (*t, *s) <= (time, sequence)) {
            self.last = Some((time, sequence, value.clone()));
        }
        if self.first.as_ref().is_none_or(|(t, s, _)| (time, sequence) < (*t, *s)) {
            self.first = Some((time, sequence, value.clone()));
        }
    }

    fn add_number(&mut self, value: &Value, number: Number) {
        self.numbers += 1;
        match number {
            Number::Integer(v) => self.integers += v,
            Number::Double(v) => {
                self.doubles.add(v);
                self.has_doubles = true;
            }
        }
        replace_if(&mut self.min, value, Ordering::Less);
        replace_if(&mut self.max, value, Ordering::Greater);
    }

    /// Takes what another state of the same bucket and configuration has seen.
    pub fn merge(&mut self, other: &Self) {
        self.good += other.good;
        self.bad += other.bad;
        self.numbers += other.numbers;
        self.integers += other.integers;
        self.doubles.merge(other.doubles);
        self.has_doubles |= other.has_doubles;
        self.newest = self.newest.max(other.newest);
        if let Some(min) = &other.min {
            replace_if(&mut self.min, min, Ordering::Less);
        }
        if let Some(max) = &other.max {
            replace_if(&mut self.max, max, Ordering::Greater);
        }
        let key = |held: &Held| (held.0, held.1);
        if let Some(last) = &other.last
            && self.last.as_ref().is_none_or(|mine| key(mine) <= key(last))
        {
            self.last = Some(last.clone());
        }
        if let Some(first) = &other.first
            && self.first.as_ref().is_none_or(|mine| key(first) < key(mine))
        {
            self.first = Some(first.clone());
        }
    }

    /// What this bucket says; `None` when it is empty.
    pub fn result(&self, aggregate: Aggregate) -> Option<Outcome> {
        if self.is_empty() {
            return None;
        }
        let held = |held: &Option<Held>| held.as_ref().map(|(_, _, value)| value.clone());
        let value = match aggregate {
            // A count is known exactly, whatever the quality of the samples it leaves out.
            Aggregate::Count => {
                let count = Value::Int(i64::try_from(self.good).unwrap_or(i64::MAX));
                return Some(self.outcome(count, Quality::GOOD));
            }
            Aggregate::Avg => self.average(),
            Aggregate::Sum => self.sum(),
            Aggregate::Min => self.min.clone(),
            Aggregate::Max => self.max.clone(),
            Aggregate::First => held(&self.first),
            Aggregate::Last => held(&self.last),
        };
        Some(match value {
            None => self.outcome(Value::Null, NO_DATA),
            Some(value) => match self.quality() {
                quality if quality.is_bad() => self.outcome(Value::Null, quality),
                quality => self.outcome(value, quality),
            },
        })
    }

    fn outcome(&self, value: Value, quality: Quality) -> Outcome {
        Outcome { value, quality, sequence: self.newest }
    }

    fn quality(&self) -> Quality {
        let all = self.good + self.bad;
        let at_least = |part: u64, percent: u8| part * 100 >= all * u64::from(percent);
        if at_least(self.good, self.config.percent_good) {
            Quality::GOOD
        } else if at_least(self.bad, self.config.percent_bad) {
            Quality::BAD
        } else {
            DATA_SUB_NORMAL
        }
    }

    fn sum(&self) -> Option<Value> {
        let finite = |v: f64| v.is_finite().then_some(Value::Float(v));
        match i64::try_from(self.integers) {
            _ if self.numbers == 0 => None,
            Ok(sum) if !self.has_doubles => Some(Value::Int(sum)),
            _ => finite(self.total_over(1.0)),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "an average is a double by definition")]
    fn average(&self) -> Option<Value> {
        if self.numbers == 0 {
            return None;
        }
        let average = self.total_over(self.numbers as f64);
        average.is_finite().then_some(Value::Float(average))
    }

    #[expect(clippy::cast_precision_loss, reason = "rounded once, after exact summing")]
    fn total_over(&self, count: f64) -> f64 {
        let mut total = self.doubles;
        if self.integers != 0 {
            total.add(self.integers as f64);
        }
        total.over(count)
    }
}

fn replace_if(held: &mut Option<Value>, value: &Value, order: Ordering) {
    let replaces = match held.as_ref().and_then(Number::of) {
        Some(mine) => Number::of(value).is_some_and(|new| new.order(mine) == order),
        None => true,
    };
    if replaces {
        *held = Some(value.clone());
    }
}

#[cfg(test)]
mod tests;
