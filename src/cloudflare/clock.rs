//! The API's clock, as its answers show it. Cloudflare decides expiries and ages by its own clock, and this host's clock
//! may be wrong.

use std::sync::atomic::{AtomicI64, Ordering};

use time::{Duration, OffsetDateTime};

/// Below this difference the two clocks count as equal: an answer's date has whole seconds and is older than its arrival.
const TOLERANCE: i64 = 2;

/// The time on this host.
#[allow(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn host_time() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// An instant in Unix milliseconds.
pub fn milliseconds(at: OffsetDateTime) -> i64 {
    // Every instant that the type has fits.
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// How far the API's clock is ahead of this host's, in whole seconds.
#[derive(Debug, Default)]
pub(super) struct Clock(AtomicI64);

impl Clock {
    /// Records an answer of this date at this time of the host.
    pub(super) fn set(&self, date: OffsetDateTime, host: OffsetDateTime) {
        let ahead = (date - host).whole_seconds();
        self.0.store(if ahead.abs() <= TOLERANCE { 0 } else { ahead }, Ordering::Relaxed);
    }

    /// The API's time at this time of the host.
    pub(super) fn at(&self, host: OffsetDateTime) -> OffsetDateTime {
        host.checked_add(Duration::seconds(self.0.load(Ordering::Relaxed))).unwrap_or(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(milliseconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap() + Duration::milliseconds(milliseconds)
    }

    #[test]
    fn the_hosts_clock_counts_until_an_answer_says_otherwise() {
        let clock = Clock::default();
        assert_eq!(clock.at(host(700)), host(700));
        clock.set(host(0) + Duration::days(31), host(0));
        assert_eq!(clock.at(host(5000)), host(5000) + Duration::days(31));
    }

    #[test]
    fn clocks_that_differ_by_a_date_in_whole_seconds_are_the_same() {
        let clock = Clock::default();
        clock.set(host(0), host(1900));
        assert_eq!(clock.at(host(1900)), host(1900));
    }

    #[test]
    fn a_time_that_does_not_exist_is_not_followed() {
        let clock = Clock::default();
        clock.0.store(i64::MAX / 2, Ordering::Relaxed);
        assert_eq!(clock.at(host(0)), host(0));
    }
}
