terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

variable "zone_id" {
  description = "The zone whose cache the app may purge."
  type        = string
}

# The app's token starts without any right.
resource "cloudflare_account_api_token" "app" {
  provider = cloudflare-tokens

  name = "app"
}

# Each capability adds the rights that it needs, and removes them when it is destroyed.
resource "cloudflare_token_binding" "cache_purge" {
  provider = cloudflare-tokens

  token_id = cloudflare_account_api_token.app.id
  name     = "cache purge"

  policies = [{
    permission_groups = ["Cache Purge"]
    zones             = [var.zone_id]
  }]
}

resource "cloudflare_token_binding" "settings" {
  provider = cloudflare-tokens

  token_id = cloudflare_account_api_token.app.id
  name     = "settings"

  policies = [{
    permission_groups = ["Workers KV Storage Read"]
  }]
}
