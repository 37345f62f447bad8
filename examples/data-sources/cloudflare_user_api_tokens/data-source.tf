terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

data "cloudflare_user_api_tokens" "active" {
  provider = cloudflare-tokens

  status = "active"
}

# Tokens that were never used.
output "never_used" {
  value = {
    for token in data.cloudflare_user_api_tokens.active.tokens :
    token.id => token.name if token.last_used_on == null
  }
}
