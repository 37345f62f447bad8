//! Where Terraform and Cloudflare meet: the provider's configuration, the resources, the mapping between schema, policies
//! and API, and the texts of diagnostics. It knows no protobuf.

mod actions;
mod binding;
mod blocks;
mod checks;
mod config;
mod credentials;
mod data_sources;
mod ephemeral_resources;
mod functions;
mod grants;
mod guardrails;
mod import;
mod lists;
mod official;
mod outlook;
mod owner;
mod policies;
mod resources;
mod seal;
mod secret;
mod session;
#[cfg(test)]
mod tests;
mod token;
mod wording;

pub use config::Environment;

use crate::tf_provider::framework::Registry;
use actions::api_token_revoke::ApiTokenRevoke;
use binding::BindingResource;
use config::CloudflareProvider;
use data_sources::api_token_permission_groups::PermissionGroups;
use data_sources::secrets_store::SecretsStores;
use functions::capability::Capability;
use functions::r2_secret_access_key::R2SecretAccessKey;
use functions::resource_keys::{AccountResource, AllZonesResource, R2BucketResource, ZoneResource};
use functions::terraform_policies::TerraformPolicies;
use lists::workers_secret::WorkersSecretList;
use resources::account_api_token::AccountApiToken;
use resources::secrets_store_secret::SecretsStoreSecret;
use resources::token_binding::TokenBinding;
use resources::user_api_token::UserApiToken;
use resources::user_token_binding::UserTokenBinding;
use resources::workers_secret::WorkersSecret;
use resources::workers_secrets::WorkersSecrets;
use session::Session;
use token::TokenResource;
use token::lent::{LentToken, Open};
use token::listed::TokenListDataSource;
use token::search::TokenList;
use token::shown::TokenDataSource;

/// The registry address, as in `source` of `required_providers` and in development overrides.
pub const ADDRESS: &str = "registry.terraform.io/cloudflare-tokens/cloudflare-tokens";

/// The provider with everything that it has, one line each.
pub fn registry(environment: Environment) -> Registry {
    let (session, open) = (Session::default(), Open::default());
    let of = || session.clone();
    Registry::builder(CloudflareProvider::new(environment, of(), open.clone()))
        .resource(TokenResource::<AccountApiToken>::new(of()))
        .resource(TokenResource::<UserApiToken>::new(of()))
        .resource(BindingResource::<TokenBinding>::new(of()))
        .resource(BindingResource::<UserTokenBinding>::new(of()))
        .resource(WorkersSecret::new(of()))
        .resource(WorkersSecrets::new(of()))
        .resource(SecretsStoreSecret::new(of()))
        .data_source(TokenDataSource::<data_sources::account_api_token::AccountApiToken>::new(of()))
        .data_source(TokenDataSource::<data_sources::user_api_token::UserApiToken>::new(of()))
        .data_source(TokenListDataSource::<data_sources::account_api_tokens::AccountApiTokens>::new(of()))
        .data_source(TokenListDataSource::<data_sources::user_api_tokens::UserApiTokens>::new(of()))
        .data_source(PermissionGroups { session: of() })
        .data_source(SecretsStores { session: of() })
        .ephemeral_resource(LentToken::<ephemeral_resources::account_api_token::AccountApiToken>::new(
            of(),
            open.clone(),
        ))
        .ephemeral_resource(LentToken::<ephemeral_resources::user_api_token::UserApiToken>::new(of(), open))
        .list_resource(TokenList::<AccountApiToken, lists::account_api_token::AccountApiToken>::new(of()))
        .list_resource(TokenList::<UserApiToken, lists::user_api_token::UserApiToken>::new(of()))
        .list_resource(WorkersSecretList { session: of() })
        .action(ApiTokenRevoke { session: of() })
        .function(AccountResource)
        .function(AllZonesResource)
        .function(Capability)
        .function(R2BucketResource)
        .function(R2SecretAccessKey)
        .function(TerraformPolicies)
        .function(ZoneResource)
        .build()
}
