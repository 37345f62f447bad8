output "token_id" {
  description = "The token's id, for bindings that other modules add."
  value       = cloudflare_account_api_token.this.id
}

output "name" {
  description = "What the token is called."
  value       = cloudflare_account_api_token.this.name
}

output "value" {
  description = "The token itself. It is granted its capabilities by the time it is handed on."
  value       = cloudflare_account_api_token.this.value
  sensitive   = true

  # A program that gets the value finds every capability in place.
  depends_on = [cloudflare_token_binding.this]
}

output "expires_on" {
  description = "When the value stops working; null if never."
  value       = cloudflare_account_api_token.this.expires_on
}

output "fingerprints" {
  description = "For each capability, the fingerprints of its policies, as an import of its binding names them."
  value       = { for name, binding in cloudflare_token_binding.this : name => binding.fingerprints }
}
