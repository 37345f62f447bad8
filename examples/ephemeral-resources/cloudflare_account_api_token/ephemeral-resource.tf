terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

# A token for the time of a run, that a second configuration of the provider authenticates with.
ephemeral "cloudflare_account_api_token" "run" {
  provider = cloudflare-tokens

  policies = [
    { permission_groups = ["Account API Tokens Read", "Account API Tokens Write", "Workers Scripts Write"] },
  ]
  ttl = "10m"
}

provider "cloudflare-tokens" {
  alias     = "run"
  api_token = ephemeral.cloudflare_account_api_token.run.value
}

# What it makes cannot have more rights than it has itself.
resource "cloudflare_account_api_token" "deploy" {
  provider = cloudflare-tokens.run

  name     = "deploy"
  policies = [{ permission_groups = ["Workers Scripts Write"] }]
}
