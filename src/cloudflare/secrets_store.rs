//! The Secrets Store of an account: requests as pure functions, and the types of their answers. Values are only written,
//! never read.

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::envelope;
use super::page::Page;
use super::request::{Request, encode};
use super::types::null_as_default;

/// The number of items on a page.
const PER_PAGE: u32 = 50;

/// A store.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Store {
    /// Its id.
    pub id: String,
    /// What it is called.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
}

/// A secret of a store, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StoreSecret {
    /// Its id.
    pub id: String,
    /// Unique in its store.
    pub name: String,
    /// The services that can use it, such as `workers`: an open list.
    #[serde(default, deserialize_with = "null_as_default")]
    pub scopes: Vec<String>,
    /// The comment on it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub comment: String,
    /// `pending`, `active` or `deleted`; empty if the API said nothing.
    #[serde(default, deserialize_with = "null_as_default")]
    pub status: String,
    /// When it was made, as the API writes it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub created: String,
    /// When it was last changed, as the API writes it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub modified: String,
}

impl StoreSecret {
    /// Whether a written value is not in force yet.
    pub fn is_pending(&self) -> bool {
        self.status == "pending"
    }

    /// Whether it is deleted, although the API still shows it.
    pub fn is_deleted(&self) -> bool {
        self.status == "deleted"
    }
}

/// The change of a secret. A `None` stays as it is.
#[derive(Clone, Copy, Default)]
pub struct StoreSecretChange<'a> {
    /// The secret itself.
    pub value: Option<&'a SecretString>,
    /// The services that can use it.
    pub scopes: &'a [String],
    /// The comment on it. May be empty.
    pub comment: &'a str,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    scopes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

/// A page of the stores of an account.
pub fn stores(account: &str, page: u32) -> Request<Page<Store>> {
    let path = format!("/accounts/{}/secrets_store/stores", encode(account));
    paged(Request::decoded(Method::GET, path, "a page of stores", envelope::page::<Store>), page)
}

/// A page of the secrets of a store. With `search`, only those whose names contain it: the caller compares the whole name.
pub fn secrets(account: &str, store: &str, search: Option<&str>, page: u32) -> Request<Page<StoreSecret>> {
    let path = all(account, store);
    let request =
        paged(Request::decoded(Method::GET, path, "a page of secrets", envelope::page::<StoreSecret>), page);
    match search {
        Some(search) => request.query("search", search),
        None => request,
    }
}

/// A secret.
pub fn get(account: &str, store: &str, id: &str) -> Request<StoreSecret> {
    Request::new(Method::GET, one(account, store, id), "a secret")
}

/// Makes a secret. Its name must be free. The API takes and returns an array. Not repeatable: a second attempt finds the
/// name in use.
pub fn create(
    account: &str,
    store: &str,
    name: &str,
    new: StoreSecretChange<'_>,
) -> Request<Vec<StoreSecret>> {
    let comment = Some(new.comment).filter(|comment| !comment.is_empty());
    let value = new.value.map(SecretString::expose_secret);
    let body = [Body { name: Some(name), value, scopes: new.scopes, comment }];
    hiding(Request::new(Method::POST, all(account, store), "a secret").json(&body), new.value)
}

/// Changes a secret. Repeatable.
pub fn update(account: &str, store: &str, id: &str, change: StoreSecretChange<'_>) -> Request<StoreSecret> {
    let value = change.value.map(SecretString::expose_secret);
    let body = Body { name: None, value, scopes: change.scopes, comment: Some(change.comment) };
    hiding(Request::new(Method::PATCH, one(account, store, id), "a secret").json(&body), change.value)
}

/// Removes a secret. A second attempt that finds nothing is a success.
pub fn delete(account: &str, store: &str, id: &str) -> Request<()> {
    Request::removal(one(account, store, id))
}

fn hiding<T>(request: Request<T>, value: Option<&SecretString>) -> Request<T> {
    let mut request = request.secret_answer();
    request.secrets.extend(value.cloned());
    request
}

fn paged<T>(request: Request<T>, page: u32) -> Request<T> {
    request.query("page", page.to_string()).query("per_page", PER_PAGE.to_string())
}

fn all(account: &str, store: &str) -> String {
    format!("/accounts/{}/secrets_store/stores/{}/secrets", encode(account), encode(store))
}

fn one(account: &str, store: &str, id: &str) -> String {
    format!("{}/{}", all(account, store), encode(id))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cloudflare::request::parts;

    #[test]
    fn the_requests_are_what_the_api_documents() {
        let line = |target: &str, repeatable| (target.to_owned(), Value::Null, repeatable);
        let path = "/accounts/acc/secrets_store/stores";
        assert_eq!(parts(&stores("acc", 2)), line(&format!("GET {path}?page=2&per_page=50"), true));
        assert_eq!(
            parts(&secrets("acc", "st", Some("A B"), 1)),
            line(&format!("GET {path}/st/secrets?page=1&per_page=50&search=A%20B"), true)
        );
        assert_eq!(parts(&get("acc", "st", "s")), line(&format!("GET {path}/st/secrets/s"), true));
        assert_eq!(parts(&delete("acc", "st", "s")), line(&format!("DELETE {path}/st/secrets/s"), true));
    }

    #[test]
    fn a_create_sends_an_array_once_and_a_change_only_what_changes() {
        let (value, scopes) = (SecretString::from("hidden"), ["workers".to_owned()]);
        let change = StoreSecretChange { value: Some(&value), scopes: &scopes, comment: "" };
        let body = json!([{"name": "KEY", "value": "hidden", "scopes": ["workers"]}]);
        let path = "/accounts/acc/secrets_store/stores/st/secrets";
        assert_eq!(parts(&create("acc", "st", "KEY", change)), (format!("POST {path}"), body, false));
        let kept = StoreSecretChange { value: None, ..change };
        let body = json!({"scopes": ["workers"], "comment": ""});
        assert_eq!(parts(&update("acc", "st", "s", kept)), (format!("PATCH {path}/s"), body, true));
    }
}
