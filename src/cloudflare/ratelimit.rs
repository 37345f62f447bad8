//! Keeps the client below the quota of the API's `Ratelimit` headers. Exceeding it blocks every user of the credential for
//! minutes.
//!
//! All clones of a client share one [`Limiter`]. A request reserves its place before it is sent. Requests in flight count
//! as spent, because an answer with a lower quota may be under way. While the quota is unknown, no request waits. [`State`]
//! makes the decisions, and takes the time as an argument.

use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::retry::LONGEST_WAIT;

/// The quota in one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quota {
    /// Requests left in this window, and how long it lasts: `Ratelimit: "default";r=50;t=30`.
    pub(super) left: Option<(u64, Duration)>,
    /// Requests that a window allows: `Ratelimit-Policy: "burst";q=100;w=60`.
    pub(super) per_window: Option<u64>,
}

impl Quota {
    /// Reads both headers. If there are several items, the tightest counts. Unreadable items are ignored.
    pub(super) fn parse(ratelimit: Option<&str>, policy: Option<&str>) -> Self {
        let left = items(ratelimit)
            .filter_map(|item| {
                let wait = Duration::from_secs(parameter(item, "t")?).min(LONGEST_WAIT);
                Some((parameter(item, "r")?, wait))
            })
            .min();
        Self { left, per_window: items(policy).filter_map(|item| parameter(item, "q")).min() }
    }
}

fn items(header: Option<&str>) -> impl Iterator<Item = &str> {
    header.into_iter().flat_map(|header| header.split(','))
}

fn parameter(item: &str, name: &str) -> Option<u64> {
    item.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        (key.trim() == name).then(|| value.trim().parse().ok())?
    })
}

/// The part of an answer that concerns the quota.
#[derive(Clone, Copy, Debug)]
struct Answered {
    quota: Quota,
    /// It was a 429.
    refused: bool,
}

/// Whether a request may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Go,
    /// Not before this, or before another request is done.
    Wait(Instant),
}

/// How much two answers of one window can differ about its end: the API gives whole seconds.
const SAME_WINDOW: Duration = Duration::from_millis(1500);

/// How long a request waits for the answers of others when only they can tell what is left.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct State {
    in_flight: u64,
    window: Option<Window>,
    paused_until: Option<Instant>,
    per_window: Option<u64>,
    /// The quota was used up, and no answer has shown a new window yet. One request at a time tries.
    probing: bool,
    /// Added to the end of a window after a probe came too early: the API may round its seconds down.
    slack: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    left: u64,
    ends: Instant,
}

impl State {
    fn reserve(&mut self, now: Instant) -> Verdict {
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Verdict::Wait(until);
        }
        self.paused_until = None;
        if let Some(window) = self.window.filter(|window| window.ends + self.slack <= now) {
            self.probing |= window.left == 0;
            self.window = None;
        }
        let verdict = match self.window {
            _ if self.probing && self.in_flight > 0 => Verdict::Wait(now + LOOK_AGAIN),
            Some(window) if window.left <= self.in_flight && !self.probing => {
                Verdict::Wait(window.ends + self.slack)
            }
            None if self.per_window.is_some_and(|q| self.in_flight >= q.max(1)) => {
                Verdict::Wait(now + LOOK_AGAIN)
            }
            _ => Verdict::Go,
        };
        if verdict == Verdict::Go {
            self.in_flight += 1;
        }
        verdict
    }

    /// Records the end of a request. `answer` is the quota in its answer, if there was one.
    fn release(&mut self, answer: Option<Answered>, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(Answered { quota, refused }) = answer else { return };
        if refused && self.probing {
            self.slack = Duration::from_secs(1);
        }
        self.per_window = quota.per_window.or(self.per_window);
        let Some((left, lasts)) = quota.left else {
            // An answer without a quota also ends a probe: there is nothing to learn.
            self.probing = refused;
            return;
        };
        let left = if refused { 0 } else { left };
        // A spent window never ends "now". Otherwise one probe would immediately follow another.
        let ends = now + if left == 0 { lasts.max(Duration::from_secs(1)) } else { lasts };
        let left = match self.window {
            // Answers can arrive out of order: within a window, the least is the latest.
            Some(known) if known.ends > now && ends < known.ends + SAME_WINDOW => left.min(known.left),
            _ => left,
        };
        self.window = Some(Window { left, ends });
        self.probing = false;
    }

    /// Pauses all requests until `until`. Then one request tries.
    fn pause(&mut self, until: Instant) {
        self.paused_until = self.paused_until.max(Some(until));
        if self.window.is_none_or(|window| window.left > 0) {
            self.window = None;
            self.probing = true;
        }
    }
}

/// Why a request may not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotReserved {
    /// Not before its deadline.
    TooLate,
    /// Its wait was ended.
    Stopped,
}

/// The known quota, shared by all its users.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    state: Mutex<State>,
    changed: Notify,
}

impl Limiter {
    /// Waits until a request may be sent. A request that does not have to wait is sent even after `stop` was cancelled.
    pub(super) async fn reserve(
        &self,
        deadline: Option<Instant>,
        stop: &CancellationToken,
    ) -> Result<Permit<'_>, NotReserved> {
        let mut logged = false;
        loop {
            // This must come before the look at the state. Otherwise a change between the two would be missed.
            let changed = self.changed.notified();
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline < now) {
                return Err(NotReserved::TooLate);
            }
            let until = match self.state().reserve(now) {
                Verdict::Go => return Ok(Permit { limiter: self, released: false }),
                Verdict::Wait(until) => until,
            };
            let wait = until.duration_since(now);
            if wait > Duration::from_secs(1) && !std::mem::replace(&mut logged, true) {
                tracing::info!(at_most_s = wait.as_secs(), "waiting for the Cloudflare API's rate limit");
            }
            let until = deadline.map_or(until, |deadline| until.min(deadline + Duration::from_millis(1)));
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(NotReserved::Stopped),
                () = changed => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// Records that the quota is used up for this long.
    pub(super) fn pause(&self, wait: Duration) {
        self.state().pause(Instant::now() + wait);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// The permission for one request. Dropped without an answer, it gives back its place: the caller went away, or there was
/// no answer.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    limiter: &'a Limiter,
    released: bool,
}

impl Permit<'_> {
    /// Records the quota in the answer. `refused` means that it is a 429.
    pub(super) fn answered(mut self, quota: Quota, refused: bool) {
        self.release(Some(Answered { quota, refused }));
    }

    fn release(&mut self, answer: Option<Answered>) {
        if !std::mem::replace(&mut self.released, true) {
            self.limiter.state().release(answer, Instant::now());
            self.limiter.changed.notify_waiters();
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.release(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn quota(left: u64, lasts: u64) -> Quota {
        Quota { left: Some((left, seconds(lasts))), per_window: None }
    }

    fn quota_answer(left: u64, lasts: u64) -> Option<Answered> {
        Some(Answered { quota: quota(left, lasts), refused: false })
    }

    #[test]
    fn the_headers_are_read_and_the_tightest_item_counts() {
        let quota = Quota::parse(Some(r#""default";r=50;t=30"#), Some(r#""burst";q=100;w=60"#));
        assert_eq!(quota, Quota { left: Some((50, seconds(30))), per_window: Some(100) });
        let quota = Quota::parse(Some(r#""a"; r=50; t=30, "b";r=3;t=9"#), Some("rubbish"));
        assert_eq!(quota, Quota { left: Some((3, seconds(9))), per_window: None });
        assert_eq!(Quota::parse(Some("r=1"), None), Quota::default());
        assert_eq!(Quota::parse(Some(r#""a";r=0;t=99999"#), None).left, Some((0, LONGEST_WAIT)));
    }

    #[test]
    fn while_nothing_is_known_nothing_waits() {
        let (mut state, now) = (State::default(), Instant::now());
        assert!((0..10_000).all(|_| state.reserve(now) == Verdict::Go));
    }

    #[test]
    fn what_is_in_flight_counts_as_spent() {
        let (mut state, now) = (State::default(), Instant::now());
        state.reserve(now);
        state.release(quota_answer(2, 10), now);
        assert_eq!(state.reserve(now), Verdict::Go);
        assert_eq!(state.reserve(now), Verdict::Go);
        assert_eq!(state.reserve(now), Verdict::Wait(now + seconds(10)));
    }

    #[test]
    fn an_answer_that_was_overtaken_gives_nothing_back_but_a_new_window_does() {
        let (mut state, now) = (State::default(), Instant::now());
        state.release(quota_answer(0, 10), now);
        state.release(quota_answer(5, 10), now);
        assert!(matches!(state.reserve(now), Verdict::Wait(_)));
        state.release(quota_answer(5, 14), now);
        assert_eq!(state.reserve(now), Verdict::Go);
    }

    #[test]
    fn after_a_spent_window_one_request_finds_out() {
        let (mut state, now) = (State::default(), Instant::now());
        state.release(quota_answer(0, 4), now);
        let later = now + seconds(4);
        assert_eq!(state.reserve(later), Verdict::Go);
        assert!(matches!(state.reserve(later), Verdict::Wait(_)));
        state.release(quota_answer(24, 4), later);
        assert!((0..24).all(|_| state.reserve(later) == Verdict::Go));
        assert!(matches!(state.reserve(later), Verdict::Wait(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_seen_by_one_holds_all_and_a_deadline_ends_the_wait() {
        let limiter = Limiter::default();
        limiter.pause(seconds(20));
        let started = Instant::now();
        let never = CancellationToken::new();
        let late = limiter.reserve(Some(started + seconds(2)), &never).await;
        assert_eq!(late.err(), Some(NotReserved::TooLate));
        assert!(started.elapsed() < seconds(3));
        assert!(limiter.reserve(None, &never).await.is_ok());
        assert!(started.elapsed() >= seconds(20));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_a_wait_and_holds_up_nothing_that_need_not_wait() {
        let (limiter, stop) = (Limiter::default(), CancellationToken::new());
        limiter.pause(seconds(40));
        let started = Instant::now();
        let (waited, ()) = tokio::join!(limiter.reserve(None, &stop), async {
            tokio::time::sleep(seconds(1)).await;
            stop.cancel();
        });
        assert_eq!(waited.err(), Some(NotReserved::Stopped));
        assert_eq!(started.elapsed(), seconds(1));
        assert_eq!(limiter.reserve(None, &stop).await.err(), Some(NotReserved::Stopped));
        assert!(Limiter::default().reserve(None, &stop).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_gives_back_its_place() {
        let limiter = Limiter::default();
        let never = CancellationToken::new();
        limiter.reserve(None, &never).await.unwrap().answered(quota(1, 100), false);
        let started = Instant::now();
        let held = limiter.reserve(None, &never).await.unwrap();
        tokio::join!(
            async {
                tokio::time::sleep(seconds(1)).await;
                drop(held);
            },
            async { limiter.reserve(None, &never).await.unwrap().answered(Quota::default(), false) }
        );
        assert_eq!(started.elapsed(), seconds(1));
    }

    /// A fixed-window server with 50 ms of latency; `round_up` says how it tells a part of a second.
    async fn run(round_up: bool) -> (u32, Duration) {
        const QUOTA: u64 = 25;
        struct Server {
            opened: Instant,
            used: u64,
            refused: u32,
        }
        let opened = Instant::now();
        let server = Arc::new(Mutex::new(Server { opened, used: 0, refused: 0 }));
        let limiter = Arc::new(Limiter::default());
        let callers = (0..10).map(|_| {
            let (server, limiter) = (server.clone(), limiter.clone());
            tokio::spawn(async move {
                let mut done = 0;
                while done < 20 {
                    let permit = limiter.reserve(None, &CancellationToken::new()).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(25)).await;
                    let (ok, quota) = {
                        let mut server = server.lock();
                        let now = Instant::now();
                        if now - server.opened >= seconds(4) {
                            (server.opened, server.used) = (now, 0);
                        }
                        server.used += 1;
                        let ok = server.used <= QUOTA;
                        server.refused += u32::from(!ok);
                        let rest = (seconds(4) - (now - server.opened)).as_secs_f64();
                        let rest = if round_up { rest.ceil() } else { rest.floor() } as u64;
                        let left = Some((QUOTA.saturating_sub(server.used), seconds(rest)));
                        (ok, Quota { left, per_window: Some(QUOTA) })
                    };
                    tokio::time::sleep(Duration::from_millis(25)).await;
                    permit.answered(quota, !ok);
                    if ok {
                        done += 1;
                    } else {
                        limiter.pause(Duration::from_millis(500));
                    }
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }
        let refused = server.lock().refused;
        (refused, opened.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn ten_callers_at_25_requests_in_4_seconds_meet_at_most_two_429s() {
        for round_up in [true, false] {
            let (refused, took) = run(round_up).await;
            assert!(refused <= 2, "{refused} refused, round_up={round_up}");
            // 200 requests need eight windows: seven waits of 4 s, and little more.
            assert!(took < seconds(45), "{took:?}, round_up={round_up}");
        }
    }
}
