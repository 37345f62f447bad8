//! The request quota of a caller, and the headers that report it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::envelope::{Refusal, Reply};

/// A fixed window per caller. It uses the real clock: moving the simulated clock refills nothing.
pub struct Quota {
    limit: Option<(u32, Duration)>,
    windows: HashMap<String, Window>,
}

struct Window {
    opened: Instant,
    used: u32,
}

/// What a caller has left after a request.
pub struct Standing {
    limit: u32,
    window: Duration,
    remaining: u32,
    reset: Duration,
}

impl Quota {
    /// Allows `limit` requests per window, or any number if `None`.
    pub fn new(limit: Option<(u32, Duration)>) -> Self {
        Self { limit, windows: HashMap::new() }
    }

    /// Counts a request of a caller.
    ///
    /// # Errors
    /// 429/971 once the caller has used up its window.
    pub fn spend(&mut self, caller: &str, now: Instant) -> Result<Option<Standing>, Refusal> {
        let Some((limit, length)) = self.limit else { return Ok(None) };
        let window = self.windows.entry(caller.to_owned()).or_insert(Window { opened: now, used: 0 });
        if now.duration_since(window.opened) >= length {
            *window = Window { opened: now, used: 0 };
        }
        let reset = length.saturating_sub(now.duration_since(window.opened));
        if window.used >= limit {
            let wait = seconds_up(reset);
            return Err(Refusal::new(429, 971, "Please wait and consider throttling your request speed")
                .retry_after(wait.to_string()));
        }
        window.used += 1;
        Ok(Some(Standing { limit, window: length, remaining: limit - window.used, reset }))
    }
}

impl Standing {
    /// Adds `Ratelimit` and `Ratelimit-Policy` as documented: `"default";r=50;t=30` and `"default";q=1200;w=300`.
    pub fn tell(&self, reply: &mut Reply) {
        let left = format!("\"default\";r={};t={}", self.remaining, seconds_up(self.reset));
        let policy = format!("\"default\";q={};w={}", self.limit, seconds_up(self.window));
        reply.headers.push(("ratelimit", left));
        reply.headers.push(("ratelimit-policy", policy));
    }
}

fn seconds_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
