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

# Its value goes into the Worker, and this resource keeps no copy of it. When the token is replaced or rolled, the
# version changes with it, and the new value is put.
resource "cloudflare_workers_secret" "kv_token" {
  provider = cloudflare-tokens

  script_name      = var.script_name
  name             = "KV_TOKEN"
  value_wo         = cloudflare_account_api_token.kv.value
  value_wo_version = cloudflare_account_api_token.kv.value_version
}

# If the state may have the value, use `value`: Terraform then sees a change itself.
resource "cloudflare_workers_secret" "kv_token_id" {
  provider = cloudflare-tokens

  script_name = var.script_name
  name        = "KV_TOKEN_ID"
  value       = cloudflare_account_api_token.kv.id
}
