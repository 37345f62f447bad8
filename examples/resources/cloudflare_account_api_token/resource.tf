terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

variable "zone_id" {
  description = "The zone whose DNS records the token may edit."
  type        = string
}

# What a pipeline needs to deploy Workers of the account and to point names of one zone at them, from its own addresses.
resource "cloudflare_account_api_token" "deploy" {
  provider = cloudflare-tokens

  name = "deploy"

  policies = [
    {
      permission_groups = ["Workers KV Storage Write", "Workers Scripts Write"]
    },
    {
      permission_groups = ["DNS Write", "Workers Routes Write"]
      zones             = [var.zone_id]
    },
  ]

  condition = {
    request_ip = {
      in = ["192.0.2.0/24", "2001:db8::/32"]
    }
  }
}

# What the pipeline of one Worker needs: it deploys that Worker and sets its secrets, and can touch no other.
resource "cloudflare_account_api_token" "edge" {
  provider = cloudflare-tokens

  name     = "edge-api"
  policies = [{ permission_groups = ["Individual Workers Editor"], workers = ["edge-api"] }]
}

# A token without rights of its own: cloudflare_token_binding resources add what each capability needs.
resource "cloudflare_account_api_token" "app" {
  provider = cloudflare-tokens

  name = "app"
}

# Rolled every 30 days. Its value is not in the state: it is sealed for the one who holds the private key, here a
# repository's Actions secrets.
resource "cloudflare_account_api_token" "ci" {
  provider = cloudflare-tokens

  name        = "ci"
  policies    = [{ permission_groups = ["Workers Scripts Read"] }]
  expires_in  = "35d"
  rotation    = { every = "30d" }
  store_value = false

  seal_for = {
    actions = {
      format     = "libsodium"
      public_key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="
    }
  }
}

output "ci_token" {
  description = "For value_encrypted of github_actions_secret."
  value       = cloudflare_account_api_token.ci.sealed_values["actions"]
}

output "deploy_token" {
  value     = cloudflare_account_api_token.deploy.value
  sensitive = true
}
