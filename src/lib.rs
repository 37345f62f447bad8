//! A Terraform and OpenTofu provider for Cloudflare API tokens.
//!
//! Each folder is one idea. The imports between folders go one way:
//!
//! - [`tf_provider`] is a Terraform provider SDK that does not know Cloudflare. `plugin` is the wire. `framework` has
//!   Terraform's semantics without protobuf.
//! - [`cloudflare`] is the API client. Only it uses reqwest.
//! - [`policy`] is the domain: policies, scopes, canonical form, fingerprint, validation. It is pure.
//! - [`capabilities`] is data: the permission groups, by target, that tools and Terraform configurations need.
//! - [`host`] has the locks and records that the processes of one user on one host share.
//! - [`tokens`] is the token service: coalesced reads, and batched writes as pure state machines.
//! - [`provider`] joins them: the configuration, the resources, and the wording of diagnostics.
//!
//! - [`owner`] says who owns a token: an account or a user.
//! - [`random`] makes random numbers.
//!
//! `framework`, `owner`, `random`, `capabilities` and `host` import none of the others. `policy` imports `owner`.
//! `cloudflare` imports `owner` and `random`. `plugin` imports `framework` and `random`. `tokens` imports `cloudflare`,
//! `policy`, `owner`, `random` and `host`. `provider` imports all but `plugin`. `main.rs` joins them. A test checks
//! this.

pub mod capabilities;
pub mod cloudflare;
pub mod host;
pub mod owner;
pub mod policy;
pub mod provider;
pub mod random;
pub mod tf_provider;
pub mod tokens;
