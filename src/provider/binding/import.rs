//! The import id of a binding: the owner, the token, and the fingerprints of the policies to take over.

use super::BindingFields;
use crate::policy::FingerprintPrefix;
use crate::provider::owner::Ownership;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{Diagnostic, Model, ResourceId};

/// The owner, the binding as far as the id says it, and the fingerprints that it names.
pub(super) fn read<O: Ownership>(id: &ResourceId) -> Result<(O, BindingFields, Vec<String>), Diagnostic> {
    parts(id).ok_or_else(|| wording::wrong_binding_id(O::IMPORT))
}

fn parts<O: Ownership>(id: &ResourceId) -> Option<(O, BindingFields, Vec<String>)> {
    let ResourceId::Id(text) = id else { return None };
    let [owner, token, wanted] = text.split('/').collect::<Vec<_>>()[..] else { return None };
    let owner = O::of_import(owner).filter(|_| checks::is_id(token))?;
    let wanted: Vec<String> = wanted.split(',').map(str::to_owned).collect();
    let readable = wanted.iter().all(|text| text.parse::<FingerprintPrefix>().is_ok());
    let binding = BindingFields {
        id: format!("binding-{}", wanted.join("-")).into(),
        token_id: token.to_owned().into(),
        ..BindingFields::null()
    };
    readable.then_some((owner, binding, wanted))
}
