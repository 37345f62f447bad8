locals {
  capabilities = {
    "create"     = "tunnel-write"
    "read"       = "tunnel-read"
    "read-write" = "tunnel-read-write"
  }

  policies = provider::cloudflare::capability(local.capabilities[var.access], {})
}

# It has no rights of its own: the binding adds them, and other bindings can add theirs.
resource "cloudflare_account_api_token" "this" {
  account_id = var.account_id
  name       = var.name
  expires_in = var.expires_in
  rotation   = var.rotation
}

resource "cloudflare_token_binding" "tunnel" {
  account_id = cloudflare_account_api_token.this.account_id
  token_id   = cloudflare_account_api_token.this.id
  name       = "tunnel: ${var.access}"

  policies = local.policies
}

resource "cloudflare_workers_secret" "token" {
  count = var.worker == null ? 0 : 1

  account_id  = cloudflare_account_api_token.this.account_id
  script_name = var.worker.script_name
  name        = var.worker.token_secret
  value       = cloudflare_account_api_token.this.value

  # The Worker gets the token once it can do what it is for, and loses it before it can't.
  depends_on = [cloudflare_token_binding.tunnel]
}

resource "cloudflare_workers_secret" "account_id" {
  count = var.worker == null ? 0 : 1

  account_id  = cloudflare_account_api_token.this.account_id
  script_name = var.worker.script_name
  name        = var.worker.account_id_secret
  value       = cloudflare_account_api_token.this.account_id
}
