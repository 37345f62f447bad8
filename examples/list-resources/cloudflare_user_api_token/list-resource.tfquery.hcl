list "cloudflare_user_api_token" "all" {
  provider         = cloudflare-tokens
  include_resource = true

  config {
    include_expired = true
  }
}
