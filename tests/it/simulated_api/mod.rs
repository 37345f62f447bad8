//! Tests the simulator itself, because a silent change of it would make other tests worthless.

mod auth;
mod faults;
mod hostile;
mod policies;
mod readings;
mod tokens;
mod workers;

use serde_json::{Value, json};

use crate::simulator::{Options, Readings, Simulator};

/// The answer to a request.
struct Seen {
    status: u16,
    body: Value,
    headers: reqwest::header::HeaderMap,
}

impl Seen {
    /// The status and code of an error. The code is 0 for a success.
    fn code(&self) -> (u16, u64) {
        (self.status, self.body["errors"][0]["code"].as_u64().unwrap_or_default())
    }

    fn message(&self) -> &str {
        self.body["errors"][0]["message"].as_str().unwrap_or_default()
    }

    fn result(&self) -> &Value {
        assert!(self.status == 200 && self.body["success"] == true, "{} {}", self.status, self.message());
        &self.body["result"]
    }
}

/// A simulator and a client for it.
struct Client {
    sim: Simulator,
    http: reqwest::Client,
}

impl Client {
    async fn start() -> Self {
        Self::with(Options::default()).await
    }

    async fn reading(change: impl FnOnce(&mut Readings)) -> Self {
        let mut options = Options::default();
        change(&mut options.readings);
        Self::with(options).await
    }

    async fn with(options: Options) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { sim: Simulator::start(options).await, http }
    }

    /// Sends a request that may fail in transit. `TOKENS` in the path means the first account's tokens.
    async fn try_send(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<Seen> {
        let tokens = format!("/accounts/{}/tokens", self.sim.account_id());
        let url = self.sim.base_url() + &path.replace("TOKENS", &tokens);
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_str(&response.text().await?).unwrap_or(Value::Null);
        Ok(Seen { status, body, headers })
    }

    async fn send(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Seen {
        self.try_send(token, method, path, body).await.expect("an answer")
    }

    async fn root(&self, method: &str, path: &str, body: Option<&Value>) -> Seen {
        self.send(&self.sim.root_token(), method, path, body).await
    }

    /// A policy of account-scoped groups on the first account.
    fn policy(&self, groups: &[&str]) -> Value {
        let scope = "com.cloudflare.api.account";
        let key = format!("{scope}.{}", self.sim.account_id());
        self.policy_on("allow", groups, scope, json!({key: "*"}))
    }

    fn policy_on(&self, effect: &str, groups: &[&str], scope: &str, resources: Value) -> Value {
        let groups: Vec<Value> =
            groups.iter().map(|name| json!({"id": self.sim.group_id(name, scope)})).collect();
        json!({"effect": effect, "permission_groups": groups, "resources": resources})
    }

    /// Creates a token with these account-scoped groups. Returns its id and value.
    fn mint(&self, groups: &[&str]) -> (String, String) {
        self.sim.mint(&json!({"name": "minted", "policies": [self.policy(groups)]}))
    }
}
