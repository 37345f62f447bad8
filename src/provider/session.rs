//! What the provider block configures, and how resources reach it; and which tokens of this run are exclusive.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::guardrails::Guardrails;
use crate::cloudflare::Owner;
use crate::tf_provider::framework::{Diagnostic, Path, Value};
use crate::tokens::{Op, TokenService};

/// The provider's configuration as the resources see it. Cheap to clone; configured at most a few times.
#[derive(Clone, Default)]
pub(crate) struct Session(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: RwLock<State>,
    modes: Mutex<BTreeMap<String, Mode>>,
    open: Mutex<BTreeMap<String, Owner>>,
}

/// What the resources of this run want of a token's policies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Its resource manages them all: nobody else's may stay.
    Exclusive,
    /// A binding adds its own.
    Bound,
}

#[derive(Clone)]
struct State {
    tokens: Option<TokenService>,
    account_id: Value<String>,
    guardrails: Arc<Guardrails>,
}

impl Default for State {
    fn default() -> State {
        State { tokens: None, account_id: Value::Unknown, guardrails: Arc::default() }
    }
}

impl Session {
    /// Takes a configuration. Without a token service (a part of the configuration is not known yet)
    /// nothing that needs the API can be planned.
    pub(super) fn configure(
        &self,
        tokens: Option<TokenService>,
        account_id: Value<String>,
        guardrails: Guardrails,
    ) {
        let state = State { tokens, account_id, guardrails: Arc::new(guardrails) };
        *self.0.state.write().unwrap_or_else(PoisonError::into_inner) = state;
        self.modes().clear();
    }

    /// Says what a resource of this run wants of a token's policies; false where another one wants the opposite.
    pub(crate) fn agree(&self, token_id: &str, mode: Mode) -> bool {
        *self.modes().entry(token_id.to_owned()).or_insert(mode) == mode
    }

    /// A token was made that is to be deleted before the process leaves.
    pub(crate) fn opened(&self, token_id: &str, owner: &Owner) {
        self.open().insert(token_id.to_owned(), owner.clone());
    }

    /// Such a token was deleted.
    pub(crate) fn closed(&self, token_id: &str) {
        self.open().remove(token_id);
    }

    /// Deletes such tokens as Terraform has not closed: it does not where what uses them has failed. And waits for creates
    /// that are under way: where Terraform was killed, what they make is nobody's, and is deleted too.
    pub(super) async fn close_all(&self) {
        let left = std::mem::take(&mut *self.open());
        let Some(tokens) = self.tokens() else { return };
        if !left.is_empty() {
            // Before it is tried: there may be no time left to tell.
            let ids: Vec<_> = left.keys().collect();
            tracing::warn!(
                ?ids,
                "ephemeral API tokens were not closed; they are deleted, or expire by themselves"
            );
        }
        let delete = |(id, owner): (String, Owner)| {
            let tokens = tokens.clone();
            async move {
                match tokens.submit(&owner, &id, Op::Discard).await {
                    Ok(_) => tracing::info!(id, "deleted an ephemeral API token that was not closed"),
                    Err(error) => {
                        tracing::warn!(id, %error, "an ephemeral API token is left, and expires by itself")
                    }
                }
            }
        };
        futures_util::future::join(
            futures_util::future::join_all(left.into_iter().map(delete)),
            tokens.leave(),
        )
        .await;
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, Owner>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn modes(&self) -> MutexGuard<'_, BTreeMap<String, Mode>> {
        self.0.modes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way to the API, for planning: none where the provider's configuration is not known yet.
    pub(crate) fn tokens(&self) -> Option<TokenService> {
        self.read().tokens
    }

    /// The way to the API, for everything that cannot do without.
    pub(crate) fn require(&self) -> Result<TokenService, Diagnostic> {
        self.tokens().ok_or_else(|| {
            Diagnostic::error(
                "The provider is not configured",
                "A part of the provider's configuration is not known yet, for example because a resource that is not \
                 created yet provides it. Apply that resource first (`terraform apply -target=…`), or set the value \
                 another way.",
            )
        })
    }

    /// The way to the API and the owner of a resource's token, for everything that cannot do without either.
    pub(crate) fn reach(&self, account_id: &Value<String>) -> Result<(TokenService, Owner), Diagnostic> {
        Ok((self.require()?, owner(account_id)?))
    }

    /// What no plan may do.
    pub(crate) fn guardrails(&self) -> Arc<Guardrails> {
        self.read().guardrails
    }

    /// The account of a resource: its own where it says one, else the provider's. Unknown where that is not known yet,
    /// null where there is none.
    pub(crate) fn account_id(&self, own: &Value<String>) -> Value<String> {
        if own.is_null() { self.read().account_id } else { own.clone() }
    }

    fn read(&self) -> State {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The owner of a resource's token.
pub(crate) fn owner(account_id: &Value<String>) -> Result<Owner, Diagnostic> {
    match account_id {
        Value::Known(id) => Ok(Owner::Account(id.clone())),
        Value::Null | Value::Unknown => Err(no_account()),
    }
}

/// Neither the resource nor the provider says which account.
pub(crate) fn no_account() -> Diagnostic {
    let detail = "Set `account_id` here or in the provider block, or CLOUDFLARE_ACCOUNT_ID in the environment: the id of the \
                  account that the dashboard shows on the account's overview page, 32 hexadecimal digits.";
    Diagnostic::error("No account", detail).at(Path::of("account_id"))
}
