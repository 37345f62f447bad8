//! An API token: the implementation of the resource for all owners. Each owner's resource type is a thin file.
//!
//! Each operation gathers facts, decides by a pure function, and acts. The modules named after an operation have the pure
//! part. This one does the I/O.

mod after;
mod apply;
mod generate;
mod handover;
pub(crate) mod lent;
pub(crate) mod listed;
pub(crate) mod model;
mod moved;
mod own;
mod plan;
mod refresh;
pub(crate) mod search;
pub(crate) mod shown;
mod succession;
#[cfg(test)]
mod tests;
mod value;

use std::marker::PhantomData;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use time::OffsetDateTime;

pub(crate) use after::doubt;
pub(crate) use model::{Private, TokenFields};
pub(crate) use own::{grants_rights, loses_rights};
pub(crate) use plan::has_ended;

use crate::cloudflare::Token;
use crate::owner::Owner;
use crate::path;
use crate::policy::Policy;
use crate::provider::grants;
use crate::provider::import;
use crate::provider::outlook;
use crate::provider::owner::{Owned, Ownership};
use crate::provider::policies;
use crate::provider::session::{Mode, Session};
use crate::provider::wording::{self, IfInDoubt};
use crate::tf_provider::framework::{
    Applied, Diagnostic, Diagnostics, Imported, Model, MoveSource, Planning, ReadBack, Resource, ResourceId,
    Updating, Value, Written,
};
use crate::tokens::{Cause, Op, OpError, Outcome, Succession, TokenService};

/// The resource of one owner's type.
pub(crate) struct TokenResource<T> {
    session: Session,
    of: PhantomData<fn() -> T>,
}

impl<T: Owned<TokenFields>> TokenResource<T> {
    /// Makes the resource for a session.
    pub(crate) fn new(session: Session) -> Self {
        Self { session, of: PhantomData }
    }

    fn applied(model: &T::Model, (token, private): (TokenFields, Private)) -> Applied<Self> {
        Applied { state: T::with(T::owner(model).clone(), token), private }
    }

    /// Gathers the facts that a plan depends on. `before` is the owner of the token so far.
    async fn facts<'a>(
        &'a self,
        change: model::Change<'a>,
        before: Option<&T::Owner>,
        owner: &T::Owner,
    ) -> plan::Facts<'a> {
        let (place, unreachable) = match self.session.look(owner) {
            Ok(place) => (place, None),
            Err(diagnostic) => (None, Some(diagnostic)),
        };
        let guardrails = self.session.guardrails();
        let now = self.session.now();
        let mut facts =
            plan::Facts::new(now, change, guardrails, owner.owner().known().cloned(), unreachable);
        if facts.needs_own_token()
            && let Ok(Some((tokens, owner))) = self.session.look(before.unwrap_or(owner))
        {
            facts.own_token = Some(tokens.own_token_id(&owner).await.map_err(|e| wording::own_unknown(&e)));
        }
        let Some((tokens, owner)) = place else { return facts };
        if facts.needs_catalog() {
            facts.catalog = Some(policies::catalog_for(&tokens, &owner, &change.planned.policies).await);
        }
        if let Some(id) = facts.needs_token() {
            facts.token = Some(tokens.get(&owner, id).await.map_err(|e| wording::unreadable(id, &e)));
        }
        facts
    }

    /// Records that the token's policies are managed exclusively. It is an error if a binding of this run adds others.
    fn agree(&self, token: &TokenFields) -> Diagnostics {
        match token.id.as_str() {
            Some(id) if token.is_exclusive() && !self.session.agree(id, Mode::Exclusive) => {
                wording::exclusive_and_bound(id).at(path!(TokenFields.exclusive_policies)).into()
            }
            _ => Diagnostics::none(),
        }
    }

    /// Records a value that was made, if the API can verify it. A token that cannot be used yet is left out.
    fn minted(&self, owner: &Owner, token: &Token, value: &SecretString) {
        if token.status == "active" && token.not_before.is_none_or(|start| start <= self.session.now()) {
            self.session.minted(owner, &token.id, value);
        }
    }

    /// Records the token's name, which its bindings show.
    fn note_name(&self, token: &TokenFields) {
        if let Some(id) = token.id.as_str() {
            self.session.note_name(id, token.name.clone());
        }
    }

    /// The canonical policies, if any are sent, after a check of the guardrails with all values known. Nothing has been
    /// sent before this.
    async fn ready(
        &self,
        prior: Option<&TokenFields>,
        planned: &T::Model,
    ) -> Result<(TokenService, Owner, Vec<Policy>), Diagnostics> {
        let (tokens, owner) = self.session.reach(T::owner(planned))?;
        let token = T::body(planned);
        let guardrails = self.session.guardrails();
        let mut refused = plan::guard(&guardrails, prior, token, self.session.now());
        refused.extend(policies::guarded(&self.session, &owner, &token.policies).await);
        refused.into_result()?;
        // Unchanged policies need no permission groups.
        let policies = if prior.is_some_and(|prior| prior.keeps_policies(token) && !token.needs_policies()) {
            Vec::new()
        } else {
            policies::resolve(&tokens, &owner, &token.policies).await?
        };
        Ok((tokens, owner, policies))
    }

    /// Carries an update out. Writes to the previous token come first, so that a failure there changes nothing else.
    async fn carry_out(
        &self,
        tokens: &TokenService,
        owner: &Owner,
        update: apply::Update,
    ) -> Result<Done, Diagnostics> {
        let steps = update.steps()?;
        let mut wrote_previous = false;
        if let Some(previous) = update.dropped() {
            let deleted = write_previous(tokens, owner, previous, Op::Delete).await;
            deleted.map_err(|error| not_written(previous, &error, owner, IfInDoubt::PlannedAgain))?;
        } else if let Some(previous) = update.kept_previous()
            && let Some((step, narrowed)) =
                steps.iter().find_map(|step| step.narrowed(previous, &update.private.owned))
        {
            wrote_previous = true;
            if let Err(error) = write_previous(tokens, owner, previous, narrowed).await {
                let said = not_written(previous, &error, owner, IfInDoubt::Recorded);
                let mut progress = after::Progress::new(update, None);
                progress.took(step.clone(), Err(error), said.into(), owner, None);
                return Ok(progress.end());
            }
        }
        if update.ends_overlaps()
            && let Err(error) = tokens.clear_unheard(owner, update.prior.token_id()).await
        {
            let failed = wording::successor_not_deleted(update.prior.token_id());
            return Err(wording::write(&failed, &error, owner, IfInDoubt::PlannedAgain).into());
        }
        if let Some(succession) = update.succession()? {
            return Ok(self.succeed(tokens, owner, &update, succession).await);
        }
        let (mut found, mut ends) = (Diagnostics::none(), None);
        if let Some(previous) = update.unended_previous() {
            match tokens.get_fresh(owner, previous).await {
                Ok(there) => {
                    let (end, op) = update.ending(owner, previous, there.as_deref())?;
                    let written = match op {
                        Some(op) => write_previous(tokens, owner, previous, op).await,
                        None => Ok(()),
                    };
                    match written {
                        Ok(()) => ends = Some(end),
                        Err(error) => {
                            found.push(not_written(previous, &error, owner, IfInDoubt::Recorded));
                        }
                    }
                }
                Err(error) => found.push(wording::unreadable(previous, &error)),
            }
        }
        let mut progress = after::Progress::new(update, ends);
        progress.wrote_previous = wrote_previous;
        for step in steps {
            let outcome =
                tokens.submit(owner, progress.id(), step.op(progress.id(), progress.sent_on())).await;
            let said = match &outcome {
                Ok(outcome) => policies::concerns(tokens, owner, &outcome.concerns).await,
                Err(error) => {
                    let failed = step.failed(progress.id());
                    let said = wording::write(&failed, error, owner, IfInDoubt::Recorded);
                    at_lifetime(said.into(), progress.planned())
                }
            };
            if let Ok(Outcome { token: Some(token), value: Some(value), .. }) = &outcome {
                self.minted(owner, token, value);
            }
            let catalog = if said.has_error() { tokens.catalog(owner).await.ok() } else { None };
            if !progress.took(step, outcome, said, owner, catalog.as_deref()) {
                break;
            }
        }
        let (after, said) = progress.end();
        found.extend(said);
        Ok((after, found))
    }

    /// Makes a token that takes the place of another one.
    async fn succeed(
        &self,
        tokens: &TokenService,
        owner: &Owner,
        update: &apply::Update,
        succession: Succession,
    ) -> Done {
        let id = update.prior.token_id();
        let made = match tokens.succeed(owner, id, succession).await {
            Ok(made) => made,
            Err(error) => return (after::not_succeeded(update), wording::no_successor(id, &error, owner)),
        };
        self.minted(owner, &made.token, &made.value);
        let mut found = policies::concerns(tokens, owner, &made.concerns).await;
        found.extend(wording::unfinished(id, &made.token.id, &made.unfinished, owner));
        let faulty = found.has_error();
        let catalog = if faulty { tokens.catalog(owner).await.ok() } else { None };
        let seen = after::Seen { owner, token: &made.token, catalog: catalog.as_deref() };
        match after::succeeded(update, &made, &seen, faulty) {
            Ok((state, private, handed)) => {
                found.extend(handed);
                found.extend(wording::left_behind(&made.left_behind, owner));
                found.extend(self.agree(&state));
                (Some((state, private)), found)
            }
            Err(diagnostic) => (None, diagnostic.into()),
        }
    }
}

/// Writes the token that is in its overlap. It is a success if that token is gone.
async fn write_previous(tokens: &TokenService, owner: &Owner, previous: &str, op: Op) -> Result<(), OpError> {
    match tokens.submit(owner, previous, op).await.and_then(Outcome::restricted) {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.cause, Cause::Gone) => Ok(()),
        Err(error) => Err(error),
    }
}

fn not_written(previous: &str, error: &OpError, owner: &Owner, in_doubt: IfInDoubt) -> Diagnostic {
    wording::write(&wording::previous_not_written(previous), error, owner, in_doubt)
}

/// The result of an update: the state if it changes, and the diagnostics.
type Done = (Option<(TokenFields, Private)>, Diagnostics);

/// Points diagnostics about the end at `expires_in` if that determines it.
fn at_lifetime(found: Diagnostics, token: &TokenFields) -> Diagnostics {
    if token.expires_in.is_null() {
        return found;
    }
    wording::at_lifetime(found, &path!(TokenFields.expires_in))
}

/// The state after an update that kept the value. If something else has written the token since this resource last did, its
/// value may have stopped working, and no later refresh could find that out. So it is verified now.
async fn looked_after(
    tokens: &TokenService,
    owner: &Owner,
    prior: &TokenFields,
    written_on: Option<i64>,
    now: OffsetDateTime,
    (state, mut private): (TokenFields, Private),
) -> (TokenFields, Private) {
    if let (Some(value), Some(since), Some(up_to)) = (state.value.known(), written_on, private.written_on)
        && state.value_issued_on == prior.value_issued_on
        && since != up_to
        && refresh::is_usable(&state, now)
        && !tokens.has_written_alone(state.token_id(), since, up_to)
    {
        private.value_dead |= tokens.standing(owner, state.token_id(), value, Duration::ZERO).await.is_dead();
    }
    (state, private)
}

#[async_trait]
impl<T: Owned<TokenFields>> Resource for TokenResource<T> {
    type Model = T::Model;
    type Private = Private;

    const TYPE_NAME: &'static str = T::NAME;

    async fn validate(&self, config: T::Model) -> Diagnostics {
        value::validate(T::body(&config))
    }

    async fn plan(&self, planning: &mut Planning<Self>) -> Diagnostics {
        let mut owner = T::owner(&planning.planned).clone();
        let mut found = T::Owner::plan(
            &self.session.account_id(),
            T::owner(&planning.config),
            planning.prior.as_ref().map(T::owner),
            &mut owner,
            &mut planning.requires_replace,
            planning.again,
        );
        let change = model::Change {
            config: T::body(&planning.config),
            prior: planning.prior.as_ref().map(T::body),
            planned: T::body(&planning.planned),
            private: &planning.private,
            replaced: !planning.requires_replace.is_empty(),
        };
        let before = planning.prior.as_ref().map(T::owner);
        let facts = self.facts(change, before, T::asked(&owner, planning.prior.as_ref())).await;
        let plan::Decision { planned, replace, found: decided } = plan::decide(&facts);
        found.extend(decided);
        drop(facts);
        let writes = planning.prior.as_ref().is_none_or(|prior| *T::body(prior) != planned);
        if writes && !planning.again && !found.has_error() {
            let owner = T::asked(&owner, planning.prior.as_ref());
            let before = planning.prior.as_ref().map_or(&Value::Null, |prior| &T::body(prior).policies);
            found.extend(outlook::look(&self.session, owner, before, &planned.policies).await);
        }
        planning.requires_replace.extend(replace);
        if planning.prior.is_none() || !planning.requires_replace.is_empty() {
            let mode = if planned.is_exclusive() { Mode::Exclusive } else { Mode::Bound };
            self.session.makes(T::Owner::IMPORT, mode);
        }
        if planning.requires_replace.is_empty() {
            found.extend(self.agree(&planned));
            self.note_name(&planned);
        }
        // A replacement is planned with the same private state and without a prior state.
        if let Some(prior) = &planning.prior {
            planning.private.version = T::body(prior).value_version.known().copied();
        }
        planning.planned = T::with(owner, planned);
        found
    }

    async fn plan_delete(&self, prior: T::Model) -> Diagnostics {
        let (tokens, owner) = match self.session.look(T::owner(&prior)) {
            Ok(Some(place)) => place,
            Ok(None) => return Diagnostics::none(),
            Err(unreachable) => return unreachable.into(),
        };
        match tokens.own_token_id(&owner).await {
            Ok(own) if own.as_deref() == T::body(&prior).id.as_str() => {
                wording::own_token("deleted", &owner).into()
            }
            Ok(_) => Diagnostics::none(),
            Err(error) => wording::own_unknown(&error).into(),
        }
    }

    async fn create(&self, _config: T::Model, planned: T::Model, private: Private) -> Written<Self> {
        let (tokens, owner, policies) = match self.ready(None, &planned).await {
            Ok(ready) => ready,
            Err(diagnostics) => return (None, diagnostics),
        };
        let mut state = T::body(&planned).clone();
        let now = self.session.now();
        let new = match apply::new_token(&mut state, policies.clone(), private.version, now) {
            Ok(new) => new,
            Err(diagnostic) => return (None, diagnostic.into()),
        };
        let created = match tokens.create(&owner, new).await {
            Ok(created) => created,
            Err(error) => return (None, at_lifetime(wording::create(&error, &owner), &state)),
        };
        let mut found = policies::concerns(&tokens, &owner, &created.concerns).await;
        if let Some(error) = &created.not_disabled {
            found.push(wording::write(&wording::not_disabled(), error, &owner, IfInDoubt::Recorded));
        }
        self.minted(&owner, &created.token, &created.value);
        let faulty = found.has_error();
        let catalog = if faulty { tokens.catalog(&owner).await.ok() } else { None };
        let seen = after::Seen { owner: &owner, token: &created.token, catalog: catalog.as_deref() };
        let (state, private, handed) = after::created(state, &policies, &created, &seen, faulty);
        found.extend(handed);
        found.extend(wording::left_behind(&created.left_behind, &owner));
        found.extend(self.agree(&state));
        (Some(Self::applied(&planned, (state, private))), found)
    }

    async fn read(&self, current: Applied<Self>) -> ReadBack<Self> {
        let (tokens, owner) = match self.session.look(T::owner(&current.state)) {
            Ok(Some(place)) => place,
            // The provider's configuration is not known yet. The state stays as it is.
            Ok(None) => return (Some(current), Diagnostics::none()),
            Err(diagnostic) => return (Some(current), diagnostic.into()),
        };
        let state = T::body(&current.state);
        let token = match tokens.get(&owner, state.token_id()).await {
            Ok(Some(token)) => token,
            Ok(None) => return (None, Diagnostics::none()),
            Err(error) => {
                return (Some(current.clone()), wording::unreadable(state.token_id(), &error).into());
            }
        };
        match refresh::refreshed(&tokens, &owner, state, &current.private, &token, self.session.now()).await {
            Ok((after, private, mut found)) => {
                // One warning covers all imports of a run.
                let is_null = refresh::is_importing(state) || (private.moved && after.value.is_null());
                if is_null && self.session.is_first("the value of an import") {
                    found.push(wording::value_is_unknown(&token.id).at(path!(TokenFields.value)));
                }
                (Some(Self::applied(&current.state, (after, private))), found)
            }
            Err(found) => (Some(current), found),
        }
    }

    async fn update(&self, updating: Updating<Self>) -> Written<Self> {
        let Updating { prior, planned, private, .. } = updating;
        let (tokens, owner, policies) = match self.ready(Some(T::body(&prior)), &planned).await {
            Ok(ready) => ready,
            Err(diagnostics) => return (None, diagnostics),
        };
        let written_on = private.written_on;
        let update = apply::Update {
            prior: T::body(&prior).clone(),
            planned: T::body(&planned).clone(),
            private,
            policies,
            now: self.session.now(),
        };
        let update = update.in_place();
        let (after, found) = match self.carry_out(&tokens, &owner, update).await {
            Ok(done) => done,
            Err(found) => return (None, found),
        };
        let after = match after {
            Some(after) => Some(
                looked_after(&tokens, &owner, T::body(&prior), written_on, self.session.now(), after).await,
            ),
            None => None,
        };
        if let Some((token, _)) = &after {
            self.note_name(token);
        }
        (after.map(|after| Self::applied(&planned, after)), found)
    }

    async fn delete(&self, prior: Applied<Self>) -> Diagnostics {
        let id = T::body(&prior.state).token_id();
        let (tokens, owner) = match self.session.reach(T::owner(&prior.state)) {
            Ok(place) => place,
            Err(diagnostic) => return diagnostic.into(),
        };
        if let Some(previous) = succession::previous_id(T::body(&prior.state))
            && let Err(error) = write_previous(&tokens, &owner, previous, Op::Delete).await
        {
            return not_written(previous, &error, &owner, IfInDoubt::PlannedAgain).into();
        }
        // What an interrupted rotation has left must not outlive the token.
        if succession::makes_new_token(T::body(&prior.state))
            && let Err(error) = tokens.clear_unheard(&owner, id).await
        {
            let failed = wording::successor_not_deleted(id);
            return wording::write(&failed, &error, &owner, IfInDoubt::PlannedAgain).into();
        }
        match tokens.submit(&owner, id, Op::Delete).await {
            Ok(_) => Diagnostics::none(),
            Err(OpError { cause: Cause::Api(error), may_have_effect: false })
                if error.is_managed_by_cloudflare() =>
            {
                wording::managed_by_cloudflare(id, &error, &owner).into()
            }
            Err(error) => {
                wording::write(&wording::not_deleted(id), &error, &owner, IfInDoubt::PlannedAgain).into()
            }
        }
    }

    async fn generate_config(&self, state: &T::Model, config: &mut T::Model) -> Diagnostics {
        generate::refine(T::body(state), config.as_mut())
    }

    fn complete(&self, state: T::Model) -> T::Model {
        let (owner, mut token) = (T::owner(&state).clone(), T::body(&state).clone());
        if token.grants.is_null() {
            token.grants = grants::of_old_state(&token.policies, &owner.owner());
        }
        if token.value_version.is_null() {
            token.value_version = value::first_version(&token);
        }
        T::with(owner, token)
    }

    async fn import(&self, id: ResourceId) -> Imported<Self> {
        let (owner, id) = import::token::<T::Owner>(&id, &self.session.account_id())?;
        let token = TokenFields { id: id.into(), ..TokenFields::null() };
        Ok(Applied { state: T::with(owner, token), private: Private::default() })
    }

    async fn move_from(&self, source: MoveSource) -> Option<Imported<Self>> {
        let moved = moved::read::<T::Owner>(&source)?;
        let applied = |(owner, token, private)| Applied { state: T::with(owner, token), private };
        Some(moved.map(applied).map_err(Diagnostics::from))
    }
}
