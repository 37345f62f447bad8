terraform {
  required_providers {
    cloudflare = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

resource "cloudflare_account_api_token" "open" {
  name     = "token-audit test: open | wide"
  policies = [{ permission_groups = ["Billing Write", "Workers Scripts Read"] }]
}

resource "cloudflare_account_api_token" "narrow" {
  name       = "token-audit test: narrow"
  policies   = [{ permission_groups = ["Workers Scripts Read"] }]
  condition  = { request_ip = { in = ["192.0.2.0/24"], not_in = ["192.0.2.66/32"] } }
  expires_in = "240h"
}

resource "cloudflare_account_api_token" "disabled" {
  name     = "token-audit test: disabled"
  policies = [{ permission_groups = ["Billing Write"] }]
  status   = "disabled"
}

output "ids" {
  value = {
    open     = cloudflare_account_api_token.open.id
    narrow   = cloudflare_account_api_token.narrow.id
    disabled = cloudflare_account_api_token.disabled.id
  }
}
