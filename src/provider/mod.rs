//! Where Terraform and Cloudflare meet: provider configuration, resources, the one mapping between schema, policy and API,
//! and the one place that words diagnostics. It knows no protobuf.

mod account;
mod blocks;
mod checks;
mod config;
mod data_sources;
mod ephemeral_resources;
mod functions;
mod guardrails;
mod policies;
mod resources;
mod seal;
mod session;
mod wording;

pub use config::Environment;

use crate::tf_provider::framework::Registry;
use config::CloudflareProvider;
use data_sources::account_api_tokens::AccountApiTokens;
use data_sources::api_token_permission_groups::PermissionGroups;
use ephemeral_resources::account_api_token::EphemeralToken;
use functions::capability::Capability;
use functions::r2_secret_access_key::R2SecretAccessKey;
use functions::resource_keys::{AccountResource, AllZonesResource, R2BucketResource, ZoneResource};
use functions::terraform_policies::TerraformPolicies;
use resources::account_api_token::AccountApiToken;
use resources::token_binding::TokenBinding;
use resources::workers_secret::WorkersSecret;
use session::Session;

/// The registry address: what `source` in `required_providers` and a dev override say.
pub const ADDRESS: &str = "registry.terraform.io/cloudflare-tokens/cloudflare-tokens";

/// The provider with everything that it has, a line each.
pub fn server(environment: Environment) -> Registry {
    let session = Session::default();
    let of = || session.clone();
    Registry::builder(CloudflareProvider::new(environment, session.clone()))
        .resource(AccountApiToken { session: of() })
        .resource(TokenBinding { session: of() })
        .ephemeral_resource(EphemeralToken { session: of() })
        .resource(WorkersSecret::new(of()))
        .data_source(data_sources::account_api_token::AccountApiToken { session: of() })
        .data_source(AccountApiTokens { session: of() })
        .data_source(PermissionGroups { session: of() })
        .function(AccountResource)
        .function(AllZonesResource)
        .function(Capability)
        .function(R2BucketResource)
        .function(R2SecretAccessKey)
        .function(TerraformPolicies)
        .function(ZoneResource)
        .build()
}
