//! Cloudflare's envelope: successes and errors have the same five fields.

use serde_json::{Value, json};

/// An answer that is not serialised yet.
#[derive(Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The envelope.
    pub body: Value,
    /// Headers beyond the usual ones.
    pub headers: Vec<(&'static str, String)>,
}

impl Reply {
    /// A success.
    pub fn ok(result: Value) -> Self {
        let body = json!({"success": true, "errors": [], "messages": [], "result": result});
        Self { status: 200, body, headers: Vec::new() }
    }

    /// Adds a `result_info`, which is null for a list without pages.
    pub fn with_info(mut self, info: Value) -> Self {
        self.body["result_info"] = info;
        self
    }

    /// Changes the body at a path: sets the value, or removes it if `to` is `None`. In a list, a segment selects an
    /// element by its index or `id`, and `*` selects all elements.
    pub fn edit(&mut self, path: &str, to: Option<&Value>) {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        edit(&mut self.body, &segments, to);
    }

    /// Adds a message.
    pub fn with_message(mut self, code: u32, message: &str) -> Self {
        self.body["messages"] = json!([{"code": code, "message": message, "type": null}]);
        self
    }
}

fn edit(at: &mut Value, path: &[&str], to: Option<&Value>) {
    let Some((segment, rest)) = path.split_first() else { return };
    match (at, to) {
        (Value::Object(fields), Some(to)) if rest.is_empty() => {
            fields.insert((*segment).to_owned(), to.clone());
        }
        (Value::Object(fields), None) if rest.is_empty() => {
            fields.remove(*segment);
        }
        (Value::Object(fields), to) => {
            if let Some(field) = fields.get_mut(*segment) {
                edit(field, rest, to);
            }
        }
        (Value::Array(items), to) => {
            let named = |index: usize, item: &Value| {
                *segment == "*" || index.to_string() == *segment || item["id"] == *segment
            };
            for (index, item) in items.iter_mut().enumerate() {
                if named(index, item) {
                    edit(item, rest, to);
                }
            }
        }
        _ => {}
    }
}

/// An error answer of the API.
#[derive(Clone, Debug)]
pub struct Refusal {
    status: u16,
    code: u32,
    message: String,
    chain: Option<(u32, &'static str)>,
    pointer: Option<String>,
    retry_after: Option<String>,
}

/// The result of each handler.
pub type Answer = Result<Reply, Refusal>;

impl Refusal {
    /// An error with its HTTP status, Cloudflare's code and the message.
    pub fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), chain: None, pointer: None, retry_after: None }
    }

    /// 400/1001, the answer of the token endpoints to most mistakes in a body.
    pub fn policy(message: impl Into<String>) -> Self {
        Self::new(400, 1001, message)
    }

    /// 400/6003 with the reason in the error chain.
    pub fn headers(code: u32, message: &'static str) -> Self {
        Self { chain: Some((code, message)), ..Self::new(400, 6003, "Invalid request headers") }
    }

    /// 404/7003: a segment of the path cannot be an identifier.
    pub fn malformed_id(path: &str) -> Self {
        Self::new(404, 7003, format!("Could not route to {path}, perhaps your object identifier is invalid?"))
    }

    /// 403/9109: the caller lacks the right to read or write tokens.
    pub fn unauthorized() -> Self {
        Self::new(403, 9109, "Unauthorized to access requested resource")
    }

    /// 403/10000: the caller has no right on another product.
    pub fn authentication() -> Self {
        Self::new(403, 10000, "Authentication error")
    }

    /// Adds a pointer to the place in the body.
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// Adds a `retry-after` header.
    pub fn retry_after(mut self, value: impl Into<String>) -> Self {
        self.retry_after = Some(value.into());
        self
    }

    /// The status, Cloudflare's code and the message, for a test that creates tokens directly.
    pub fn summary(&self) -> String {
        format!("{}/{} {}", self.status, self.code, self.message)
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let mut error = json!({"code": refusal.code, "message": refusal.message});
        if let Some((code, message)) = refusal.chain {
            error["error_chain"] = json!([{"code": code, "message": message}]);
        }
        if let Some(pointer) = refusal.pointer {
            error["source"] = json!({"pointer": pointer});
        }
        let body = json!({"success": false, "errors": [error], "messages": [], "result": null});
        let headers = refusal.retry_after.map(|after| ("retry-after", after)).into_iter().collect();
        Self { status: refusal.status, body, headers }
    }
}
