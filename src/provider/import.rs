//! Import ids: parts separated by slashes. The owner comes first.

use super::checks;
use super::owner::Ownership;
use super::wording;
use crate::tf_provider::framework::{Diagnostic, Raw, ResourceId, Value};

/// The owner and the rest of an import id. The owner is optional if the provider's configuration has it and the rest is a
/// single part.
pub(crate) fn owner_and_rest<O: Ownership>(text: &str, account_id: &Value<String>) -> Option<(O, String)> {
    match text.split_once('/') {
        Some((owner, rest)) => O::of_import(owner).map(|owner| (owner, rest.to_owned())),
        None => Some((O::null().or_of_provider(account_id), text.to_owned())),
    }
}

/// The token that an import names.
pub(crate) fn token<O: Ownership>(
    id: &ResourceId,
    account_id: &Value<String>,
) -> Result<(O, String), Diagnostic> {
    let named: Option<(O, String)> = match id {
        ResourceId::Id(text) => owner_and_rest(text, account_id),
        ResourceId::Identity(identity) => by_identity(identity, account_id),
    };
    let whole = named.filter(|(owner, id)| owner.owner().known().is_some() && checks::is_id(id));
    whole.ok_or_else(|| wording::wrong_token_id(O::IMPORT))
}

fn by_identity<O: Ownership>(identity: &Raw, account_id: &Value<String>) -> Option<(O, String)> {
    let owner = O::from_object(identity).ok()?.or_of_provider(account_id);
    Some((owner, identity.get("id").as_str()?.to_owned()))
}
