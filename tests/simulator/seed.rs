//! Fills a simulator with the recorded content of a server: accounts, tokens and Workers' secrets with their ids and
//! values.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Simulator;
use super::body::Condition;
use super::policies::Policy;
use super::state::{Owner, Token};
use super::workers::Script;

impl Simulator {
    /// Gives the first account and its first zone these ids, and adds the content of `server`. `tokens` are as the
    /// API shows them, each with its `value`; they belong to the account unless `owner` is `user`. `secrets` are
    /// keyed by `<account>/<script>`.
    ///
    /// # Panics
    /// If `server` does not have this form.
    pub fn seed(&self, account: &str, zone: &str, server: &Value) {
        self.with_state(|state| {
            let before = std::mem::replace(&mut state.accounts[0].id, account.to_owned());
            state.zones[0].id = zone.to_owned();
            for zone in state.zones.iter_mut().filter(|zone| zone.account == before) {
                zone.account = account.to_owned();
            }
            for token in state.tokens.iter_mut().filter(|token| token.owner == Owner::Account(before.clone()))
            {
                token.owner = Owner::Account(account.to_owned());
            }
            for json in server["tokens"].as_array().expect("tokens") {
                let owner = match json["owner"].as_str() {
                    Some("user") => Owner::User,
                    _ => Owner::Account(account.to_owned()),
                };
                let blank = state.blank_token(owner, &text(&json["name"]));
                state.tokens.push(token(blank, json));
            }
            for (place, secrets) in server["secrets"].as_object().expect("secrets") {
                let script = place.split_once('/').expect("<account>/<script>").1;
                let has = secrets.as_object().expect("secrets by name").iter();
                let secrets = has
                    .map(|(name, value)| (name.clone(), ("secret_text".to_owned(), text(value))))
                    .collect();
                let script_with = Script { secrets, ..Script::default() };
                state.accounts[0].scripts.insert(script.to_owned(), script_with);
            }
        });
    }
}

fn text(json: &Value) -> String {
    json.as_str().expect("a string").to_owned()
}

fn time(json: &Value) -> Option<OffsetDateTime> {
    json.as_str().map(|text| OffsetDateTime::parse(text, &Rfc3339).expect("a timestamp"))
}

fn token(blank: Token, json: &Value) -> Token {
    let side = |json: &Value| json.as_array().map(|list| list.iter().map(text).collect::<Vec<_>>());
    let ip = &json["condition"]["request_ip"];
    let condition =
        ip.is_object().then(|| Condition { inside: side(&ip["in"]), outside: side(&ip["not_in"]) });
    Token {
        id: text(&json["id"]),
        status: text(&json["status_set"]),
        issued_on: time(&json["issued_on"]).expect("issued_on"),
        modified_on: time(&json["modified_on"]).expect("modified_on"),
        expires_on: time(&json["expires_on"]),
        not_before: time(&json["not_before"]),
        condition,
        policies: json["policies"].as_array().expect("policies").iter().map(policy).collect(),
        value: text(&json["value"]),
        ..blank
    }
}

fn policy(json: &Value) -> Policy {
    let groups = json["permission_groups"].as_array().expect("groups").iter().map(|g| text(&g["id"]));
    let allowed = Policy::allow(groups.collect(), json["resources"].clone()).expect("resources");
    Policy { id: text(&json["id"]), deny: json["effect"] == "deny", ..allowed }
}
