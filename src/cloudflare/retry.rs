//! Decides whether and when to repeat an attempt: pure functions, without a clock or a source of chance of their own.

use std::time::Duration;

use http::Method;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use super::error::{Error, TransportKind};

/// The longest wait that a server can demand: Cloudflare blocks for five minutes.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// The longest wait of the client's own choice.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// The outcome of an attempt, for the decision to repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The quota is used up. The attempt had no effect.
    RateLimited { retry_after: Option<Duration> },
    /// Nothing was sent.
    NotSent,
    /// It may have taken effect.
    Unknown { retry_after: Option<Duration> },
    /// A refusal of the credential. It can be temporary just after the credential was made.
    AuthenticationBlip,
    /// Another attempt would get the same answer.
    Definite,
}

impl Outcome {
    pub(super) fn of(error: &Error, method: &Method) -> Self {
        match error {
            _ if error.is_rate_limited() => Self::RateLimited { retry_after: error.retry_after() },
            Error::Transport { kind: TransportKind::Connect, .. } => Self::NotSent,
            _ if error.is_ambiguous() => Self::Unknown { retry_after: error.retry_after() },
            // A refusal with an explanation is final.
            Error::Api { status: 403, .. }
                if *method == Method::GET && error.has_code(10000) && !error.is_explained() =>
            {
                Self::AuthenticationBlip
            }
            _ => Self::Definite,
        }
    }
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Try again after this long.
    Retry(Duration),
    /// Return the error to the caller.
    GiveUp,
}

/// Decides after attempt number `attempt` (from 1), where `max_retries` may follow the first.
///
/// `repeatable` means that a second effect does no harm. An attempt without an effect is repeated for every request.
/// `jitter`, from 0 to 1, spreads callers that failed together.
pub(super) fn decide(
    repeatable: bool,
    attempt: u32,
    max_retries: u32,
    outcome: Outcome,
    jitter: f64,
) -> Decision {
    /// More than two would delay the report of a missing permission for too long.
    const BLIPS: u32 = 2;
    let asked = match outcome {
        Outcome::RateLimited { retry_after } => retry_after,
        Outcome::Unknown { retry_after } if repeatable => retry_after,
        Outcome::NotSent => None,
        Outcome::AuthenticationBlip if attempt <= BLIPS => None,
        _ => return Decision::GiveUp,
    };
    if attempt > max_retries {
        return Decision::GiveUp;
    }
    let backoff = backoff(attempt, jitter);
    Decision::Retry(asked.map_or(backoff, |asked| asked.min(LONGEST_WAIT)))
}

/// Half a second, doubled with each attempt, minus a random part of up to half.
fn backoff(attempt: u32, jitter: f64) -> Duration {
    let full = Duration::from_millis(500)
        .saturating_mul(1 << attempt.saturating_sub(1).min(16))
        .min(LONGEST_BACKOFF);
    full.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}

/// Reads `Retry-After`: seconds, or an HTTP date relative to `now`. Capped. `None` if it is neither.
pub(super) fn retry_after(header: &str, now: OffsetDateTime) -> Option<Duration> {
    let header = header.trim();
    let wait = if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        header.parse().map_or(LONGEST_WAIT, Duration::from_secs)
    } else {
        Duration::try_from(http_date(header)? - now).unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

/// Reads an HTTP date, which is RFC 2822's with the zone written as GMT. Its two obsolete forms are not read.
pub(super) fn http_date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text.trim(), &Rfc2822).ok()
}

#[cfg(test)]
mod tests {
    use super::{super::error::tests::*, *};

    const UNKNOWN: Outcome = Outcome::Unknown { retry_after: None };

    #[test]
    fn what_is_not_repeatable_is_not_repeated_when_its_effect_is_unknown() {
        assert_eq!(decide(false, 1, 4, UNKNOWN, 0.0), Decision::GiveUp);
        assert_eq!(decide(true, 1, 4, UNKNOWN, 0.0), Decision::Retry(Duration::from_millis(500)));
    }

    #[test]
    fn what_had_no_effect_is_repeated_for_every_request() {
        let limited = Outcome::RateLimited { retry_after: Some(Duration::from_secs(7)) };
        assert_eq!(decide(false, 1, 4, limited, 0.5), Decision::Retry(Duration::from_secs(7)));
        assert!(matches!(decide(false, 1, 4, Outcome::NotSent, 0.5), Decision::Retry(_)));
    }

    #[test]
    fn retries_are_counted_and_waits_grow_to_a_cap() {
        assert_eq!(decide(true, 5, 4, UNKNOWN, 0.0), Decision::GiveUp);
        assert_eq!(decide(true, 1, 0, UNKNOWN, 0.0), Decision::GiveUp);
        assert_eq!(decide(true, 3, 4, UNKNOWN, 0.5), Decision::Retry(Duration::from_millis(1500)));
        assert_eq!(decide(true, 4_000_000, u32::MAX, UNKNOWN, 0.0), Decision::Retry(LONGEST_BACKOFF));
    }

    #[test]
    fn a_refused_credential_gets_two_more_chances_and_only_to_read() {
        let refused = api(403, 10000, "Authentication error");
        let outcome = Outcome::of(&refused, &Method::GET);
        assert_eq!(outcome, Outcome::AuthenticationBlip);
        assert!(matches!(decide(true, 2, 4, outcome, 0.0), Decision::Retry(_)));
        assert_eq!(decide(true, 3, 4, outcome, 0.0), Decision::GiveUp);
        assert_eq!(Outcome::of(&refused, &Method::PUT), Outcome::Definite);
    }

    #[test]
    fn a_refusal_that_cloudflare_explains_is_final_and_shows_where() {
        let mut refused = api(403, 10000, "Authentication error");
        if let Error::Api { errors, .. } = &mut refused {
            errors[0].documentation_url = Some("https://developers.cloudflare.com/x".to_owned());
        }
        assert_eq!(Outcome::of(&refused, &Method::GET), Outcome::Definite);
        assert!(refused.to_string().contains("(see https://developers.cloudflare.com/x)"), "{refused}");
    }

    #[test]
    fn outcomes_follow_from_errors() {
        assert_eq!(Outcome::of(&api(400, 1001, ""), &Method::GET), Outcome::Definite);
        assert_eq!(Outcome::of(&malformed(502), &Method::PUT), UNKNOWN);
        assert_eq!(Outcome::of(&transport(TransportKind::Connect, false), &Method::POST), Outcome::NotSent);
        assert_eq!(Outcome::of(&transport(TransportKind::TooLate, false), &Method::PUT), Outcome::Definite);
        let limited = Outcome::RateLimited { retry_after: None };
        assert_eq!(Outcome::of(&api(503, 971, ""), &Method::POST), limited);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_capped() {
        let now = OffsetDateTime::from_unix_timestamp(784_111_777).unwrap();
        let seconds = |header| retry_after(header, now).map(|wait| wait.as_secs());
        assert_eq!(seconds(" 12 "), Some(12));
        assert_eq!(seconds("86400"), Some(300));
        assert_eq!(seconds("99999999999999999999999"), Some(300));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:27 GMT"), Some(0), "it is past");
        assert_eq!(seconds("Mon, 07 Nov 1994 08:49:27 GMT"), Some(300));
        assert_eq!(seconds("-5"), None);
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds(""), None);
    }
}
