terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

variable "zone_ids" {
  description = "The ids of zones."
  type        = set(string)
  default     = ["023e105f4ecef8ad9ca31a8372d0c353"]
}

# com.cloudflare.api.account.zone.<zone_id>, for each zone
output "resources" {
  value = { for zone_id in var.zone_ids : provider::cloudflare-tokens::zone_resource(zone_id) => "*" }
}
