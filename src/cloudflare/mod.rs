//! The Cloudflare API client, for API tokens, their permission groups, Workers secrets and the Secrets Store.
//!
//! Requests are built by pure functions ([`tokens`], [`permission_groups`], [`workers`]) and can be tested as method,
//! path, query and body. [`Client`] runs them: rate limit, time-out, retry, envelope, typed errors. It knows the API's
//! contract. It does not know what a policy means, nor why a caller writes a token, nor the words of the callers' users.
//!
//! ```no_run
//! # use cloudflare_tokens::cloudflare::{Client, ClientConfig, Credentials, Error, Owner, tokens};
//! # async fn run(secret: secrecy::SecretString) -> Result<(), Error> {
//! let client = Client::new(ClientConfig::new(Credentials::Token(secret)))?;
//! let owner = Owner::Account("023e105f4ecef8ad9ca31a8372d0c353".into());
//! if let Some(token) = client.send_opt(tokens::get(&owner, "ed17574386854bf78a67040be0a770b0")).await? {
//!     client.send(tokens::delete(&owner, &token.id)).await?;
//! }
//! # Ok(()) }
//! ```

mod body;
mod client;
mod clock;
mod credential_format;
mod endpoints;
mod envelope;
mod error;
mod page;
mod ratelimit;
mod redact;
mod request;
mod retry;
pub mod secrets_store;
mod transport;
mod types;

pub use crate::owner::Owner;
pub use body::{NewToken, TokenUpdate};
pub use client::{Client, ClientConfig, Credentials, DEFAULT_BASE_URL, TokenList};
pub use clock::{host_time, milliseconds};
pub use credential_format::{CredentialFormat, credential_format, may_hold_credential};
pub use endpoints::{ListOptions, permission_groups, tokens, workers, zones};
pub use error::{ApiError, Error, TransportKind};
pub use page::{Page, Unreadable};
pub use request::Request;
pub use secrets_store::{Store, StoreSecret, StoreSecretChange};
pub use types::{
    Condition, EditedSecrets, PermissionGroup, PermissionGroupRef, RequestIp, Token, TokenPolicy,
    Verification, Worker, WorkerSecret, Zone, ZoneAccount,
};
