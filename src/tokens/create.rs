//! Making a token. The answer alone holds its value, there is no idempotency key and names are not unique: a create whose
//! answer was lost may have made a token that nobody can use. It is looked for; one of a name that only this code can have
//! made is deleted, another one is named to the user.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use data_encoding::BASE32;
use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::fold::fingerprints;
use super::op::{Change, Concern, Field, Fields, OpError};
use super::promise::not_granted;
use super::reads::shared;
use super::service::TokenService;
use super::view::{home, same_condition, write};
use crate::cloudflare::{self, Condition, Error, ListOptions, Owner, Token, tokens};
use crate::policy::{Fingerprint, Policy};

/// How often a token is asked for, if no answer comes.
const ATTEMPTS: u32 = 3;
/// By how much a token may seem to be older than the request that made it: the API's times are whole seconds.
const SLACK: Duration = Duration::from_secs(3);

/// A token to be made.
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// 1 to 120 characters; none: `tf-` and 20 random ones.
    pub name: Option<String>,
    /// None at all: the inert policy stands in.
    pub policies: Vec<Policy>,
    /// From where it may be used.
    pub condition: Option<Condition>,
    /// When it stops working.
    pub expires_on: Option<OffsetDateTime>,
    /// When it begins to work.
    pub not_before: Option<OffsetDateTime>,
    /// Disabled right after it was made, which takes a second request.
    pub disabled: bool,
}

/// A token that was made. Its value is nowhere else.
#[derive(Debug)]
pub struct Created {
    /// The token, without its value.
    pub token: Arc<Token>,
    /// Its value.
    pub value: SecretString,
    /// What is not as it was asked.
    pub concerns: Vec<Concern>,
    /// Ids of tokens that requests without an answer have made and that are still there.
    pub left_behind: Vec<String>,
    /// Why it could not be disabled, if it was to be and is not.
    pub not_disabled: Option<OpError>,
}

/// Why no token was made.
#[derive(Clone, Debug)]
pub enum CreateError {
    /// The API refused, or could not be reached. Nothing was made.
    Api(Error),
    /// No answer came, or none with a value.
    Unknown {
        /// The last error; none if the answer had no value.
        error: Option<Error>,
        /// Ids of tokens that have been made all the same, as far as they were found.
        left_behind: Vec<String>,
    },
    /// The run was stopped before.
    Stopped,
    /// No random name could be made, or the task ended without an answer.
    Internal,
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => error.fmt(f),
            Self::Unknown { error, .. } => match error {
                Some(error) => write!(f, "whether a token was made is not known: {error}"),
                None => f.write_str("the API made a token but did not tell its value"),
            },
            Self::Stopped => f.write_str("stopped before the token was made"),
            Self::Internal => {
                f.write_str("the token could not be made for a reason that is no one's but ours")
            }
        }
    }
}

impl std::error::Error for CreateError {}

impl TokenService {
    /// Makes a token. If the caller goes away meanwhile, so that nobody has the value, what was made is deleted.
    ///
    /// # Errors
    /// [`CreateError`].
    pub async fn create(&self, owner: &Owner, new: NewToken) -> Result<Created, CreateError> {
        let (reply, answer) = oneshot::channel();
        let (service, owner) = (self.clone(), owner.clone());
        let under_way = Arc::clone(&self.0.creates).read_owned().await;
        tokio::spawn(async move {
            let made = service.make(&owner, new).await;
            let unheard =
                if service.0.leaving.load(Ordering::Acquire) { Err(made) } else { reply.send(made) };
            if let Err(Ok(orphan)) = unheard {
                service.clear_away(&owner, &orphan.token.id).await;
            }
            drop(under_way);
        });
        answer.await.unwrap_or(Err(CreateError::Internal))
    }

    async fn make(&self, owner: &Owner, new: NewToken) -> Result<Created, CreateError> {
        let stop = &self.0.settings.stop;
        let started = Instant::now();
        let known = self.0.reader.known(owner);
        let (mut left_behind, mut unseen) = (Vec::new(), Vec::new());
        let mut last = None;
        for _ in 0..ATTEMPTS {
            if stop.is_stopped() {
                return Err(match last {
                    None => CreateError::Stopped,
                    error => CreateError::Unknown { error, left_behind },
                });
            }
            let body = body(owner, &new).ok_or(CreateError::Internal)?;
            let search = Search { owner, body: &body, ours: new.name.is_none(), started, known: &known };
            match self.0.client.send(tokens::create(owner, &body)).await {
                Ok(token) => {
                    for body in &unseen {
                        // It may have been made after the last look.
                        let search = Search { owner, body, ours: new.name.is_none(), started, known: &known };
                        self.look(&search, &[&token.id], &mut left_behind).await;
                    }
                    return self.made(owner, &new, &body, token, left_behind).await;
                }
                Err(error) if error.is_ambiguous() => {
                    tracing::warn!(%error, "a create had no answer: the token that it may have made is looked for");
                    if !self.look_for_a_while(&search, &mut left_behind).await {
                        unseen.push(body);
                    }
                    last = Some(error);
                }
                Err(error) if last.is_none() => return Err(CreateError::Api(error)),
                Err(error) => return Err(CreateError::Unknown { error: Some(error), left_behind }),
            }
        }
        Err(CreateError::Unknown { error: last, left_behind })
    }

    async fn made(
        &self,
        owner: &Owner,
        new: &NewToken,
        body: &cloudflare::NewToken,
        mut token: Token,
        left_behind: Vec<String>,
    ) -> Result<Created, CreateError> {
        let Some(value) = token.value.take() else {
            self.clear_away(owner, &token.id).await;
            return Err(CreateError::Unknown { error: None, left_behind });
        };
        let mut created = Created {
            concerns: concerns(owner, new, body, &token),
            token: shared(token),
            value,
            left_behind,
            not_disabled: None,
        };
        if new.disabled {
            let fields = Fields { status: Some("disabled".into()), ..Fields::default() };
            let change = Change { fields, ..Change::default() };
            match self.submit(owner, &created.token.id, change.into()).await {
                Ok(outcome) => {
                    created.token = outcome.token.unwrap_or(created.token);
                    created.concerns.extend(outcome.concerns);
                }
                Err(error) => created.not_disabled = Some(error),
            }
        }
        Ok(created)
    }

    async fn clear_away(&self, owner: &Owner, id: &str) -> bool {
        let deleted = self.0.client.send_opt(tokens::delete(owner, id)).await;
        self.0.reader.written(owner, id);
        if let Err(error) = &deleted {
            tracing::error!(token = id, %error, "a token that nobody has the value of could not be deleted");
        }
        deleted.is_ok()
    }

    async fn look_for_a_while(&self, search: &Search<'_>, left_behind: &mut Vec<String>) -> bool {
        let (start, horizon) = (Instant::now(), self.0.settings.ambiguity_horizon);
        let mut pause = horizon / 16;
        loop {
            if self.look(search, &[], left_behind).await {
                return true;
            }
            if start.elapsed() >= horizon || self.0.settings.stop.is_stopped() {
                return false;
            }
            self.0.settings.stop.sleep(pause).await;
            pause *= 2;
        }
    }

    /// Looks for tokens that a create may have made, and deletes them if they can be nobody else's.
    async fn look(&self, search: &Search<'_>, but: &[&str], left_behind: &mut Vec<String>) -> bool {
        let options = ListOptions { newest_first: true, ..ListOptions::default() };
        let (page, now) = match self.0.client.send_dated(tokens::list_page(search.owner, &options)).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(%error, "the tokens could not be listed");
                return false;
            }
        };
        let found: Vec<_> =
            page.items.iter().filter(|token| search.matches(token, now)).map(|t| &t.id).collect();
        let found: Vec<_> = found.into_iter().filter(|id| !but.contains(&id.as_str())).collect();
        for id in &found {
            let cleared = search.ours && self.clear_away(search.owner, id).await;
            if !cleared && !left_behind.contains(id) {
                left_behind.push((*id).clone());
            }
        }
        !found.is_empty()
    }
}

/// What a create that had no answer would have made.
struct Search<'a> {
    owner: &'a Owner,
    body: &'a cloudflare::NewToken,
    /// The name is random, so that nobody else can have made a token of that name.
    ours: bool,
    started: Instant,
    known: &'a HashSet<String>,
}

impl Search<'_> {
    /// Can this token be of the create? `now` is the API's own clock: this host's may be wrong.
    fn matches(&self, token: &Token, now: Option<OffsetDateTime>) -> bool {
        if self.ours || token.name != self.body.name {
            return token.name == self.body.name;
        }
        let home = home(self.owner);
        let asked: HashSet<Fingerprint> = self
            .body
            .policies
            .iter()
            .filter_map(|wire| super::view::read(wire, &home).ok())
            .map(|policy| policy.fingerprint())
            .collect();
        !self.known.contains(&token.id)
            && token
                .issued_on
                .zip(now)
                .is_none_or(|(issued, now)| issued >= now - self.started.elapsed() - SLACK)
            && fingerprints(token, &home).into_iter().collect::<HashSet<_>>() == asked
    }
}

fn body(owner: &Owner, new: &NewToken) -> Option<cloudflare::NewToken> {
    let home = home(owner);
    let inert = [Policy::inert(&home)];
    let policies = if new.policies.is_empty() { &inert[..] } else { &new.policies };
    Some(cloudflare::NewToken {
        name: match &new.name {
            Some(name) => name.clone(),
            None => random_name("tf-")?,
        },
        policies: policies.iter().map(|policy| write(policy, &home)).collect(),
        condition: Condition::default().replaced_by(new.condition.clone()),
        expires_on: new.expires_on,
        not_before: new.not_before,
    })
}

/// A name that nobody else can have made: the prefix, and 100 random bits as 20 letters and digits. None where the system
/// has no random numbers.
pub fn random_name(prefix: &str) -> Option<String> {
    let mut bytes = [0; 13];
    getrandom::fill(&mut bytes).ok()?;
    let text = BASE32.encode(&bytes).to_ascii_lowercase();
    Some(format!("{prefix}{}", &text[..20]))
}

fn concerns(owner: &Owner, new: &NewToken, body: &cloudflare::NewToken, token: &Token) -> Vec<Concern> {
    let home = home(owner);
    let granted = fingerprints(token, &home);
    let missing = new.policies.iter().filter(|policy| !granted.contains(&policy.fingerprint()));
    let second = |at: Option<OffsetDateTime>| at.map(OffsetDateTime::unix_timestamp);
    let fields = [
        (Field::Name, token.name == body.name),
        (Field::Condition, same_condition(token.condition.as_ref(), body.condition.as_ref())),
        (Field::ExpiresOn, second(token.expires_on) == second(body.expires_on)),
        (Field::NotBefore, second(token.not_before) == second(body.not_before)),
    ];
    let fields = fields.into_iter().filter(|(_, same)| !same).map(|(field, _)| Concern::NotApplied(field));
    missing.map(|policy| not_granted(policy, &body.policies, token, &home)).chain(fields).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_name_is_tf_and_twenty_characters_and_never_the_same() {
        let (one, other) = (random_name("tf-").unwrap(), random_name("tf-").unwrap());
        assert_ne!(one, other);
        let rest = one.strip_prefix("tf-").unwrap();
        assert!(rest.len() == 20 && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    }
}
