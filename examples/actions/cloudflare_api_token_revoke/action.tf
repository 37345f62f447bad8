resource "cloudflare_account_api_token" "deploy" {
  name     = "deploy"
  policies = [{ permission_groups = ["Workers Scripts Write"] }]
}

# terraform apply -invoke=action.cloudflare_api_token_revoke.deploy
action "cloudflare_api_token_revoke" "deploy" {
  config {
    token_id = cloudflare_account_api_token.deploy.id
  }
}
