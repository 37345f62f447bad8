output "token_id" {
  description = "The token's id."
  value       = cloudflare_account_api_token.this.id
}

output "account_id" {
  description = "The account that owns the token: workflows need it beside the token."
  value       = cloudflare_account_api_token.this.account_id
}

output "encrypted_value" {
  description = "The token, sealed for the repository: `github_actions_secret.encrypted_value`. Null without `public_key`."
  value       = try(cloudflare_account_api_token.this.sealed_values[local.recipient], null)
}

output "plaintext_value" {
  description = "The token itself: `github_actions_secret.plaintext_value`. Null with `public_key`."
  value       = cloudflare_account_api_token.this.value
  sensitive   = true
}

output "value_issued_on" {
  description = "When the value was issued: by the create, or by the last roll."
  value       = cloudflare_account_api_token.this.value_issued_on
}
