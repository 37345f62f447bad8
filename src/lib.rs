//! A Terraform and OpenTofu provider for Cloudflare API tokens.
//!
//! The map. Each folder is one idea, and the arrows between them go one way:
//!
//! - [`tf_provider`] is a Terraform provider SDK that knows no Cloudflare: `plugin` is the wire, `framework` holds
//!   Terraform's semantics without protobuf.
//! - [`cloudflare`] is the API client, the only user of reqwest.
//! - [`policy`] is the domain, pure: policies, scopes, canonical form, fingerprint, validation.
//! - [`capabilities`] is what tools and Terraform configurations need, as data: permission groups by target.
//! - [`host`] holds the locks and records that processes of one user on one host share.
//! - [`tokens`] is the token service: coalesced reads, and batched writes as pure state machines.
//! - [`provider`] is where they meet: the configuration, the resources, and the wording of diagnostics.
//!
//! - [`owner`] says who owns a token: an account or a user.
//! - [`random`] has random numbers.
//!
//! `framework`, `owner`, `random`, `capabilities` and `host` import none of the others. `policy` imports `owner`.
//! `cloudflare` imports `owner` and `random`. `plugin` imports `framework` and `random`. `tokens` imports `cloudflare`,
//! `policy`, `owner`, `random` and `host`. `provider` imports all but `plugin`. `main.rs` joins them. A test keeps it so.

pub mod capabilities;
pub mod cloudflare;
pub mod host;
pub mod owner;
pub mod policy;
pub mod provider;
pub mod random;
pub mod tf_provider;
pub mod tokens;
