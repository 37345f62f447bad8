//! What an import of a binding names: the owner, the token, and the fingerprints of the policies to take over. An import id
//! separates them by slashes. An identity has an attribute for each.

use super::BindingFields;
use crate::policy::FingerprintPrefix;
use crate::provider::owner::Ownership;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{Diagnostic, Model, Raw, ResourceId, Value};

/// The owner, the binding as far as the id describes it, and the fingerprints in the id.
pub(super) fn read<O: Ownership>(
    id: &ResourceId,
    account_id: &Value<String>,
) -> Result<(O, BindingFields, Vec<String>), Diagnostic> {
    let named = match id {
        ResourceId::Id(text) => of_id(text),
        ResourceId::Identity(identity) => of_identity(identity, account_id),
    };
    named.and_then(checked).ok_or_else(|| wording::wrong_binding_id(O::IMPORT))
}

type Named<O> = (O, String, Vec<String>);

fn of_id<O: Ownership>(text: &str) -> Option<Named<O>> {
    let [owner, token, wanted] = text.split('/').collect::<Vec<_>>()[..] else { return None };
    Some((O::of_import(owner)?, token.to_owned(), wanted.split(',').map(str::to_owned).collect()))
}

fn of_identity<O: Ownership>(identity: &Raw, account_id: &Value<String>) -> Option<Named<O>> {
    let owner = O::from_object(identity).ok()?.or_of_provider(account_id);
    let Raw::List(wanted) = identity.get("fingerprints") else { return None };
    let wanted: Option<Vec<_>> = wanted.iter().map(|text| text.as_str().map(str::to_owned)).collect();
    Some((owner, identity.get("token_id").as_str()?.to_owned(), wanted?))
}

fn checked<O: Ownership>((owner, token, wanted): Named<O>) -> Option<(O, BindingFields, Vec<String>)> {
    let readable = wanted.iter().all(|text| text.parse::<FingerprintPrefix>().is_ok());
    let whole = owner.owner().known().is_some() && checks::is_id(&token) && readable && !wanted.is_empty();
    let binding = BindingFields {
        id: format!("binding-{}", wanted.join("-")).into(),
        token_id: token.into(),
        ..BindingFields::null()
    };
    whole.then_some((owner, binding, wanted))
}
