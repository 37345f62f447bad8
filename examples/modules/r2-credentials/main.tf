locals {
  # Buckets in a jurisdiction are served from a host of its own.
  host = join(".", compact([
    cloudflare_account_api_token.this.account_id,
    var.jurisdiction == "default" ? "" : var.jurisdiction,
    "r2.cloudflarestorage.com",
  ]))
}

resource "cloudflare_account_api_token" "this" {
  account_id = var.account_id
  name       = var.name
  condition  = var.condition
  expires_in = var.expires_in
  rotation   = var.rotation

  policies = provider::cloudflare::capability("r2-${var.access}", {
    r2_buckets = [for bucket in var.buckets : "${var.jurisdiction}/${bucket}"]
  })
}
