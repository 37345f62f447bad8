terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

variable "zone_id" {
  description = "The zone whose cache the person may purge."
  type        = string
}

# A person's token, which starts without any right.
resource "cloudflare_user_api_token" "cli" {
  provider = cloudflare-tokens

  name = "cli"
}

# Each capability adds the rights that it needs, and removes them when it is destroyed.
resource "cloudflare_user_token_binding" "cache_purge" {
  provider = cloudflare-tokens

  token_id = cloudflare_user_api_token.cli.id
  name     = "cache purge"

  policies = [{
    permission_groups = ["Cache Purge"]
    zones             = [var.zone_id]
  }]
}

resource "cloudflare_user_token_binding" "dns" {
  provider = cloudflare-tokens

  token_id = cloudflare_user_api_token.cli.id
  name     = "dns"

  policies = [{
    permission_groups = ["DNS Read"]
    zones             = ["*"]
  }]
}
