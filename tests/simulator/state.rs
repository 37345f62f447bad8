//! The state of the simulated Cloudflare: accounts, zones, Workers, tunnels, tokens, and the clock.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::body::Condition;
use super::catalogue::{Catalogue, hex};
use super::history::History;
use super::options::Options;
use super::policies::Policy;
use super::quota::Quota;
use super::store::Store;
use super::tunnels::Tunnel;
use super::workers::Script;

/// The e-mail address of the only user.
pub const EMAIL: &str = "user@example.com";

/// Who owns a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An account, by id.
    Account(String),
    /// The only user.
    User,
}

/// An API token as the server stores it. It has no `Debug`, because it contains the value.
#[derive(Clone)]
pub struct Token {
    /// 32 hex digits.
    pub id: String,
    /// The owner of the token.
    pub owner: Owner,
    /// The name, which is not unique.
    pub name: String,
    /// The status as set. The clock decides whether the token has expired.
    pub status: String,
    /// When the token was created.
    pub issued_on: OffsetDateTime,
    /// When the token was last changed.
    pub modified_on: OffsetDateTime,
    /// When the token was last used to authenticate.
    pub last_used_on: Option<OffsetDateTime>,
    /// When the token stops working.
    pub expires_on: Option<OffsetDateTime>,
    /// When the token starts to work.
    pub not_before: Option<OffsetDateTime>,
    /// The addresses that may use the token. An empty condition denies all addresses, and the API does not show it.
    pub condition: Option<Condition>,
    /// What the token grants.
    pub policies: Vec<Policy>,
    /// The secret value.
    pub value: String,
    /// When the API created the value. `None` means long ago.
    pub minted: Option<Instant>,
    /// A root token has every right on what its owner has, whatever its policies are.
    pub root: bool,
    /// Cloudflare manages this token, so it cannot be deleted.
    pub managed: bool,
    /// Earlier versions, for reads that lag.
    pub history: History,
}

/// A zone and its DNS records.
pub struct Zone {
    /// 32 hex digits.
    pub id: String,
    /// The account that the zone belongs to.
    pub account: String,
    /// The domain.
    pub name: String,
    /// The records by id.
    pub records: BTreeMap<String, Value>,
}

/// An account with its resources, except tokens and zones.
pub struct Account {
    /// 32 hex digits.
    pub id: String,
    /// The scripts by name.
    pub scripts: BTreeMap<String, Script>,
    /// The tunnels in order of creation, with the deleted ones.
    pub tunnels: Vec<Tunnel>,
    /// The Secrets Stores. There is one, as at Cloudflare. Tests may add others or remove it.
    pub stores: Vec<Store>,
}

/// The state behind the lock.
pub struct State {
    /// The options chosen at the start.
    pub options: Options,
    /// The permission groups.
    pub catalogue: Catalogue,
    /// Two accounts. Tests use the first.
    pub accounts: Vec<Account>,
    /// Two zones of the first account and one of the second.
    pub zones: Vec<Zone>,
    /// The only user's id.
    pub user: String,
    /// The only user's global key.
    pub key: String,
    /// The tokens in order of creation.
    pub tokens: Vec<Token>,
    /// Deleted tokens. Only reads that lag still show them.
    pub removed: Vec<Token>,
    /// The ids of the root tokens: the account's, then the user's.
    pub roots: Vec<String>,
    /// Values that were valid once.
    pub dead_values: HashSet<String>,
    /// The requests that each caller has used.
    pub quota: Quota,
    /// How far the simulated clock is ahead of the real one.
    pub clock_offset: Duration,
}

impl State {
    /// Creates two accounts, three zones, Workers, a root token of the first account and one of the user.
    pub fn new(options: Options) -> Self {
        let accounts: Vec<Account> = [&["edge-api", "cron", "mailer"][..], &["other-worker"][..]]
            .into_iter()
            .map(|scripts| Account {
                id: new_id(),
                scripts: scripts.iter().map(|name| ((*name).to_owned(), Script::default())).collect(),
                tunnels: Vec::new(),
                stores: vec![Store::new("default_secrets_store")],
            })
            .collect();
        let zone = |account: &Account, name: &str| Zone {
            id: new_id(),
            account: account.id.clone(),
            name: name.to_owned(),
            records: BTreeMap::new(),
        };
        let zones = vec![
            zone(&accounts[0], "example.com"),
            zone(&accounts[0], "example.org"),
            zone(&accounts[1], "example.net"),
        ];
        let mut state = Self {
            quota: Quota::new(options.quota),
            options,
            catalogue: Catalogue::new(),
            zones,
            user: new_id(),
            key: new_value("cfk_"),
            tokens: Vec::new(),
            removed: Vec::new(),
            roots: Vec::new(),
            dead_values: HashSet::new(),
            clock_offset: Duration::ZERO,
            accounts,
        };
        let first = state.accounts[0].id.clone();
        state.add_root(Owner::Account(first), "root");
        state.add_root(Owner::User, "user root");
        state
    }

    fn add_root(&mut self, owner: Owner, name: &str) {
        let (right, resource) = match &owner {
            Owner::Account(id) => (
                self.catalogue.right("Account API Tokens Write", super::catalogue::ACCOUNT),
                format!("com.cloudflare.api.account.{id}"),
            ),
            Owner::User => (
                self.catalogue.right("API Tokens Write", super::catalogue::USER),
                format!("com.cloudflare.api.user.{}", self.user),
            ),
        };
        let policies = Policy::allow(vec![right.to_owned()], json!({resource: "*"})).into_iter().collect();
        let token = Token { root: true, policies, ..self.blank_token(owner, name) };
        self.roots.push(token.id.clone());
        self.tokens.push(token);
    }

    /// A new, active token without rights.
    pub fn blank_token(&self, owner: Owner, name: &str) -> Token {
        let now = self.now();
        Token {
            id: new_id(),
            value: new_value(value_prefix(&owner)),
            minted: None,
            owner,
            name: name.to_owned(),
            status: "active".to_owned(),
            issued_on: now,
            modified_on: now,
            last_used_on: None,
            expires_on: None,
            not_before: None,
            condition: None,
            policies: Vec::new(),
            root: false,
            managed: false,
            history: History::default(),
        }
    }

    /// The simulated time. It has whole seconds, like the API.
    pub fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::now_utc() + self.clock_offset;
        now.replace_nanosecond(0).unwrap_or(now)
    }

    /// Finds a token by id.
    pub fn token(&self, id: &str) -> Option<&Token> {
        self.tokens.iter().find(|token| token.id == id)
    }

    /// Changes a token. Keeps the earlier version in its history, and updates `modified_on`. Returns false if there
    /// is no such token.
    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut Token)) -> bool {
        let Some(index) = self.tokens.iter().position(|token| token.id == id) else { return false };
        let before = self.show(&self.tokens[index]);
        let now = self.now();
        let token = &mut self.tokens[index];
        token.history.written(Instant::now(), Some(before));
        change(token);
        token.modified_on = now;
        true
    }

    /// Removes a token. Its value is dead from now on.
    pub fn remove(&mut self, id: &str) -> Option<Token> {
        let index = self.tokens.iter().position(|token| token.id == id)?;
        let shown = self.show(&self.tokens[index]);
        let mut token = self.tokens.remove(index);
        self.dead_values.insert(token.value.clone());
        token.history.written(Instant::now(), Some(shown));
        self.removed.push(token.clone());
        Some(token)
    }

    /// Gives a token a new value. The old value is dead from now on.
    pub fn roll(&mut self, id: &str) -> Option<String> {
        let value = new_value(value_prefix(&self.token(id)?.owner));
        let mut old = value.clone();
        self.change(id, |token| {
            std::mem::swap(&mut token.value, &mut old);
            token.minted = Some(Instant::now());
        });
        self.dead_values.insert(old);
        Some(value)
    }

    /// Finds an account by id.
    pub fn account(&mut self, id: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.id == id)
    }

    /// Finds a zone by id.
    pub fn zone(&mut self, id: &str) -> Option<&mut Zone> {
        self.zones.iter_mut().find(|zone| zone.id == id)
    }

    /// The account that a zone belongs to.
    pub fn account_of_zone(&self, id: &str) -> Option<String> {
        self.zones.iter().find(|zone| zone.id == id).map(|zone| zone.account.clone())
    }

    /// The address that a caller appears to have.
    pub fn client_ip(&self, peer: IpAddr) -> IpAddr {
        self.options.client_ip.unwrap_or(peer)
    }
}

impl Token {
    /// The status that the API shows. A revoked token stays revoked. Any other token can expire.
    pub fn status_at(&self, now: OffsetDateTime) -> &str {
        match self.expires_on {
            Some(end) if end <= now && !self.status.starts_with("revoked") => "expired",
            _ => &self.status,
        }
    }
}

fn value_prefix(owner: &Owner) -> &'static str {
    match owner {
        Owner::Account(_) => "cfat_",
        Owner::User => "cfut_",
    }
}

/// 32 random hex digits.
///
/// # Panics
/// If the system has no random numbers.
pub fn new_id() -> String {
    hex(&random::<16>())
}

/// Formats a time like the API.
pub fn stamp(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

/// A secret in Cloudflare's format: a prefix, 40 characters, and a checksum of 8 hex digits.
fn new_value(prefix: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let body: String = random::<40>().iter().map(|b| char::from(ALPHABET[usize::from(b & 63)])).collect();
    let checksum = hex(&Sha256::digest(&body)[..4]);
    format!("{prefix}{body}{checksum}")
}

/// Random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes
}
