//! `cloudflare_token_binding`: policies added to a token that somebody else owns.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::cloudflare::{Owner, Token};
use crate::model;
use crate::policy::{Fingerprint, FingerprintPrefix};
use crate::provider::account;
use crate::provider::blocks::{PolicyBlock, specs};
use crate::provider::policies::{self, Matched, applied, fingerprints, matched, resolve};
use crate::provider::session::{Mode, Session, owner};
use crate::provider::{checks, guardrails, wording};
use crate::tf_provider::framework::{
    Applied, Created, Diagnostic, Diagnostics, Imported, Model, Path, Planning, ReadBack, Resource,
    ResourceId, Set, Updating, Validator, Value, computed, optional, required,
};
use crate::tokens::{
    Change, Fields, Op, OpError, Outcome, PolicyChange, TokenPolicies, TokenService, random_name,
};

model! {
    /// Policies that a capability needs, added to an API token that another resource, module, state or person owns. On
    /// destroy it removes just those; everything else of the token stays as it is.
    pub(crate) struct BindingModel {
        /// An id that the provider makes up.
        id: String = computed().keep_prior(),
        /// The token that the policies are added to.
        token_id: String = required().requires_replace().check(checks::id("a token")),
        /// The account that owns the token. Default: the provider's.
        account_id: String = optional().or_computed().keep_prior().requires_replace().check(checks::id("an account")),
        /// What the capability is called, for people who read the configuration. Cloudflare does not store it.
        name: String = optional(),
        /// What the token may do besides what it may already.
        policies: Set<PolicyBlock> = required().check(Validator::not_empty(
            "A binding adds at least one policy; remove the whole binding to add none.",
        )),
        /// The fingerprints of the policies as applied: what the binding removes when it goes, and what an import of it names.
        // In the state and not beside it: of a tainted object, Terraform hands only the state to the delete.
        fingerprints: Set<String> = computed().keep_prior(),
    }
}

/// What is kept beside the state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Private {
    /// While it is being imported: which policies to take over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    wanted: Vec<String>,
}

/// The resource type.
pub(crate) struct TokenBinding {
    pub(crate) session: Session,
}

#[async_trait]
impl Resource for TokenBinding {
    type Model = BindingModel;
    type Private = Private;

    const TYPE_NAME: &'static str = "cloudflare_token_binding";

    async fn plan(&self, planning: &mut Planning<Self>) -> Diagnostics {
        let prior_account = planning.prior.as_ref().map(|prior| &prior.account_id);
        let planned = &mut planning.planned;
        let mut found = account::plan(
            &self.session,
            &planning.config.account_id,
            prior_account,
            &mut planned.account_id,
            &mut planning.requires_replace,
        );
        if let Some(token_id) = planned.token_id.as_str()
            && !self.session.agree(token_id, Mode::Bound)
        {
            found.push(wording::exclusive_and_bound(token_id).at(Path::of("token_id")));
        }
        let none = Value::Null;
        let prior = planning.prior.as_ref().map_or(&none, |prior| &prior.policies);
        // Without a way to the API it is all checked at apply.
        if let (Some(tokens), Ok(owner)) = (self.session.tokens(), owner(&planned.account_id)) {
            found.extend(policies::plan(&tokens, &owner, prior, &mut planned.policies).await);
            found.extend(guardrails::check_policies(&self.session, &owner, &planned.policies).await);
        }
        if planned.policies.to_raw() != prior.to_raw() {
            planned.fingerprints = Value::Unknown;
        }
        found
    }

    async fn create(
        &self,
        _config: BindingModel,
        mut planned: BindingModel,
        _private: Private,
    ) -> Created<Self> {
        let Some(id) = random_name("binding-") else {
            let detail = "The system has no random numbers to give.";
            return (None, Diagnostic::error("No id could be made for the binding", detail).into());
        };
        planned.id = id.into();
        self.write(None, planned).await
    }

    async fn update(&self, updating: Updating<Self>) -> Created<Self> {
        let Updating { prior, planned, private, .. } = updating;
        if prior.policies.to_raw() == planned.policies.to_raw() {
            return (Some(Applied { state: planned, private }), Diagnostics::none());
        }
        self.write(Some(prior), planned).await
    }

    async fn read(&self, current: Applied<Self>) -> ReadBack<Self> {
        let Some(tokens) = self.session.tokens() else { return (Some(current), Diagnostics::none()) };
        let owner = match owner(&current.state.account_id) {
            Ok(owner) => owner,
            Err(diagnostic) => return (Some(current), diagnostic.into()),
        };
        match look(&tokens, &owner, &current).await {
            Ok(Some(seen)) => seen.applied(current),
            Ok(None) => (None, Diagnostics::none()),
            Err(diagnostics) => (Some(current), diagnostics),
        }
    }

    async fn delete(&self, prior: Applied<Self>) -> Diagnostics {
        let binding = prior.state;
        let (tokens, owner) = match self.session.reach(&binding.account_id) {
            Ok(reached) => reached,
            Err(diagnostic) => return diagnostic.into(),
        };
        let change = PolicyChange::Edit { remove: owned(&binding), add: Vec::new() };
        match submit(&tokens, &owner, &binding, change).await {
            Ok(outcome) => wording::concerns(&outcome.concerns),
            Err(error) => wording::write(&failed("take back", "from", &binding), &error).into(),
        }
    }

    async fn import(&self, id: ResourceId) -> Imported<Self> {
        let wrong = || {
            Diagnostic::error(
                "Invalid import id",
                "Write <account_id>/<token_id>/<fingerprint>[,<fingerprint>…]: ids of 32 hexadecimal digits, and the \
                 fingerprints (or at least their first 12 digits) of the policies to take over. The data source \
                 `cloudflare_account_api_token` lists a token's fingerprints.",
            )
        };
        let ResourceId::Id(text) = id else { return Err(wrong().into()) };
        let [account, token, wanted] = text.split('/').collect::<Vec<_>>()[..] else {
            return Err(wrong().into());
        };
        let wanted: Vec<String> = wanted.split(',').map(str::to_owned).collect();
        let readable = wanted.iter().all(|text| text.parse::<FingerprintPrefix>().is_ok());
        if !checks::is_id(account) || !checks::is_id(token) || !readable {
            return Err(wrong().into());
        }
        let state = BindingModel {
            id: format!("binding-{}", wanted.join("-")).into(),
            token_id: token.to_owned().into(),
            account_id: account.to_owned().into(),
            ..BindingModel::null()
        };
        Ok(Applied { state, private: Private { wanted } })
    }
}

impl TokenBinding {
    /// Makes the token have the planned policies, in place of those that the binding has had.
    async fn write(&self, prior: Option<BindingModel>, mut planned: BindingModel) -> Created<Self> {
        let ready = async {
            let (tokens, owner) = self.session.reach(&planned.account_id)?;
            guardrails::check_policies(&self.session, &owner, &planned.policies).await.into_result()?;
            let add = resolve(&tokens, &owner, &planned.policies).await?;
            Ok::<_, Diagnostics>((tokens, owner, add))
        };
        let (tokens, owner, add) = match ready.await {
            Ok(ready) => ready,
            Err(diagnostics) => return (None, diagnostics),
        };
        let kept = |state| Some(Applied { state, private: Private::default() });
        let (remove, asked) = (prior.as_ref().map(owned).unwrap_or_default(), fingerprints(&add));
        let change = PolicyChange::Edit { remove: remove.clone(), add };
        match submit(&tokens, &owner, &planned, change).await {
            Ok(outcome) => {
                let mut found = wording::concerns(&outcome.concerns);
                planned.fingerprints = texts(&applied(&asked, &outcome.concerns));
                if !outcome.adopted.is_empty() {
                    let shared: Vec<_> = outcome.adopted.iter().map(ToString::to_string).collect();
                    found.push(wording::adopted(planned.token_id.as_str().unwrap_or_default(), &shared));
                }
                (kept(planned), found)
            }
            Err(error) => {
                let found = wording::write(&failed("bind", "to", &planned), &error).into();
                if !error.may_have_effect() {
                    return (None, found);
                }
                // What may be there yet is kept as owned, or nobody would ever take it back.
                let mut state = prior.unwrap_or(planned);
                state.fingerprints = texts(&remove.union(&asked).copied().collect());
                (kept(state), found)
            }
        }
    }
}

async fn submit(
    tokens: &TokenService,
    owner: &Owner,
    binding: &BindingModel,
    policies: PolicyChange,
) -> Result<Outcome, OpError> {
    let by = binding.id.as_str().unwrap_or_default().to_owned();
    let change = Change { by, fields: Fields::default(), policies: Some(policies), again: false };
    tokens.submit(owner, binding.token_id.as_str().unwrap_or_default(), Op::from(change)).await
}

/// What could not be done with a binding.
fn failed(what: &str, direction: &str, binding: &BindingModel) -> String {
    let name = binding.name.as_str().map(|name| format!(" {name:?}")).unwrap_or_default();
    let token_id = binding.token_id.as_str().unwrap_or_default();
    format!("Could not {what} the capability{name} {direction} the token {token_id}")
}

/// The policies that the state says are the binding's.
fn owned(state: &BindingModel) -> BTreeSet<Fingerprint> {
    let texts = state.fingerprints.known().into_iter().flat_map(Set::known_so_far);
    texts.filter_map(|text| text.parse().ok()).collect()
}

fn texts(fingerprints: &BTreeSet<Fingerprint>) -> Value<Set<String>> {
    Value::Known(fingerprints.iter().map(ToString::to_string).collect())
}

/// What a look at the token has found of a binding.
struct Seen {
    matched: Matched,
    owned: BTreeSet<Fingerprint>,
    taken_over: bool,
}

async fn look(
    tokens: &TokenService,
    owner: &Owner,
    current: &Applied<TokenBinding>,
) -> Result<Option<Seen>, Diagnostics> {
    let token_id = current.state.token_id.as_str().unwrap_or_default();
    let failed = |error: &_| {
        Diagnostics::from(wording::api(&format!("Could not read the API token {token_id}"), error))
    };
    let Some(token) = tokens.get(owner, token_id).await.map_err(|e| failed(&e))? else {
        return Ok(None);
    };
    if !current.private.wanted.is_empty() {
        return take_over(tokens, owner, &current.private.wanted, &token).await.map(Some);
    }
    if let Some(seen) = find(tokens, owner, current, &token).await? {
        return Ok(Some(seen));
    }
    // Nothing of it is left, says an answer that may be half a minute old: ask again before it goes from the state.
    match tokens.get_fresh(owner, token_id).await.map_err(|e| failed(&e))? {
        Some(token) => find(tokens, owner, current, &token).await,
        None => Ok(None),
    }
}

/// What the token still has of the binding, if anything.
async fn find(
    tokens: &TokenService,
    owner: &Owner,
    current: &Applied<TokenBinding>,
    token: &Token,
) -> Result<Option<Seen>, Diagnostics> {
    let written = specs(&current.state.policies).unwrap_or_default();
    let matched = matched(tokens, owner, &written, &TokenPolicies::of(token, owner)).await?;
    let owned = matched.still_owned(&owned(&current.state));
    Ok((!owned.is_empty()).then_some(Seen { matched, owned, taken_over: false }))
}

/// The policies that an import names.
async fn take_over(
    tokens: &TokenService,
    owner: &Owner,
    wanted: &[String],
    token: &Token,
) -> Result<Seen, Diagnostics> {
    let mut seen = TokenPolicies::of(token, owner);
    let has = seen.policies.keys().map(|f| format!("- {f}")).collect::<Vec<_>>().join("\n");
    let prefixes: Vec<FingerprintPrefix> = wanted.iter().filter_map(|text| text.parse().ok()).collect();
    for (prefix, text) in prefixes.iter().zip(wanted) {
        if seen.policies.keys().filter(|fingerprint| prefix.matches(fingerprint)).count() != 1 {
            let detail = format!(
                "Not exactly one policy of the token {} has a fingerprint that starts with {text}. The token's are:\n{has}",
                token.id
            );
            return Err(Diagnostic::error("No such policy", detail).into());
        }
    }
    seen.policies.retain(|fingerprint, _| prefixes.iter().any(|prefix| prefix.matches(fingerprint)));
    let matched = matched(tokens, owner, &[], &seen).await?;
    Ok(Seen { owned: matched.foreign_owned.clone(), matched, taken_over: true })
}

impl Seen {
    fn applied(self, current: Applied<TokenBinding>) -> ReadBack<TokenBinding> {
        let Seen { matched, owned, taken_over } = self;
        let mut state = current.state;
        state.policies = matched.value(&state.policies, taken_over);
        state.fingerprints = texts(&owned);
        (Some(Applied { state, private: Private::default() }), Diagnostics::none())
    }
}
