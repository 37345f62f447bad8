output "token_id" {
  description = "The token's id, for further bindings."
  value       = cloudflare_account_api_token.this.id
}

output "account_id" {
  description = "The account that has the tunnels."
  value       = cloudflare_account_api_token.this.account_id
}

output "value" {
  description = "The token itself, once it can do what it is for."
  value       = cloudflare_account_api_token.this.value
  sensitive   = true

  depends_on = [cloudflare_token_binding.tunnel]
}

output "permission_groups" {
  description = "The permission groups that the token got."
  value       = one(local.policies).permission_groups
}

output "worker_secrets" {
  description = "The names of the secrets that the Worker got; empty without a Worker."
  value       = [for secret in concat(cloudflare_workers_secret.token, cloudflare_workers_secret.account_id) : secret.name]
}
