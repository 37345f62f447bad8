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

# com.cloudflare.api.account.<account_id>
output "resources" {
  value = { (provider::cloudflare-tokens::account_resource(var.account_id)) = "*" }
}
