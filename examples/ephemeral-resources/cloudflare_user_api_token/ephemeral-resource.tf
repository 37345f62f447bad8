terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

# A user's token for the time of a run, that a second configuration of the provider authenticates with.
ephemeral "cloudflare_user_api_token" "run" {
  provider = cloudflare-tokens

  policies = [
    {
      permission_groups = ["API Tokens Read", "API Tokens Write"]
      resources         = { "com.cloudflare.api.user.${var.user_id}" = "*" }
    },
    {
      permission_groups = ["DNS Read"]
      zones             = ["*"]
    },
  ]
  ttl = "10m"
}

variable "user_id" {
  description = "The id of the credential's user."
  type        = string
}

provider "cloudflare-tokens" {
  alias     = "run"
  api_token = ephemeral.cloudflare_user_api_token.run.value
}

# What it makes cannot have more rights than it has itself.
resource "cloudflare_user_api_token" "dns" {
  provider = cloudflare-tokens.run

  name     = "dns"
  policies = [{ permission_groups = ["DNS Read"], zones = ["*"] }]
}
