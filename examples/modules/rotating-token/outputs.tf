output "value" {
  description = "The value issued last."
  value       = cloudflare_account_api_token.slot[local.current].value
  sensitive   = true
}

output "token_id" {
  description = "The id of the token that has the value."
  value       = cloudflare_account_api_token.slot[local.current].id
}

output "token_ids" {
  description = "The ids of both tokens, by slot: what a binding adds to one it has to add to the other."
  value       = { for slot, token in cloudflare_account_api_token.slot : slot => token.id }
}

output "value_issued_on" {
  description = "When the value was issued."
  value       = cloudflare_account_api_token.slot[local.current].value_issued_on
}

output "expires_on" {
  description = "When the value stops working, if it is not rotated before. Null without `expires_in`."
  value       = cloudflare_account_api_token.slot[local.current].expires_on
}
