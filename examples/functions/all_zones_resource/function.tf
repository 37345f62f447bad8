terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

variable "other_account_id" {
  description = "The id of an account that is not the token's own."
  type        = string
  default     = "0da42c8d2132a9ddaf714f9e7c920711"
}

# { "com.cloudflare.api.account.<account_id>" = "{\"com.cloudflare.api.account.zone.*\":\"*\"}" }
output "resources" {
  value = provider::cloudflare-tokens::all_zones_resource(var.other_account_id)
}
