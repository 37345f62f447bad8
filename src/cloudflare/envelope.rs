//! Cloudflare's envelope, `{success, errors, messages, result, result_info}`, read in two passes over the same bytes. The
//! head decides, and only after a success `result` is read. So a failure keeps its codes whatever `result` contains, and no
//! intermediate copy of a secret is made.

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    error::ApiError,
    page::{Page, Unreadable},
    redact,
    types::null_as_default,
};

/// The part of an envelope that shows the outcome.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) success: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    errors: Vec<Item>,
}

impl Head {
    pub(super) fn errors(self) -> Vec<ApiError> {
        self.errors.into_iter().map(Into::into).collect()
    }
}

#[derive(Deserialize)]
struct Item {
    #[serde(default, deserialize_with = "null_as_default")]
    code: u32,
    #[serde(default, deserialize_with = "null_as_default")]
    message: String,
    #[serde(default)]
    source: Option<Source>,
    #[serde(default)]
    documentation_url: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    error_chain: Vec<Self>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    pointer: Option<String>,
}

impl From<Item> for ApiError {
    fn from(item: Item) -> Self {
        Self {
            code: item.code,
            message: item.message,
            pointer: item.source.and_then(|source| source.pointer),
            documentation_url: item.documentation_url,
            chain: item.error_chain.into_iter().map(Into::into).collect(),
        }
    }
}

#[derive(Deserialize)]
struct WithResult<T> {
    result: T,
}

#[derive(Deserialize)]
struct WithPage {
    result: Vec<serde_json::Value>,
    #[serde(default)]
    result_info: Option<ResultInfo>,
}

#[derive(Default, Deserialize)]
struct ResultInfo {
    #[serde(default)]
    page: Option<u64>,
    #[serde(default)]
    per_page: Option<u64>,
    #[serde(default)]
    total_count: Option<u64>,
    #[serde(default)]
    total_pages: Option<u64>,
}

pub(super) fn head(bytes: &[u8]) -> Result<Head, serde_json::Error> {
    serde_json::from_slice(bytes)
}

/// The `result` of a success.
pub(super) fn result<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    Ok(serde_json::from_slice::<WithResult<T>>(bytes)?.result)
}

/// A success without a useful `result`.
pub(super) fn nothing(_: &[u8]) -> Result<(), serde_json::Error> {
    Ok(())
}

/// The `result` of a success as one page of a list. An unreadable item does not spoil the others.
pub(super) fn page<T: DeserializeOwned>(bytes: &[u8]) -> Result<Page<T>, serde_json::Error> {
    let WithPage { result, result_info } = serde_json::from_slice::<WithPage>(bytes)?;
    let (mut items, mut unreadable) = (Vec::with_capacity(result.len()), Vec::new());
    for item in result {
        let id = item.get("id").and_then(serde_json::Value::as_str).map(|id| redact::message(id, &[]));
        match serde_json::from_value(item) {
            Ok(item) => items.push(item),
            Err(error) => unreadable.push(Unreadable { id, detail: kind(&error).to_owned() }),
        }
    }
    let info = result_info.unwrap_or_default();
    let counted = || match (info.total_count, info.per_page) {
        (Some(count), Some(per_page)) if per_page > 0 => Some(count.div_ceil(per_page)),
        _ => None,
    };
    Ok(Page {
        items,
        unreadable,
        page: info.page,
        per_page: info.per_page,
        total_count: info.total_count,
        total_pages: info.total_pages.or_else(counted),
    })
}

/// What is wrong with an answer, without quoting it. serde's own message would quote it.
pub(super) fn describe(error: &serde_json::Error) -> String {
    format!("{} at line {}, column {}", kind(error), error.line(), error.column())
}

fn kind(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "a value of another kind or a missing field",
        serde_json::error::Category::Eof => "it ends too soon",
        _ => "not JSON",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::{ExposeSecret, SecretString};

    #[test]
    fn a_failure_keeps_its_codes_whatever_its_result_is() {
        let bytes = br#"{"success":false,"result":{"odd":[1]},"messages":[],"errors":[
            {"code":6003,"message":"Invalid request headers","source":{"pointer":"/policies/0"},
             "error_chain":[{"code":6111,"message":"Invalid format for Authorization header"}]}]}"#;
        let head = head(bytes).unwrap();
        assert!(!head.success);
        let errors = head.errors();
        assert_eq!((errors[0].code, errors[0].chain[0].code), (6003, 6111));
        assert_eq!(errors[0].pointer.as_deref(), Some("/policies/0"));
    }

    #[test]
    fn null_and_missing_parts_of_an_error_are_tolerated() {
        let head = head(br#"{"success":false,"errors":[{"message":null,"source":null,"error_chain":null}]}"#);
        assert_eq!(head.unwrap().errors()[0].code, 0);
        assert!(super::head(br#"{"success":true,"errors":null}"#).unwrap().errors().is_empty());
    }

    #[test]
    fn a_rolled_value_is_a_plain_string() {
        let value: SecretString = result(br#"{"success":true,"result":"new"}"#).unwrap();
        assert_eq!(value.expose_secret(), "new");
    }

    #[test]
    fn a_page_without_total_pages_works_them_out() {
        let bytes =
            br#"{"success":true,"result":[1],"result_info":{"page":1,"per_page":50,"total_count":101}}"#;
        assert_eq!(page::<u8>(bytes).unwrap().total_pages, Some(3));
        assert_eq!(
            page::<u8>(br#"{"success":true,"result":[],"result_info":null}"#).unwrap().total_pages,
            None
        );
    }

    #[test]
    fn an_item_that_cannot_be_read_is_named_and_spoils_no_other() {
        let bytes = br#"{"success":true,"result":[{"id":"a","name":"n","policies":[]},
            {"id":"b","name":"n","policies":[{"effect":null,"permission_groups":[],"resources":{}}]},
            {"id":"c","name":"n"},7,{"id":"d","name":"m","policies":[]}]}"#;
        let page = page::<crate::cloudflare::Token>(bytes).unwrap();
        assert_eq!(page.items.iter().map(|token| token.id.as_str()).collect::<Vec<_>>(), ["a", "d"]);
        let ids: Vec<_> = page.unreadable.iter().map(|item| item.id.as_deref()).collect();
        assert_eq!(ids, [Some("b"), Some("c"), None]);
        assert_eq!(page.unreadable[0].detail, "a value of another kind or a missing field");
        assert!(
            super::page::<u8>(br#"{"success":true,"result":null}"#).is_err(),
            "no list is not an empty one"
        );
    }

    #[test]
    fn a_description_of_a_bad_answer_quotes_nothing_of_it() {
        let error = result::<u8>(br#"{"result":"quoted-by-serde"}"#).unwrap_err();
        assert!(error.to_string().contains("quoted-by-serde"), "or this test proves nothing");
        assert_eq!(describe(&error), "a value of another kind or a missing field at line 1, column 27");
    }
}
