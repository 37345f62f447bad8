//! `cloudflare_api_token_revoke`: ends a token's value at once.

use async_trait::async_trait;

use crate::model;
use crate::owner::Owner;
use crate::path;
use crate::provider::owner::{Account, Ownership, User};
use crate::provider::session::Session;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{
    Action, Diagnostic, Diagnostics, Progress, Raw, Value, optional, required,
};
use crate::tokens::{Op, TokenService};

model! {
    /// Ends the value of an API token at once, wherever it is used: for a value that has leaked. The token keeps its id and
    /// its rights. It gets a new value, which the provider drops.
    ///
    /// If Terraform manages the token and has its value in the state, the next plan finds that the value has stopped
    /// working, and issues a new one.
    pub(crate) struct Model {
        ..owner: Account,
        /// The token's id.
        token_id: String = required().check(checks::id("a token")),
        /// Whether it is a token of the credential's user, and not of an account.
        user: bool = optional().or(Raw::Bool(false)).conflicts_with(&["account_id"]),
    }
}

/// The type.
pub(crate) struct ApiTokenRevoke {
    /// Access to the API.
    pub(crate) session: Session,
}

/// A token, and what is needed to reach it.
struct Place {
    tokens: TokenService,
    owner: Owner,
    id: String,
}

impl ApiTokenRevoke {
    /// The token. `None` while it is not known or cannot be read.
    fn look(&self, config: &Model) -> Result<Option<Place>, Diagnostic> {
        let place = match config.user {
            Value::Unknown => return Ok(None),
            Value::Known(true) => self.session.look(&User {})?,
            Value::Known(false) | Value::Null => {
                self.session.look(&config.owner.clone().or_of_provider(&self.session.account_id()))?
            }
        };
        let place = place.zip(config.token_id.known().cloned());
        Ok(place.map(|((tokens, owner), id)| Place { tokens, owner, id }))
    }

    fn reach(&self, config: &Model) -> Result<Place, Diagnostic> {
        let (tokens, owner) = if config.user == Value::Known(true) {
            self.session.reach(&User {})?
        } else {
            self.session.reach(&config.owner.clone().or_of_provider(&self.session.account_id()))?
        };
        Ok(Place { tokens, owner, id: config.token_id.as_str().unwrap_or_default().to_owned() })
    }
}

impl Place {
    /// The reason why the value cannot be revoked, if there is one: the token does not exist, or it is the provider's own.
    async fn refused(&self) -> Option<Diagnostic> {
        let Self { tokens, owner, id } = self;
        match tokens.own_token_id(owner).await {
            Ok(own) if own.as_ref() == Some(id) => return Some(wording::own_token("revoked", owner)),
            Ok(_) => {}
            Err(error) => return Some(wording::own_unknown(&error)),
        }
        match tokens.get(owner, id).await {
            Ok(Some(_)) => None,
            Ok(None) => Some(wording::no_such_token(id, owner).at(path!(Model.token_id))),
            Err(error) => Some(wording::unreadable(id, &error)),
        }
    }
}

#[async_trait]
impl Action for ApiTokenRevoke {
    type Config = Model;

    const TYPE_NAME: &'static str = "cloudflare_api_token_revoke";

    async fn plan(&self, config: Model) -> Diagnostics {
        match self.look(&config) {
            Ok(Some(place)) => Diagnostics(place.refused().await.into_iter().collect()),
            Ok(None) => Diagnostics::none(),
            Err(unreachable) => unreachable.into(),
        }
    }

    async fn invoke(&self, config: Model, progress: Progress) -> Diagnostics {
        let Place { tokens, owner, id } = match self.reach(&config) {
            Ok(place) => place,
            Err(unreachable) => return unreachable.into(),
        };
        progress.report(format!("Revoking the value of the API token {id}"));
        // The new value is in the outcome, and is dropped with it.
        match tokens.submit(&owner, &id, Op::Roll).await {
            Ok(_) => {
                progress.report(format!("The value of the API token {id} has stopped working"));
                Diagnostics::none()
            }
            Err(error) => {
                let in_doubt =
                    wording::IfInDoubt::Else("The old value may still work. Invoke the action again.");
                wording::write(&wording::not_revoked(&id), &error, &owner, in_doubt).into()
            }
        }
    }
}
