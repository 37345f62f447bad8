# The token has no policy of its own. Its bindings add all of its rights.
resource "cloudflare_account_api_token" "this" {
  account_id = var.account_id
  name       = var.name

  condition  = var.allowed_ips == null ? null : { request_ip = { in = var.allowed_ips } }
  expires_in = var.expires_in
  rotation   = var.rotate_every == null ? null : { every = var.rotate_every }
}

resource "cloudflare_token_binding" "this" {
  for_each = var.capabilities

  account_id = var.account_id
  token_id   = cloudflare_account_api_token.this.id
  name       = each.key
  policies   = each.value
}
