//! The wish to end soon: waits become short, and what is under way returns what it has.

use std::time::Duration;

use tokio::sync::watch;

/// Says when to stop. Kept by whoever hears of it.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Tells whether to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stopper {
    /// Asks everybody who has a [`Stop`] of this stopper to end soon. There is no way back.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// What to hand out.
    pub fn handle(&self) -> Stop {
        Stop(self.0.subscribe())
    }
}

impl Default for Stopper {
    fn default() -> Self {
        Stopper(watch::channel(false).0)
    }
}

impl Default for Stop {
    /// One that never comes.
    fn default() -> Self {
        Stop(watch::channel(false).1)
    }
}

impl Stop {
    /// Is it time?
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is time; for ever, if it never is.
    pub async fn stopped(&self) {
        let mut seen = self.0.clone();
        if seen.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Sleeps, but not past the wish to stop.
    pub async fn sleep(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.stopped() => {}
        }
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
