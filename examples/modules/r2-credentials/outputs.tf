output "access_key_id" {
  description = "The access key id: the token's id. It stays through a roll."
  value       = cloudflare_account_api_token.this.id
}

output "secret_access_key" {
  description = "The secret access key."
  value       = provider::cloudflare::r2_secret_access_key(cloudflare_account_api_token.this.value)
  sensitive   = true
}

output "endpoint" {
  description = "The URL of R2's S3 API for these buckets. The region is `auto`."
  value       = "https://${local.host}"
}

output "value_issued_on" {
  description = "When the secret was issued: by the create, or by the last roll."
  value       = cloudflare_account_api_token.this.value_issued_on
}
