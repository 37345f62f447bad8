//! What an import of a binding names: the owner, the token, and the fingerprints of the policies to take over. An import id
//! separates them by slashes. An identity has an attribute for each.

use super::BindingFields;
use crate::policy::FingerprintPrefix;
use crate::provider::owner::Ownership;
use crate::provider::{checks, import, wording};
use crate::tf_provider::framework::{Diagnostic, Model as _, Raw, ResourceId, Value};

/// The owner, the binding as far as the id describes it, and the fingerprints in the id.
pub(super) fn read<O: Ownership>(
    id: &ResourceId,
    account_id: &Value<String>,
) -> Result<(O, BindingFields, Vec<String>), Diagnostic> {
    let named = import::read(id, account_id, of_id, of_identity);
    named.and_then(checked).ok_or_else(|| wording::wrong_binding_id(O::IMPORT))
}

/// The token's id, and the fingerprints.
type Named = (String, Vec<String>);

fn of_id(rest: &str) -> Option<Named> {
    let [token, wanted] = rest.split('/').collect::<Vec<_>>()[..] else { return None };
    Some((token.to_owned(), wanted.split(',').map(str::to_owned).collect()))
}

fn of_identity(identity: &Raw) -> Option<Named> {
    let Raw::List(wanted) = identity.get("fingerprints") else { return None };
    let wanted: Option<Vec<_>> = wanted.iter().map(|text| text.as_str().map(str::to_owned)).collect();
    Some((identity.get("token_id").as_str()?.to_owned(), wanted?))
}

fn checked<O: Ownership>((owner, (token, wanted)): (O, Named)) -> Option<(O, BindingFields, Vec<String>)> {
    let readable = wanted.iter().all(|text| text.parse::<FingerprintPrefix>().is_ok());
    let whole = owner.owner().known().is_some() && checks::is_id(&token) && readable && !wanted.is_empty();
    let binding = BindingFields {
        id: format!("binding-{}", wanted.join("-")).into(),
        token_id: token.into(),
        ..BindingFields::null()
    };
    whole.then_some((owner, binding, wanted))
}
