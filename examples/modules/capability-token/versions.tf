terraform {
  # `terraform test` is there since 1.6.
  required_version = ">= 1.6"

  required_providers {
    cloudflare = {
      source  = "cloudflare-tokens/cloudflare-tokens"
      version = ">= 0.1.0"
    }
  }
}
