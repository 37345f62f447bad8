terraform {
  required_providers {
    cloudflare = {
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

# A token without rights of its own: cloudflare_token_binding resources add what each capability needs.
resource "cloudflare_account_api_token" "app" {
  name = "app"
}

output "deploy_token" {
  value     = cloudflare_account_api_token.deploy.value
  sensitive = true
}
