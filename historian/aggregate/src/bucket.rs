//! Buckets: half-open, aligned to 1970 UTC.

use uns_model::Timestamp;

/// The start of the bucket of this width (in nanoseconds, at least 1) that holds `time`.
pub fn bucket_start(time: Timestamp, width: i64) -> Timestamp {
    let width = width.max(1);
    Timestamp(time.0.div_euclid(width).saturating_mul(width))
}

/// The first time after the bucket that starts here.
pub fn bucket_end(start: Timestamp, width: i64) -> Timestamp {
    Timestamp(start.0.saturating_add(width.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_open_and_aligned_before_1970_too() {
        assert_eq!(bucket_start(Timestamp(59), 60), Timestamp(0));
        assert_eq!(bucket_start(Timestamp(60), 60), Timestamp(60));
        assert_eq!(bucket_start(Timestamp(-1), 60), Timestamp(-60));
        assert_eq!(bucket_end(Timestamp(-60), 60), Timestamp(0));
    }
}
