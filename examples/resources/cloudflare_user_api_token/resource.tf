terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

variable "account_id" {
  description = "The account whose Workers the token may deploy."
  type        = string
}

variable "zone_id" {
  description = "The zone whose DNS records the token may edit."
  type        = string
}

# The rights for a person's command line. A user's token can reach several accounts, so each policy has a target.
resource "cloudflare_user_api_token" "cli" {
  provider = cloudflare-tokens

  name = "cli"

  policies = [
    {
      permission_groups = ["Workers Scripts Write"]
      resources         = { (provider::cloudflare-tokens::account_resource(var.account_id)) = "*" }
    },
    {
      permission_groups = ["DNS Write"]
      zones             = [var.zone_id]
    },
  ]

  expires_in = "35d"
  rotation   = { every = "30d" }
}

output "cli_token" {
  value     = cloudflare_user_api_token.cli.value
  sensitive = true
}
