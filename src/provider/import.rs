//! What an import names: the owner, and the rest in a form of the type's own. An id has its parts with slashes between them, the
//! owner first; an identity has them by their names.

use super::checks;
use super::owner::Ownership;
use super::wording;
use crate::tf_provider::framework::{Diagnostic, Raw, ResourceId, Value};

/// Reads an import. `by_id` reads what follows the owner in an id, `by_identity` what an identity has beside the owner.
///
/// The owner may be left out where the provider's configuration says it: in an identity, and in an id whose rest is a single
/// part.
pub(crate) fn read<O: Ownership, T>(
    id: &ResourceId,
    account_id: &Value<String>,
    by_id: impl FnOnce(&str) -> Option<T>,
    by_identity: impl FnOnce(&Raw) -> Option<T>,
) -> Option<(O, T)> {
    match id {
        ResourceId::Id(text) => {
            let (owner, rest) = match text.split_once('/') {
                Some((owner, rest)) => (O::of_import(owner)?, rest),
                None => (O::null().or_of_provider(account_id), text.as_str()),
            };
            Some((owner, by_id(rest)?))
        }
        ResourceId::Identity(identity) => {
            let owner = O::from_object(identity).ok()?.or_of_provider(account_id);
            Some((owner, by_identity(identity)?))
        }
    }
}

/// The token that an import names.
pub(crate) fn token<O: Ownership>(
    id: &ResourceId,
    account_id: &Value<String>,
) -> Result<(O, String), Diagnostic> {
    let by_identity = |identity: &Raw| identity.get("id").as_str().map(str::to_owned);
    let named: Option<(O, String)> = read(id, account_id, |id| Some(id.to_owned()), by_identity);
    let whole = named.filter(|(owner, id)| owner.owner().known().is_some() && checks::is_id(id));
    whole.ok_or_else(|| wording::wrong_token_id(O::IMPORT))
}
