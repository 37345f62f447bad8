//! The owners of what a type manages: the attributes that name the owner, and what differs between accounts and users.

use super::checks;
use super::wording;
use crate::model;
use crate::owner::Owner;
use crate::path;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Model, Path, Value, optional};

model! {
    /// An account.
    pub(crate) struct Account {
        /// The account's id. Default: the provider's `account_id`.
        account_id: String = optional().or_computed().keep_prior().requires_replace().identity()
            .check(checks::id("an account").passing_mocks()),
    }
}

model! {
    /// The user of the provider's credential.
    pub(crate) struct User {}
}

/// The attributes that name the owner.
pub(crate) trait Ownership: Model {
    /// The first part of an import id, in words: `<account_id>` or `user`.
    const IMPORT: &'static str;
    /// The official provider's type for tokens of such an owner.
    const OFFICIAL_TOKEN: &'static str;

    /// The owner. Null if no account is configured, unknown while the account is not known.
    fn owner(&self) -> Value<Owner>;

    /// The attributes, with the provider's account if they do not name one.
    fn or_of_provider(self, account_id: &Value<String>) -> Self;

    /// Plans the attributes, with the provider's account if the configuration does not name one. Another owner means
    /// another object. An unknown owner is assumed to be the same. `again` is true at apply: then an owner that turns out
    /// to be another one is an error.
    fn plan(
        account_id: &Value<String>,
        config: &Self,
        prior: Option<&Self>,
        planned: &mut Self,
        requires_replace: &mut Vec<Path>,
        again: bool,
    ) -> Diagnostics;

    /// The attributes that the first part of an import id means. `None` if it is not such a part.
    fn of_import(part: &str) -> Option<Self>;
}

impl Ownership for Account {
    const IMPORT: &'static str = "<account_id>";
    const OFFICIAL_TOKEN: &'static str = "cloudflare_account_token";

    fn owner(&self) -> Value<Owner> {
        self.account_id.clone().map(Owner::Account)
    }

    fn or_of_provider(self, account_id: &Value<String>) -> Self {
        if self.account_id.is_null() { Self { account_id: account_id.clone() } } else { self }
    }

    fn plan(
        account_id: &Value<String>,
        config: &Self,
        prior: Option<&Self>,
        planned: &mut Self,
        requires_replace: &mut Vec<Path>,
        again: bool,
    ) -> Diagnostics {
        let at = path!(Account.account_id);
        let before = prior.map(|prior| &prior.account_id);
        if config.account_id.is_null() {
            match (account_id.clone(), before) {
                (Value::Null, None) => return no_account().into(),
                (Value::Null | Value::Unknown, Some(_)) => {}
                (Value::Unknown, None) => planned.account_id = Value::Unknown,
                (account_id, before) => {
                    if before.is_some_and(|before| *before != account_id) {
                        requires_replace.push(at.clone());
                    }
                    planned.account_id = account_id;
                }
            }
        } else if config.account_id.is_unknown() && before.is_some_and(|before| before.known().is_some()) {
            requires_replace.retain(|path| *path != at);
        }
        match (before.and_then(Value::as_str), planned.account_id.as_str()) {
            (Some(before), Some(after)) if again && before != after => {
                wording::another_account(before, after).at(at).into()
            }
            _ => Diagnostics::none(),
        }
    }

    fn of_import(part: &str) -> Option<Self> {
        checks::is_id(part).then(|| Self { account_id: part.to_owned().into() })
    }
}

impl Ownership for User {
    const IMPORT: &'static str = "user";
    const OFFICIAL_TOKEN: &'static str = "cloudflare_api_token";

    fn owner(&self) -> Value<Owner> {
        Value::Known(Owner::User)
    }

    fn or_of_provider(self, _: &Value<String>) -> Self {
        self
    }

    fn plan(
        _: &Value<String>,
        _: &Self,
        _: Option<&Self>,
        _: &mut Self,
        _: &mut Vec<Path>,
        _: bool,
    ) -> Diagnostics {
        Diagnostics::none()
    }

    fn of_import(part: &str) -> Option<Self> {
        (part == "user").then_some(Self {})
    }
}

fn no_account() -> Diagnostic {
    wording::no_account().at(path!(Account.account_id))
}

/// The owner, for operations that need one.
pub(crate) fn known(owner: Value<Owner>) -> Result<Owner, Diagnostic> {
    match owner {
        Value::Known(owner) => Ok(owner),
        Value::Null => Err(no_account()),
        Value::Unknown => Err(wording::not_configured()),
    }
}

/// A type whose attributes are those of an owner and those of a `Body`. The body is the same for every owner.
pub(crate) trait Owned<Body>: Send + Sync + 'static {
    /// The attributes that name the owner.
    type Owner: Ownership;
    /// All attributes.
    type Model: Model + AsRef<Self::Owner> + AsMut<Self::Owner> + AsRef<Body> + AsMut<Body>;
    /// The type's name.
    const NAME: &'static str;

    /// The attributes that name the owner.
    fn owner(model: &Self::Model) -> &Self::Owner {
        model.as_ref()
    }

    /// The owner to ask during planning. While it is not known, that is the owner in the state.
    fn asked<'a>(planned: &'a Self::Owner, prior: Option<&'a Self::Model>) -> &'a Self::Owner {
        match prior.map(Self::owner) {
            Some(before) if planned.owner().is_unknown() => before,
            _ => planned,
        }
    }

    /// The other attributes.
    fn body(model: &Self::Model) -> &Body {
        model.as_ref()
    }

    /// A model of both.
    fn with(owner: Self::Owner, body: Body) -> Self::Model {
        let mut model = Self::Model::null();
        let place: &mut Self::Owner = model.as_mut();
        *place = owner;
        let place: &mut Body = model.as_mut();
        *place = body;
        model
    }
}
