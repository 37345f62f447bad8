terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

variable "script_name" {
  description = "The name of a Worker that is deployed."
  type        = string
  default     = "edge-api"
}

# A token with just the right that the Worker needs.
resource "cloudflare_account_api_token" "kv" {
  provider = cloudflare-tokens

  policies = [
    {
      permission_groups = ["Workers KV Storage Read"]
    },
  ]
}

# One version of the Worker for all of them.
resource "cloudflare_workers_secrets" "edge" {
  provider = cloudflare-tokens

  script_name = var.script_name

  # What the state may hold: a change is seen by itself.
  secrets = {
    KV_TOKEN_ID = cloudflare_account_api_token.kv.id
  }

  # What it may not hold. When the token is replaced or rolled, the version changes with it, and the new value is put.
  secrets_wo = {
    KV_TOKEN = cloudflare_account_api_token.kv.value
  }
  secrets_wo_version = cloudflare_account_api_token.kv.value_version
}
