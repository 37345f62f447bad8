//! The endpoints. Each is a pure function from its arguments to a [`Request`].

/// The options for a page of tokens. The default is the first page, as large as the API allows, expired tokens included, in
/// the API's own order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListOptions {
    /// From 1.
    pub page: u32,
    /// 5 to 50.
    pub per_page: u32,
    /// Whether to list recently expired tokens too.
    pub include_expired: bool,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// Only tokens of this name. The API does not document whether it also matches a part of a name, so compare the
    /// results.
    pub name: Option<String>,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self { page: 1, per_page: 50, include_expired: true, newest_first: false, name: None }
    }
}

impl ListOptions {
    /// The default options at this page.
    pub fn page(page: u32) -> Self {
        Self { page, ..Self::default() }
    }
}

/// API tokens.
pub mod tokens {
    use http::Method;
    use secrecy::SecretString;

    use super::ListOptions;
    use crate::cloudflare::{
        NewToken, Owner, Page, Request, Token, TokenUpdate, Verification, envelope,
        request::{encode, tokens_path},
    };

    /// One page of tokens. A missing token may exist: a credential that can only list itself sees no other.
    pub fn list_page(owner: &Owner, options: &ListOptions) -> Request<Page<Token>> {
        let request =
            Request::decoded(Method::GET, tokens_path(owner), "a page of tokens", envelope::page::<Token>)
                .query("page", options.page.to_string())
                .query("per_page", options.per_page.to_string())
                .query("include_expired", options.include_expired.to_string());
        let request = if options.newest_first { request.query("direction", "desc") } else { request };
        match &options.name {
            Some(name) => request.query("name", name),
            None => request,
        }
    }

    /// A token, whether active, disabled, expired or revoked.
    pub fn get(owner: &Owner, id: &str) -> Request<Token> {
        Request::new(Method::GET, one(owner, id), "a token")
    }

    /// Makes a token. Only this answer has its value, so a lost answer is a lost token, and the request is not repeatable.
    pub fn create(owner: &Owner, token: &NewToken) -> Request<Token> {
        Request::new(Method::POST, tokens_path(owner), "a token with its value").json(token).secret_answer()
    }

    /// Replaces everything of a token except its value. Repeatable. Callers that read first use [`Request::once`].
    pub fn update(owner: &Owner, id: &str, token: &TokenUpdate) -> Request<Token> {
        Request::new(Method::PUT, one(owner, id), "a token").json(token)
    }

    /// Deletes a token. A second attempt that finds nothing is a success.
    pub fn delete(owner: &Owner, id: &str) -> Request<()> {
        Request::removal(one(owner, id))
    }

    /// Gives a token a new value. The old one stops working at once. Not repeatable: each attempt ends the value before it.
    pub fn roll(owner: &Owner, id: &str) -> Request<SecretString> {
        Request::new(Method::PUT, format!("{}/value", one(owner, id)), "a token's value")
            .json(&serde_json::Map::new())
            .secret_answer()
            .once()
    }

    /// Verifies the token that the client authenticates with. The owner must be that token's own.
    pub fn verify(owner: &Owner) -> Request<Verification> {
        Request::new(Method::GET, format!("{}/verify", tokens_path(owner)), "a verification")
    }

    fn one(owner: &Owner, id: &str) -> String {
        format!("{}/{}", tokens_path(owner), encode(id))
    }
}

/// The permission groups of tokens. The list for members' roles is another one.
pub mod permission_groups {
    use http::Method;

    use crate::cloudflare::{Owner, PermissionGroup, Request, request::tokens_path};

    /// All groups that the owner's tokens can have, or those of one name or one scope. It is not paginated.
    pub fn list(owner: &Owner, name: Option<&str>, scope: Option<&str>) -> Request<Vec<PermissionGroup>> {
        let path = format!("{}/permission_groups", tokens_path(owner));
        let mut request = Request::new(Method::GET, path, "a list of permission groups");
        if let Some(name) = name {
            request = request.query("name", name);
        }
        if let Some(scope) = scope {
            request = request.query("scope", scope);
        }
        request
    }
}

/// Zones.
pub mod zones {
    use http::Method;

    use crate::cloudflare::{Page, Request, Zone, envelope};

    /// The first page of the zones of an account that the caller may see.
    pub fn first_page(account: &str) -> Request<Page<Zone>> {
        Request::decoded(Method::GET, "/zones".to_owned(), "a page of zones", envelope::page::<Zone>)
            .query("account.id", account)
            .query("per_page", "50")
    }
}

/// Secrets of Workers scripts.
pub mod workers {
    use std::collections::BTreeMap;

    use http::Method;
    use secrecy::{ExposeSecret, SecretString};
    use serde::Serialize;

    use crate::cloudflare::{EditedSecrets, Request, Worker, WorkerSecret, request::encode};

    #[derive(Serialize)]
    struct SecretText<'a> {
        name: &'a str,
        text: &'a str,
        r#type: &'static str,
    }

    /// All Workers of an account, with their tags.
    pub fn list(account: &str) -> Request<Vec<Worker>> {
        let path = format!("/accounts/{}/workers/scripts", encode(account));
        Request::new(Method::GET, path, "a list of Workers")
    }

    /// Sets a `secret_text`, new or not, and deploys the version of the script that has it.
    pub fn put_secret(account: &str, script: &str, name: &str, text: &SecretString) -> Request<WorkerSecret> {
        let body = SecretText { name, text: text.expose_secret(), r#type: "secret_text" };
        let mut request = Request::new(Method::PUT, secrets(account, script), "a Worker's secret")
            .json(&body)
            .secret_answer();
        request.secrets.push(text.clone());
        request
    }

    #[derive(Serialize)]
    struct Edits<'a> {
        secrets: BTreeMap<&'a str, Option<SecretText<'a>>>,
    }

    /// Sets the secrets that have a text, new or not, and removes those that have none; all others stay. All of it is one
    /// version of the script, which is deployed. At most 100 at once. Repeatable, but for the removal of one that is gone:
    /// whether the API minds is not documented.
    pub fn edit_secrets(
        account: &str,
        script: &str,
        edits: &BTreeMap<&str, Option<&SecretString>>,
    ) -> Request<EditedSecrets> {
        let path = format!("/accounts/{}/workers/scripts/{}/secrets-bulk", encode(account), encode(script));
        let secrets = edits
            .iter()
            .map(|(name, text)| {
                let text = text.map(SecretString::expose_secret);
                (*name, text.map(|text| SecretText { name, text, r#type: "secret_text" }))
            })
            .collect();
        let mut request = Request::new(Method::PATCH, path, "a Worker's secrets")
            .merge_patch(&Edits { secrets })
            .secret_answer();
        request.secrets.extend(edits.values().flatten().map(|text| (*text).clone()));
        request
    }

    /// The names and types of all secrets of a Worker. It is not paginated.
    pub fn list_secrets(account: &str, script: &str) -> Request<Vec<WorkerSecret>> {
        Request::new(Method::GET, secrets(account, script), "a list of a Worker's secrets")
    }

    /// A secret's name and type: its value can't be read.
    pub fn get_secret(account: &str, script: &str, name: &str) -> Request<WorkerSecret> {
        by_name(Request::new(Method::GET, one(account, script, name), "a Worker's secret"), name)
    }

    /// Removes a secret and deploys. A second attempt that finds nothing is a success.
    pub fn delete_secret(account: &str, script: &str, name: &str) -> Request<()> {
        by_name(Request::removal(one(account, script, name)), name)
    }

    /// Marks a name with special characters as encoded in the path. Otherwise the API does not decode it.
    fn by_name<T>(request: Request<T>, name: &str) -> Request<T> {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if is_plain { request } else { request.query("url_encoded", "true") }
    }

    fn secrets(account: &str, script: &str) -> String {
        format!("/accounts/{}/workers/scripts/{}/secrets", encode(account), encode(script))
    }

    fn one(account: &str, script: &str, name: &str) -> String {
        format!("{}/{}", secrets(account, script), encode(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudflare::request::parts;
    use crate::cloudflare::{NewToken, Owner, Request};
    use serde_json::{Value, json};

    #[test]
    fn token_requests_are_what_the_api_documents() {
        let account = Owner::Account("acc".into());
        let line = |target: &str, repeatable| (target.to_owned(), Value::Null, repeatable);
        assert_eq!(
            parts(&tokens::list_page(&account, &ListOptions::page(2))),
            line("GET /accounts/acc/tokens?page=2&per_page=50&include_expired=true", true)
        );
        let newest = ListOptions { newest_first: true, ..Default::default() };
        assert_eq!(
            parts(&tokens::list_page(&Owner::User, &newest)),
            line("GET /user/tokens?page=1&per_page=50&include_expired=true&direction=desc", true)
        );
        assert_eq!(parts(&tokens::get(&account, "t")), line("GET /accounts/acc/tokens/t", true));
        assert_eq!(parts(&tokens::delete(&Owner::User, "t")), line("DELETE /user/tokens/t", true));
        assert_eq!(parts(&tokens::verify(&account)), line("GET /accounts/acc/tokens/verify", true));
        assert_eq!(
            parts(&tokens::roll(&account, "t")),
            ("PUT /accounts/acc/tokens/t/value".into(), json!({}), false)
        );
    }

    #[test]
    fn a_create_is_never_repeatable() {
        let body = NewToken {
            name: "n".into(),
            policies: vec![],
            condition: None,
            expires_on: None,
            not_before: None,
        };
        assert_eq!(
            parts(&tokens::create(&Owner::User, &body)),
            ("POST /user/tokens".into(), json!({"name": "n", "policies": []}), false)
        );
    }

    #[test]
    fn permission_groups_come_from_the_tokens_catalogue_with_filters_encoded_once() {
        let request = permission_groups::list(
            &Owner::Account("acc".into()),
            Some("Access: Apps and Policies Read"),
            Some("com.cloudflare.api.account"),
        );
        assert_eq!(
            request.path_and_query(),
            "/accounts/acc/tokens/permission_groups?name=Access%3A%20Apps%20and%20Policies%20Read\
             &scope=com.cloudflare.api.account"
        );
    }

    #[test]
    fn worker_secret_requests_are_what_the_api_documents() {
        let put = workers::put_secret("acc", "my script", "KEY", &"hidden".into());
        let body = json!({"name": "KEY", "text": "hidden", "type": "secret_text"});
        assert_eq!(parts(&put), ("PUT /accounts/acc/workers/scripts/my%20script/secrets".into(), body, true));
        assert_eq!(
            parts(&workers::list("acc")),
            ("GET /accounts/acc/workers/scripts".into(), Value::Null, true)
        );
        assert_eq!(
            parts(&workers::list_secrets("acc", "my script")),
            ("GET /accounts/acc/workers/scripts/my%20script/secrets".into(), Value::Null, true)
        );
        let text = "hidden".into();
        let edits = [("KEY", Some(&text)), ("OLD", None)].into_iter().collect();
        let edit = workers::edit_secrets("acc", "my script", &edits);
        let body = json!({"secrets": {"KEY": {"name": "KEY", "text": "hidden", "type": "secret_text"}, "OLD": null}});
        let target = "PATCH /accounts/acc/workers/scripts/my%20script/secrets-bulk".to_owned();
        assert_eq!(parts(&edit), (target, body, true));
        assert_eq!(edit.content_type(), "application/merge-patch+json");
        let target = |request: &Request<_>| format!("{} {}", request.method(), request.path_and_query());
        assert_eq!(
            target(&workers::delete_secret("acc", "s", "A/B")),
            "DELETE /accounts/acc/workers/scripts/s/secrets/A%2FB?url_encoded=true"
        );
        assert_eq!(
            workers::get_secret("acc", "s", "KEY").path_and_query(),
            "/accounts/acc/workers/scripts/s/secrets/KEY"
        );
    }
}
