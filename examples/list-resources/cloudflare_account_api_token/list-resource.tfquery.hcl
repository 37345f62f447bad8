# All tokens of the account, to bring them into Terraform.
list "cloudflare_account_api_token" "all" {
  provider         = cloudflare-tokens
  include_resource = true
  limit            = 1000
}

# Tokens that can write DNS records and were not used for ninety days.
list "cloudflare_account_api_token" "stale" {
  provider = cloudflare-tokens

  config {
    permission_group = "DNS Write"
    unused_for       = "90d"
  }
}
