terraform {
  required_version = ">= 1.9"

  required_providers {
    cloudflare = {
      source  = "cloudflare-tokens/cloudflare-tokens"
      version = ">= 0.1"
    }
  }
}
