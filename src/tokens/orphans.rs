//! Looks for the tokens of creates whose answer was lost. Their values are lost too. A token with a name that only this
//! process can have used is deleted. The others are reported to the user.

use std::collections::HashSet;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::maker::Maker;
use super::view::{self, fingerprints};
use crate::cloudflare::{self, ListOptions, Token, host_time, tokens};
use crate::policy::Fingerprint;

/// How much older than its request a token may seem: the API's times are whole seconds.
const SLACK: Duration = Duration::from_secs(3);

/// A token that a create without an answer has made, or may have made. Its value is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Orphan {
    /// This process made it, and it could not be deleted.
    Left {
        /// Its id.
        id: String,
    },
    /// It matches the request, but something else may have made it.
    Alike {
        /// Its id.
        id: String,
        /// When it was issued, by the API's clock.
        issued_on: Option<OffsetDateTime>,
    },
    /// It seems to be the successor of a token, which an earlier run has made without living to save its state.
    Unsaved {
        /// Its id.
        id: String,
        /// The token whose place it was to take.
        predecessor: String,
    },
    /// It was not found. It may exist all the same, or may appear later.
    Unseen {
        /// True: the tokens were listed, and none matched. False: they could not be listed.
        listed: bool,
        /// The requested name.
        name: String,
        /// When it was requested, by this host's clock.
        asked_on: OffsetDateTime,
    },
}

/// A create that was sent.
pub(super) struct Asked {
    body: cloudflare::NewToken,
    sent: Instant,
    asked_on: OffsetDateTime,
    /// The id of the token that it appears to have made.
    seen_as: Option<String>,
    /// Whether the tokens were listed since.
    listed: bool,
}

impl Asked {
    pub(super) fn now(body: &cloudflare::NewToken) -> Self {
        let asked_on = host_time();
        Self { body: body.clone(), sent: Instant::now(), asked_on, seen_as: None, listed: false }
    }
}

/// The search for the tokens of lost creates.
pub(super) struct Search<'a> {
    maker: &'a Maker,
    /// The names are random, so that only this process can have made tokens of these names.
    ours: bool,
    /// Tokens that existed before.
    known: HashSet<String>,
    lost: Vec<Asked>,
    found: Vec<Orphan>,
}

impl<'a> Search<'a> {
    pub(super) fn new(maker: &'a Maker, ours: bool) -> Self {
        let known = maker.context.reader.known(&maker.owner);
        Search { maker, ours, known, lost: Vec::new(), found: Vec::new() }
    }

    /// Looks for the token of a create without an answer, for a while. False if the tokens could not be listed, so that
    /// nothing is known.
    pub(super) async fn lost(&mut self, asked: Asked) -> bool {
        self.lost.push(asked);
        let settings = &self.maker.context.settings;
        let (start, mut pause) = (Instant::now(), settings.ambiguity_horizon / 16);
        loop {
            self.look().await;
            let seen = self.lost.last().is_none_or(|lost| lost.seen_as.is_some());
            if seen || start.elapsed() >= settings.ambiguity_horizon || settings.stop.is_stopped() {
                return self.lost.last().is_none_or(|lost| lost.listed);
            }
            settings.stop.sleep(pause).await;
            pause *= 2;
        }
    }

    /// Looks once more, because some may have been made after the last look, and returns all that are left.
    pub(super) async fn end(mut self) -> Vec<Orphan> {
        if self.lost.iter().any(|lost| !self.ours || lost.seen_as.is_none()) {
            self.look().await;
        }
        // The tokens of this process's other creates are known by now.
        let made = self.maker.context.made.lock().clone();
        self.found.retain(|found| !matches!(found, Orphan::Alike { id, .. } if made.contains(id)));
        let unseen =
            self.lost.into_iter().filter(|lost| lost.seen_as.as_ref().is_none_or(|id| made.contains(id)));
        let unseen = unseen.map(|lost| Orphan::Unseen {
            listed: lost.listed,
            name: lost.body.name,
            asked_on: lost.asked_on,
        });
        self.found.into_iter().chain(unseen).collect()
    }

    /// Looks for tokens that the lost creates may have made, and deletes those that can only be its own.
    async fn look(&mut self) {
        // All of them requested the same name. The API's matches for that name are compared again.
        let name = self.lost.first().map(|lost| lost.body.name.clone());
        let options = ListOptions { newest_first: true, name, ..ListOptions::default() };
        let client = &self.maker.context.client;
        let (page, now) = match client.send_dated(tokens::list_page(&self.maker.owner, &options)).await {
            Ok(answer) => answer,
            Err(error) => return tracing::warn!(%error, "the tokens could not be listed"),
        };
        self.lost.iter_mut().for_each(|lost| lost.listed = true);
        let made = self.maker.context.made.lock().clone();
        for token in &page.items {
            let is_new = !self.known.contains(&token.id) && !made.contains(&token.id);
            let seen = self.lost.iter().any(|lost| lost.seen_as.as_ref() == Some(&token.id));
            if is_new && !seen && self.lost.iter().any(|lost| self.matches(lost, token, now)) {
                self.found(token, now).await;
            }
        }
    }

    async fn found(&mut self, token: &Token, now: Option<OffsetDateTime>) {
        let may_be = |lost: &Asked| lost.seen_as.is_none() && self.matches(lost, token, now);
        if let Some(which) = self.lost.iter().position(may_be) {
            self.lost[which].seen_as = Some(token.id.clone());
        }
        let id = token.id.clone();
        if !self.ours {
            let issued_on = token.issued_on;
            if !self
                .found
                .iter()
                .any(|found| matches!(found, Orphan::Alike { id: other, .. } if *other == id))
            {
                self.found.push(Orphan::Alike { id, issued_on });
            }
        } else if self.maker.discard(&id).await.is_err() {
            self.found.push(Orphan::Left { id });
        }
    }

    /// Whether this token can come from the create. `now` is the time by the API's clock: this host's may be wrong.
    fn matches(&self, lost: &Asked, token: &Token, now: Option<OffsetDateTime>) -> bool {
        if self.ours || token.name != lost.body.name {
            return token.name == lost.body.name;
        }
        let read = |wire| view::read(wire, &self.maker.owner).ok().map(|policy| policy.fingerprint());
        let asked: HashSet<Fingerprint> = lost.body.policies.iter().filter_map(read).collect();
        let in_time = |(issued, now): (OffsetDateTime, _)| issued >= now - lost.sent.elapsed() - SLACK;
        token.issued_on.zip(now).is_none_or(in_time)
            && fingerprints(token, &self.maker.owner).into_iter().collect::<HashSet<_>>() == asked
    }
}
