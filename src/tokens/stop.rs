//! The signal to stop soon: waits become short, and operations return what they have.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Gives the signal to stop. Belongs to the part that learns of the user's wish to stop.
#[derive(Debug, Default)]
pub struct Stopper(CancellationToken);

/// The receiving side of the signal. Cheap to clone. The default never stops.
#[derive(Clone, Debug, Default)]
pub struct Stop(CancellationToken);

impl Stopper {
    /// Signals every [`Stop`] of this stopper. It cannot be undone.
    pub fn stop(&self) {
        self.0.cancel();
    }

    /// A receiver of the signal.
    pub fn handle(&self) -> Stop {
        Stop(self.0.clone())
    }
}

impl Stop {
    /// Whether the signal was given.
    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for the signal, for ever if it never comes.
    pub async fn stopped(&self) {
        self.0.cancelled().await;
    }

    /// Sleeps until the time is over or the signal comes.
    pub async fn sleep(&self, time: Duration) {
        let _ = self.0.run_until_cancelled(tokio::time::sleep(time)).await;
    }

    /// The same signal, for the API client.
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

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

    #[tokio::test]
    async fn who_waits_for_the_signal_waits_until_it_comes() {
        let stopper = Stopper::default();
        let (stop, token) = (stopper.handle(), stopper.handle().token());
        assert!(stop.stopped().now_or_never().is_none() && !token.is_cancelled());
        stopper.stop();
        assert!(stop.stopped().now_or_never().is_some() && token.is_cancelled(), "the client hears it too");
    }
}
