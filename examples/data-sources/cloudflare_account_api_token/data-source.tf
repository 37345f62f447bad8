terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

# An example token. You can also read any other token by its `id`, or by its `name` if no other token has it.
resource "cloudflare_account_api_token" "cache" {
  provider = cloudflare-tokens

  policies = [
    {
      permission_groups = ["Cache Purge"]
      zones             = ["*"]
    },
  ]
}

data "cloudflare_account_api_token" "cache" {
  provider = cloudflare-tokens

  id = cloudflare_account_api_token.cache.id
}

output "last_used_on" {
  value = data.cloudflare_account_api_token.cache.last_used_on
}

# What a policy allows, by the fingerprint that the import of a cloudflare_token_binding takes.
output "policies" {
  value = {
    for policy in data.cloudflare_account_api_token.cache.policies :
    policy.fingerprint => policy.permission_groups
  }
}
