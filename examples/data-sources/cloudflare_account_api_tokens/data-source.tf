terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

data "cloudflare_account_api_tokens" "active" {
  provider = cloudflare-tokens

  status = "active"
}

# Tokens that were never used.
output "never_used" {
  value = {
    for token in data.cloudflare_account_api_tokens.active.tokens :
    token.id => token.name if token.last_used_on == null
  }
}

# Tokens that work for ever.
output "endless" {
  value = [for token in data.cloudflare_account_api_tokens.active.tokens : token.name if token.expires_on == null]
}

# The rights of each token, one line for each right.
output "rights" {
  value = { for token in data.cloudflare_account_api_tokens.active.tokens : token.name => token.grants... }
}

# Tokens that were not used for 90 days. A token that was never used counts from its creation.
output "stale" {
  value = [
    for token in data.cloudflare_account_api_tokens.active.tokens : token.name
    if timecmp(coalesce(token.last_used_on, token.issued_on), timeadd(plantimestamp(), "-2160h")) < 0
  ]
}

# Warns in each plan of tokens that end within 30 days.
check "tokens_that_end_soon" {
  assert {
    condition = alltrue([
      for token in data.cloudflare_account_api_tokens.active.tokens :
      token.expires_on == null ? true : timecmp(token.expires_on, timeadd(plantimestamp(), "720h")) > 0
    ])
    error_message = "A token ends within 30 days: roll it, or give it a later end."
  }
}
