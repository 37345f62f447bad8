terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

variable "zone_id" {
  description = "The zone that the configuration manages."
  type        = string
  default     = "023e105f4ecef8ad9ca31a8372d0c353"
}

locals {
  resource_types = [
    "cloudflare_dns_record",
    "cloudflare_pages_project",
    "cloudflare_workers_script",
    "data.cloudflare_zone",
  ]
}

# For `terraform plan` on pull requests.
resource "cloudflare_account_api_token" "plan" {
  provider = cloudflare-tokens

  name     = "terraform plan"
  policies = provider::cloudflare-tokens::terraform_policies(local.resource_types, "read", { zones = [var.zone_id] })
}

# For `terraform apply`. The groups of cloudflare_ruleset are not published: they are added by hand.
resource "cloudflare_account_api_token" "apply" {
  provider = cloudflare-tokens

  name = "terraform apply"

  policies = concat(
    provider::cloudflare-tokens::terraform_policies(local.resource_types, "write", { zones = [var.zone_id] }),
    [{ permission_groups = ["Zone WAF Write"], zones = [var.zone_id] }],
  )
}
