//! What all states of Cloudflare's official provider have in common, for `moved` blocks: which provider wrote them, and how
//! to read their attributes. Pure.

use serde_json::Value as Json;

use crate::tf_provider::framework::MoveSource;

/// Whether a state was written by the official provider for one of these types.
pub(crate) fn is_of(source: &MoveSource, types: &[&str]) -> bool {
    source.provider() == "cloudflare/cloudflare" && types.contains(&source.type_name.as_str())
}

/// An attribute that does not have the form that the official provider writes. Its value is not kept: it may be a secret.
#[derive(Debug, PartialEq)]
pub(crate) struct Malformed(pub(crate) String);

/// A string attribute. Null and the empty string are both unset: older versions write either.
pub(crate) fn text(state: &Json, attribute: &str) -> Result<Option<String>, Malformed> {
    match &state[attribute] {
        Json::Null => Ok(None),
        Json::String(text) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        _ => Err(Malformed(attribute.to_owned())),
    }
}

/// A string attribute that is never unset.
pub(crate) fn required(state: &Json, attribute: &str) -> Result<String, Malformed> {
    text(state, attribute)?.ok_or_else(|| Malformed(attribute.to_owned()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The states that versions of the official provider wrote.
    pub(crate) const STATES: [(&str, &str); 3] = [
        (
            "v4.52",
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/fixtures/official-states/v4.52.tfstate"
            )),
        ),
        (
            "v5.8",
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/official-states/v5.8.tfstate")),
        ),
        (
            "v5.22",
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/fixtures/official-states/v5.22.tfstate"
            )),
        ),
    ];

    /// The objects of a type in those states, as core hands them over.
    pub(crate) fn sources(type_name: &str) -> Vec<(&'static str, MoveSource)> {
        let mut found = Vec::new();
        for (version, state) in STATES {
            let state: Json = serde_json::from_str(state).unwrap();
            for resource in state["resources"].as_array().unwrap().iter().filter(|r| r["type"] == type_name) {
                let instances = resource["instances"].as_array().unwrap().iter();
                found.extend(instances.map(|instance| (version, source(type_name, instance))));
            }
        }
        assert!(!found.is_empty(), "{type_name}");
        found
    }

    fn source(type_name: &str, instance: &Json) -> MoveSource {
        MoveSource {
            provider_address: "registry.terraform.io/cloudflare/cloudflare".to_owned(),
            type_name: type_name.to_owned(),
            schema_version: instance["schema_version"].as_i64().unwrap(),
            json: instance["attributes"].clone(),
            private: b"null".to_vec(),
        }
    }

    #[test]
    fn the_official_provider_is_told_by_its_name_on_any_host() {
        let (_, mut source) = sources("cloudflare_account_token").remove(0);
        let types = ["cloudflare_account_token"];
        for (address, official) in [
            ("registry.terraform.io/cloudflare/cloudflare", true),
            ("registry.opentofu.org/cloudflare/cloudflare", true),
            ("mirror.example.com:8443/cloudflare/cloudflare", true),
            ("registry.terraform.io/cloudflare/other", false),
            ("registry.terraform.io/cloudflare-tokens/cloudflare-tokens", false),
            ("cloudflare", false),
        ] {
            source.provider_address = address.to_owned();
            assert_eq!(is_of(&source, &types), official, "{address}");
        }
    }

    #[test]
    fn an_attribute_of_another_form_is_named_and_not_quoted() {
        let state = serde_json::json!({ "value": 5, "name": "", "id": null });
        assert_eq!(text(&state, "value"), Err(Malformed("value".to_owned())));
        assert_eq!((text(&state, "name"), text(&state, "absent")), (Ok(None), Ok(None)));
        assert_eq!(required(&state, "id"), Err(Malformed("id".to_owned())));
    }
}
