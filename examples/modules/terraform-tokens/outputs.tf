output "account_id" {
  description = "The account that owns the tokens: workflows need it beside them."
  value       = cloudflare_account_api_token.this["plan"].account_id
}

output "plan" {
  description = "The token that plans: `token_id`, `encrypted_value` and `key_id` (null without `plan_key`), and when it was issued and ends."
  value       = local.tokens.plan
}

output "apply" {
  description = "The token that applies, likewise."
  value       = local.tokens.apply
}

output "plaintext_values" {
  description = "The values that are not sealed, under `plan` and `apply`. Null for sealed values."
  value       = { for name, token in cloudflare_account_api_token.this : name => token.value }
  sensitive   = true
}

output "policies" {
  description = "The rights of the tokens, under `plan` and `apply`."
  value       = { for name, token in cloudflare_account_api_token.this : name => token.policies }
}

locals {
  tokens = {
    for name, token in cloudflare_account_api_token.this : name => {
      token_id        = token.id
      encrypted_value = try(token.sealed_values[local.recipient], null)
      key_id          = try(local.keys[name].key_id, null)
      value_issued_on = token.value_issued_on
      expires_on      = token.expires_on
    }
  }
}
