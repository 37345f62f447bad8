terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

variable "zone_id" {
  description = "The zone whose records external-dns manages."
  type        = string
  default     = "023e105f4ecef8ad9ca31a8372d0c353"
}

# Just what external-dns needs, on one zone.
resource "cloudflare_account_api_token" "external_dns" {
  provider = cloudflare-tokens

  name     = "external-dns"
  policies = provider::cloudflare-tokens::capability("external-dns", { zones = [var.zone_id] })
}

# Several capabilities, and a policy by hand.
resource "cloudflare_account_api_token" "deploy" {
  provider = cloudflare-tokens

  name = "deploy"

  policies = concat(
    provider::cloudflare-tokens::capability("wrangler-deploy", { zones = [var.zone_id] }),
    provider::cloudflare-tokens::capability("r2-write", { r2_buckets = ["default/assets"] }),
    [{ permission_groups = ["Cache Purge"], zones = [var.zone_id] }],
  )
}
