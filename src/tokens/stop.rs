//! The wish to end soon: waits become short, and what is under way returns what it has.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Says when to stop. Kept by whoever hears of it.
#[derive(Debug, Default)]
pub struct Stopper(CancellationToken);

/// Tells whether to stop. Cheap to clone. The default is one that never comes.
#[derive(Clone, Debug, Default)]
pub struct Stop(CancellationToken);

impl Stopper {
    /// Asks everybody who has a [`Stop`] of this stopper to end soon. There is no way back.
    pub fn stop(&self) {
        self.0.cancel();
    }

    /// What to hand out.
    pub fn handle(&self) -> Stop {
        Stop(self.0.clone())
    }
}

impl Stop {
    /// Is it time?
    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is time; for ever, if it never is.
    pub async fn stopped(&self) {
        self.0.cancelled().await;
    }

    /// Sleeps, but not past the wish to stop.
    pub async fn sleep(&self, time: Duration) {
        let _ = self.0.run_until_cancelled(tokio::time::sleep(time)).await;
    }

    /// The same wish, for the API client.
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_a_sleep_and_its_absence_does_not() {
        let start = tokio::time::Instant::now();
        Stop::default().sleep(Duration::from_secs(3)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        let stopper = Stopper::default();
        let stop = stopper.handle();
        stopper.stop();
        stop.sleep(Duration::from_secs(60)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        assert!(stop.is_stopped() && !Stop::default().is_stopped());
    }
}
