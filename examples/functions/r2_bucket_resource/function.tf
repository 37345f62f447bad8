terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

variable "account_id" {
  description = "The id of an account."
  type        = string
  default     = "0da42c8d2132a9ddaf714f9e7c920711"
}

# com.cloudflare.edge.r2.bucket.<account_id>_eu_photos
output "resources" {
  value = { (provider::cloudflare-tokens::r2_bucket_resource(var.account_id, "eu", "photos")) = "*" }
}
