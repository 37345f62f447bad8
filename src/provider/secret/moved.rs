//! Reads secrets of Workers from states of the official provider's version 4. Version 5 has no such resource. Pure.

use super::{SecretFields, SecretValue, WorkerFields};
use crate::provider::official::{self, Malformed, required, text};
use crate::provider::owner::{Account, Ownership};
use crate::provider::wording;
use crate::tf_provider::framework::{Diagnostic, Model, MoveSource};

/// The type, and its earlier name.
const TYPES: [&str; 2] = ["cloudflare_workers_secret", "cloudflare_worker_secret"];

/// The known schema versions.
const VERSIONS: [i64; 1] = [0];

/// Reads a secret of the official provider. `None` if the state belongs to another provider or type.
pub(crate) fn read(source: &MoveSource) -> Option<Result<(Account, SecretFields), Diagnostic>> {
    if !official::is_of(source, &TYPES) {
        return None;
    }
    let part = |attribute: &str| source.json[attribute].as_str().unwrap_or_default();
    let import = format!("{}/{}/{}", part("account_id"), part("script_name"), part("name"));
    if !VERSIONS.contains(&source.schema_version) {
        return Some(Err(wording::moved_from_unknown_version(source, &VERSIONS, &import)));
    }
    Some(taken_over(source).map_err(|Malformed(at)| wording::moved_malformed(source, &at, &import)))
}

fn taken_over(source: &MoveSource) -> Result<(Account, SecretFields), Malformed> {
    let state = &source.json;
    let account = Account::of_import(&required(state, "account_id")?);
    let secret = SecretFields {
        worker: WorkerFields {
            script_name: required(state, "script_name")?.into(),
            id: text(state, "id")?.into(),
        },
        name: required(state, "name")?.into(),
        put: SecretValue {
            value: text(state, "secret_text")?.map(secrecy::SecretString::from).into(),
            ..SecretValue::null()
        },
    };
    Ok((account.ok_or_else(|| Malformed("account_id".to_owned()))?, secret))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;
    use crate::provider::official::tests::sources;

    #[test]
    fn secrets_under_both_names_are_taken_over_with_their_values() {
        for type_name in TYPES {
            for (_, source) in sources(type_name) {
                let (account, secret) = read(&source).unwrap().unwrap();
                assert_eq!(account.account_id.as_str(), source.json["account_id"].as_str());
                assert_eq!(secret.worker.script_name.as_str(), source.json["script_name"].as_str());
                assert_eq!(secret.name.as_str(), source.json["name"].as_str());
                assert_eq!(secret.worker.id.as_str(), source.json["id"].as_str());
                let value = secret.put.value.known().map(|value| value.expose_secret());
                assert_eq!(value, source.json["secret_text"].as_str());
            }
        }
    }

    #[test]
    fn a_state_of_another_type_is_not_read() {
        let (_, mut source) = sources(TYPES[0]).remove(0);
        source.type_name = "cloudflare_workers_script".to_owned();
        assert!(read(&source).is_none());
    }

    #[test]
    fn an_unknown_version_or_form_is_refused_with_the_import_id() {
        let (_, mut source) = sources(TYPES[0]).remove(0);
        source.schema_version = 1;
        let refusal = read(&source).unwrap().err().unwrap().detail;
        assert!(refusal.contains("b67e14daa5f8dceeb91fe5449ba496eb/s/API_TOKEN"), "{refusal}");
        source.schema_version = 0;
        source.json["secret_text"] = json!(["an invented value"]);
        let refusal = read(&source).unwrap().err().unwrap().detail;
        assert!(refusal.contains("`secret_text`") && !refusal.contains("invented"), "{refusal}");
    }
}
