list "cloudflare_workers_secret" "edge" {
  provider         = cloudflare-tokens
  include_resource = true

  config {
    script_name = "edge-api"
  }
}
