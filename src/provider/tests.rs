//! Some attributes of diagnostics come from texts of the API. These tests check that each exists.

use std::collections::BTreeSet;

use super::binding::BindingFields;
use super::blocks::POLICIES;
use super::secret::SecretFields;
use super::token::TokenFields;
use super::token::lent::LentFields;
use super::wording;
use crate::tf_provider::framework::Model;
use crate::tokens::Field;

fn names<M: Model>() -> BTreeSet<&'static str> {
    M::attributes().into_iter().map(|attribute| attribute.name).collect()
}

#[test]
fn every_attribute_that_an_answer_of_the_api_points_at_exists() {
    let token = names::<TokenFields>();
    assert!(wording::SENT.iter().all(|name| token.contains(name)));
    let fields = [Field::Name, Field::Status, Field::Condition, Field::ExpiresOn, Field::NotBefore];
    assert!(fields.iter().all(|field| wording::SENT.contains(&field.to_string().as_str())));
    let secret = names::<SecretFields>();
    assert!(wording::SECRET_CODES.iter().all(|(_, name)| secret.contains(name)));
    for names in [token, names::<BindingFields>(), names::<LentFields>()] {
        assert!(names.contains(POLICIES));
    }
}
