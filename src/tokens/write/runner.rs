//! Performs the actions of a write.

use tokio::time::Instant;

use super::machine::{Action, Event, Machine, Now};
use crate::cloudflare::{Client, Owner, host_time, tokens};
use crate::random;
use crate::tokens::reads::{Reader, shared};
use crate::tokens::settings::Settings;
use crate::tokens::stop::Stop;

/// The target of a write.
pub(in crate::tokens) struct Target<'a> {
    pub(in crate::tokens) client: &'a Client,
    pub(in crate::tokens) reader: &'a Reader,
    pub(in crate::tokens) settings: &'a Settings,
    pub(in crate::tokens) owner: &'a Owner,
    pub(in crate::tokens) id: &'a str,
}

/// Runs a write to its end. `began` is the moment that the machine counts from.
pub(in crate::tokens) async fn run(target: &Target<'_>, machine: &mut impl Machine, began: Instant) {
    let mut event = Event::Start;
    loop {
        let stop = if machine.ignores_stop() { Stop::default() } else { target.settings.stop.clone() };
        let now = Now { at: began.elapsed(), date: host_time(), stopped: stop.is_stopped() };
        event = match machine.next(event, now) {
            Action::Done => return,
            Action::Wait { at_most, random } => {
                let part = if random { random::fraction() } else { 1.0 };
                stop.sleep(at_most.mul_f64(part)).await;
                Event::Waited
            }
            action => target.perform(action).await,
        };
    }
}

impl Target<'_> {
    async fn perform(&self, action: Action) -> Event {
        let Target { client, reader, settings, owner, id } = self;
        match action {
            Action::Read => Event::Read(reader.get_once(owner, id).await),
            Action::Put(update) => {
                // The client does not repeat it: after a write without an answer, the token is read first.
                let request = tokens::update(owner, id, &update).once().start_within(settings.read_to_write);
                reader.written(owner, id);
                let answer = client.send(request).await;
                reader.written(owner, id);
                Event::Put(answer.map(shared))
            }
            Action::Roll => {
                reader.written(owner, id);
                let answer = client.send(tokens::roll(owner, id)).await;
                reader.written(owner, id);
                Event::Rolled(answer)
            }
            Action::Delete => {
                reader.written(owner, id);
                let answer = client.send(tokens::delete(owner, id)).await;
                reader.written(owner, id);
                Event::Deleted(answer)
            }
            // The caller waits and ends.
            Action::Wait { .. } | Action::Done => Event::Start,
        }
    }
}
