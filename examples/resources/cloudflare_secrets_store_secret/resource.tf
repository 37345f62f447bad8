terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

# A token that is rolled every month.
resource "cloudflare_account_api_token" "kv" {
  provider = cloudflare-tokens

  policies = [
    {
      permission_groups = ["Workers KV Storage Read"]
    },
  ]
  rotation = {
    every = "720h"
  }
}

# Its value is in the account's store, and this resource keeps no copy of it. Each Worker that binds the secret reads the new
# value after a roll, without a new version of its script.
resource "cloudflare_secrets_store_secret" "kv_token" {
  provider = cloudflare-tokens

  name             = "KV_TOKEN"
  comment          = "Reads Workers KV. Rolled by Terraform."
  value_wo         = cloudflare_account_api_token.kv.value
  value_wo_version = cloudflare_account_api_token.kv.value_version
}

# If the state may have the value, use `value`: Terraform then sees a change itself. AI Gateway can use this secret too.
resource "cloudflare_secrets_store_secret" "kv_token_id" {
  provider = cloudflare-tokens

  name   = "KV_TOKEN_ID"
  scopes = ["ai_gateway", "workers"]
  value  = cloudflare_account_api_token.kv.id
}
