//! A binding: policies added to a token that something else manages. This is the implementation for all owners. Each
//! owner's resource type is a thin file.

mod apply;
mod import;
mod moved;
mod plan;
mod refresh;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::marker::PhantomData;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::model;
use crate::owner::Owner;
use crate::path;
use crate::policy::Fingerprint;
use crate::provider::blocks::PolicyBlock;
use crate::provider::outlook;
use crate::provider::owner::{Owned, Ownership};
use crate::provider::session::{Mode, Session};
use crate::provider::token::{doubt, grants_rights};
use crate::provider::{checks, grants, policies, wording};
use crate::random;
use crate::tf_provider::framework::{
    Applied, Diagnostic, Diagnostics, Imported, Planning, ReadBack, Resource, ResourceId, Set, Updating,
    Validator, Value, Written, computed, optional, required,
};
use crate::tokens::{Change, Fields, Op, OpError, Outcome, PolicyChange, TokenService};

model! {
    /// Policies of a token.
    pub(crate) struct BindingFields {
        /// An id that the provider generates.
        id: String = computed().keep_prior(),
        /// The token that the policies are added to.
        token_id: String = required().identity().check(checks::id("a token").passing_mocks()),
        /// The token's name. It is not known before the binding is created. Later, a refresh updates it, and so does a
        /// change of the token's name in the same run.
        token_name: String = computed().keep_prior(),
        /// The name of the capability, for readers of the configuration. Cloudflare does not store it.
        name: String = optional(),
        /// The policies that the binding adds to the token.
        ///
        /// Inside a policy, Terraform silently drops an argument that the object does not have, before the provider sees
        /// it. The plan shows in `grants` what will be granted: compare it with what you wrote.
        policies: Set<PolicyBlock> = required().check(Validator::not_empty(
            "A binding adds at least one policy; remove the whole binding to add none.",
        )),
        /// The rights that `policies` grant, one line each, such as `allow "DNS Write" on the zone 0123…`. They are known
        /// at plan, so a change of one right changes one line.
        grants: Set<String> = computed().keep_prior(),
        /// The fingerprints of the policies as applied. The binding removes these policies when it is destroyed, and an
        /// import names the binding by them.
        // They are in the state and not in the private state, because Terraform passes only the state to the delete of a
        // tainted object.
        fingerprints: Set<String> = computed().keep_prior().identity(),
        /// What the last apply sent without learning whether it took effect. Normally null. The next apply sends it again.
        unconfirmed: String = computed().keep_prior(),
    }
}

impl BindingFields {
    fn token_id(&self) -> &str {
        self.token_id.as_str().unwrap_or_default()
    }

    /// Whether an earlier apply has sent something whose outcome is not known.
    fn is_in_doubt(&self) -> bool {
        !self.unconfirmed.is_null()
    }

    /// The policies that belong to the binding according to the state.
    fn owned(&self) -> BTreeSet<Fingerprint> {
        let texts = self.fingerprints.known().into_iter().flat_map(Set::known_so_far);
        texts.filter_map(|text| text.parse().ok()).collect()
    }

    fn set_owned(&mut self, fingerprints: &BTreeSet<Fingerprint>) {
        self.fingerprints = Value::Known(fingerprints.iter().map(ToString::to_string).collect());
    }

    /// The binding after a write whose outcome is not known and that may have added these policies.
    fn in_doubt(&self, unheard: &BTreeSet<Fingerprint>) -> Self {
        let mut binding = self.clone();
        binding.set_owned(&self.owned().union(unheard).copied().collect());
        binding.unconfirmed = doubt("the change of the token's policies");
        binding
    }

    /// The summary for policies that could not be removed.
    fn not_unbound(&self) -> String {
        wording::not_unbound(self.name.as_str(), self.token_id())
    }
}

/// The private state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Private {
    /// During an import: the policies to take over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    wanted: Vec<String>,
    /// The time of the last change that the state knows of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent_on: Option<i64>,
}

/// The resource of one owner's type.
pub(crate) struct BindingResource<T> {
    session: Session,
    of: PhantomData<fn() -> T>,
}

impl<T: Owned<BindingFields>> BindingResource<T> {
    /// Makes the resource for a session.
    pub(crate) fn new(session: Session) -> Self {
        Self { session, of: PhantomData }
    }

    fn applied(owner: &T::Owner, binding: BindingFields, sent_on: Option<i64>) -> Applied<Self> {
        let private = Private { wanted: Vec::new(), sent_on };
        Applied { state: T::with(owner.clone(), binding), private }
    }

    /// Gathers the facts that a plan depends on.
    async fn facts<'a>(&self, change: plan::Change<'a>, owner: &T::Owner) -> plan::Facts<'a> {
        let mut facts = plan::Facts::new(change, self.session.guardrails());
        let (tokens, owner) = match self.session.look(owner) {
            Ok(Some(place)) => place,
            // Without access to the API, the apply checks everything.
            Ok(None) => return facts,
            Err(diagnostic) => {
                facts.unreachable = Some(diagnostic);
                return facts;
            }
        };
        if facts.needs_catalog() {
            facts.catalog = Some(policies::catalog_for(&tokens, &owner, &change.planned.policies).await);
        }
        if facts.needs_own_token() {
            facts.own_token = Some(tokens.own_token_id(&owner).await.map_err(|e| wording::own_unknown(&e)));
        }
        if let Some(id) = facts.needs_token() {
            facts.token = Some(tokens.get(&owner, id).await.map_err(|e| wording::unreadable(id, &e)));
        }
        facts.owner = Some(owner);
        facts
    }

    /// Gives the token the planned policies, and removes those that the binding had before.
    async fn write(
        &self,
        named: &T::Owner,
        prior: Option<BindingFields>,
        planned: BindingFields,
        since: Option<i64>,
    ) -> Written<Self> {
        let ready = async {
            let (tokens, owner) = self.session.reach(named)?;
            policies::guarded(&self.session, &owner, &planned.policies).await.into_result()?;
            let add = policies::resolve(&tokens, &owner, &planned.policies).await?;
            Ok::<_, Diagnostics>((tokens, owner, add))
        };
        let (tokens, owner, add) = match ready.await {
            Ok(ready) => ready,
            Err(diagnostics) => return (None, diagnostics),
        };
        let mut write = apply::Write { prior, planned, add, wrote_others: false };
        if let Some(prior) = &write.prior {
            let (wrote, followed) = moved::follow(&tokens, &owner, prior, &write.add, since).await;
            if let Err(error) = followed {
                let found =
                    wording::write(&prior.not_unbound(), &error, &owner, wording::IfInDoubt::Recorded);
                let state = wrote.then(|| write.in_doubt());
                return (state.map(|binding| Self::applied(named, binding, since)), found.into());
            }
            write.wrote_others = wrote;
        }
        let outcome = submit(&tokens, &owner, &write.planned, write.change(), write.is_again(), since).await;
        let sent_on = outcome.as_ref().ok().and_then(|outcome| outcome.sent_on).or(since);
        let mut found = match &outcome {
            Ok(outcome) => policies::concerns(&tokens, &owner, &outcome.concerns).await,
            Err(error) => {
                let (name, token) = (write.planned.name.as_str(), write.planned.token_id());
                wording::write(&wording::not_bound(name, token), error, &owner, wording::IfInDoubt::Recorded)
                    .into()
            }
        };
        if let Ok(outcome) = &outcome
            && !outcome.adopted.is_empty()
        {
            let shared: Vec<_> = outcome.adopted.iter().map(ToString::to_string).collect();
            found.push(wording::adopted(write.planned.token_id(), &shared).at(path!(BindingFields.policies)));
        }
        let faulty = outcome.is_ok() && found.has_error();
        let catalog = if faulty { tokens.catalog(&owner).await.ok() } else { None };
        let state = write.after(outcome, faulty, &owner, catalog.as_deref());
        (state.map(|binding| Self::applied(named, binding, sent_on)), found)
    }

    /// The token's present name, if the plan has left it unknown.
    async fn token_name(
        &self,
        owner: &T::Owner,
        before: &BindingFields,
        after: &BindingFields,
    ) -> Value<String> {
        if !after.token_name.is_unknown() {
            return after.token_name.clone();
        }
        if let Some(Value::Known(name)) = self.session.noted_name(after.token_id()) {
            return name.into();
        }
        let Ok((tokens, owner)) = self.session.reach(owner) else { return before.token_name.clone() };
        match tokens.get(&owner, after.token_id()).await {
            Ok(Some(token)) => token.name.clone().into(),
            // The next refresh will find it.
            Ok(None) | Err(_) => before.token_name.clone(),
        }
    }

    /// Refuses a change that takes from the provider's own token the right to manage tokens.
    async fn guard_own(&self, owner: &T::Owner, binding: &BindingFields) -> Result<(), Diagnostic> {
        if !grants_rights(&binding.policies) {
            return Ok(());
        }
        let Some((tokens, owner)) = self.session.look(owner)? else { return Ok(()) };
        match tokens.own_token_id(&owner).await {
            Ok(own) if own.as_deref() == binding.token_id.as_str() => Err(wording::own_rights(&owner)),
            Ok(_) => Ok(()),
            Err(error) => Err(wording::own_unknown(&error)),
        }
    }
}

async fn submit(
    tokens: &TokenService,
    owner: &Owner,
    binding: &BindingFields,
    policies: PolicyChange,
    again: bool,
    since: Option<i64>,
) -> Result<Outcome, OpError> {
    let by = binding.id.as_str().unwrap_or_default().to_owned();
    let change = Change { by, fields: Fields::default(), policies: Some(policies), again, since };
    tokens.submit(owner, binding.token_id(), Op::from(change)).await
}

#[async_trait]
impl<T: Owned<BindingFields>> Resource for BindingResource<T> {
    type Model = T::Model;
    type Private = Private;

    const TYPE_NAME: &'static str = T::NAME;

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
        let body = T::body(&planning.planned);
        let name = body.token_id.as_str().and_then(|id| self.session.noted_name(id));
        let prior = planning.prior.as_ref().map(T::body);
        let change = plan::Change { prior, planned: body, name: name.as_ref() };
        if let Some(token_id) = change.planned.token_id.as_str()
            && !self.session.agree(token_id, Mode::Bound)
        {
            found.push(wording::exclusive_and_bound(token_id).at(path!(BindingFields.token_id)));
        }
        let is_new = change.planned.token_id.is_unknown();
        if is_new && !planning.again && self.session.makes_exclusive_only(T::Owner::IMPORT) {
            found.push(wording::bound_to_new_exclusive().at(path!(BindingFields.token_id)));
        }
        let facts = self.facts(change, T::asked(&owner, planning.prior.as_ref())).await;
        let (planned, decided) = plan::decide(&facts);
        found.extend(decided);
        drop(facts);
        let writes = planning.prior.as_ref().is_none_or(|prior| *T::body(prior) != planned);
        if writes && !planning.again && !found.has_error() {
            let owner = T::asked(&owner, planning.prior.as_ref());
            let before = planning.prior.as_ref().map_or(&Value::Null, |prior| &T::body(prior).policies);
            found.extend(outlook::look(&self.session, owner, before, &planned.policies).await);
        }
        planning.planned = T::with(owner, planned);
        found
    }

    async fn plan_delete(&self, prior: T::Model) -> Diagnostics {
        let guarded = self.guard_own(T::owner(&prior), T::body(&prior)).await;
        guarded.map_or_else(Into::into, |()| Diagnostics::none())
    }

    async fn create(&self, _config: T::Model, planned: T::Model, _private: Private) -> Written<Self> {
        let Ok(id) = random::name("binding-") else { return (None, wording::no_random_id().into()) };
        let binding = BindingFields { id: id.into(), ..T::body(&planned).clone() };
        self.write(T::owner(&planned), None, binding, None).await
    }

    async fn update(&self, updating: Updating<Self>) -> Written<Self> {
        let Updating { prior, planned, private, .. } = updating;
        let (before, after) = (T::body(&prior), T::body(&planned));
        let moves = before.token_id != after.token_id;
        if before.policies == after.policies && !before.is_in_doubt() && !moves {
            let name = self.token_name(T::owner(&planned), before, after).await;
            let after = BindingFields { token_name: name, ..after.clone() };
            let state = T::with(T::owner(&planned).clone(), after);
            return (Some(Applied { state, private }), Diagnostics::none());
        }
        let named = T::owner(&planned);
        let before = if moves {
            let (tokens, owner) = match self.session.reach(named) {
                Ok(place) => place,
                Err(diagnostic) => return (None, diagnostic.into()),
            };
            match moved::leave(&tokens, &owner, before, after, private.sent_on).await {
                Ok(moved) => moved,
                Err((state, diagnostic)) => {
                    let state = state.map(|binding| Self::applied(named, binding, private.sent_on));
                    return (state, diagnostic.into());
                }
            }
        } else {
            before.clone()
        };
        self.write(named, Some(before), after.clone(), private.sent_on).await
    }

    async fn read(&self, current: Applied<Self>) -> ReadBack<Self> {
        let named = T::owner(&current.state);
        let (tokens, owner) = match self.session.look(named) {
            Ok(Some(place)) => place,
            Ok(None) => return (Some(current), Diagnostics::none()),
            Err(diagnostic) => return (Some(current), diagnostic.into()),
        };
        let binding = T::body(&current.state);
        match refresh::look(&tokens, &owner, binding, &current.private).await {
            Ok(seen) => {
                let found = moved::succession(&tokens, &owner, binding).await;
                let sent_on = current.private.sent_on;
                (seen.map(|binding| Self::applied(named, binding, sent_on)), found)
            }
            Err(diagnostics) => (Some(current), diagnostics),
        }
    }

    async fn delete(&self, prior: Applied<Self>) -> Diagnostics {
        let (named, binding) = (T::owner(&prior.state), T::body(&prior.state));
        let place = match self.guard_own(named, binding).await {
            Ok(()) => self.session.reach(named),
            Err(refused) => Err(refused),
        };
        let (tokens, owner) = match place {
            Ok(place) => place,
            Err(diagnostic) => return diagnostic.into(),
        };
        let failed = |error| {
            wording::write(&binding.not_unbound(), &error, &owner, wording::IfInDoubt::PlannedAgain).into()
        };
        let since = prior.private.sent_on;
        if let (_, Err(error)) = moved::follow(&tokens, &owner, binding, &[], since).await {
            return failed(error);
        }
        let change = PolicyChange::Edit { remove: binding.owned(), add: Vec::new() };
        match submit(&tokens, &owner, binding, change, binding.is_in_doubt(), since).await {
            Ok(outcome) => wording::concerns(&outcome.concerns),
            Err(error) => failed(error),
        }
    }

    fn complete(&self, state: T::Model) -> T::Model {
        let (owner, mut binding) = (T::owner(&state).clone(), T::body(&state).clone());
        if binding.grants.is_null() {
            binding.grants = grants::of_old_state(&binding.policies, &owner.owner());
        }
        T::with(owner, binding)
    }

    async fn import(&self, id: ResourceId) -> Imported<Self> {
        let (owner, binding, wanted) = import::read::<T::Owner>(&id, &self.session.account_id())?;
        Ok(Applied { state: T::with(owner, binding), private: Private { wanted, sent_on: None } })
    }
}
