terraform {
  required_providers {
    cloudflare = {
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
  name     = "external-dns"
  policies = provider::cloudflare::capability("external-dns", { zones = [var.zone_id] })
}

# Several capabilities, and a policy by hand.
resource "cloudflare_account_api_token" "deploy" {
  name = "deploy"

  policies = concat(
    provider::cloudflare::capability("wrangler-deploy", { zones = [var.zone_id] }),
    provider::cloudflare::capability("r2-write", { r2_buckets = ["default/assets"] }),
    [{ permission_groups = ["Cache Purge"], zones = [var.zone_id] }],
  )
}
