output "token_id" {
  description = "The token's id."
  value       = cloudflare_account_api_token.this.id
}

output "account_id" {
  description = "The account that owns the token: workflows need it beside the token."
  value       = cloudflare_account_api_token.this.account_id
}

output "encrypted_value" {
  description = "The token, sealed for the repository: `value_encrypted` of `github_actions_secret`. Null without `public_key`."
  value       = try(cloudflare_account_api_token.this.sealed_values[local.recipient], null)
}

output "key_id" {
  description = "The id of the key that the value is sealed for: `key_id` of `github_actions_secret`. Null without `key_id`."
  value       = var.key_id
}

output "plaintext_value" {
  description = "The token itself: `value` of `github_actions_secret`. Null with `public_key`."
  value       = cloudflare_account_api_token.this.value
  sensitive   = true
}

output "value_issued_on" {
  description = "When the value was issued: by the create, or by the last roll."
  value       = cloudflare_account_api_token.this.value_issued_on
}
