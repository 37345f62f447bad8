locals {
  # Whom the value is sealed for, by the name under which sealed_values has it.
  recipient = "github"
}

resource "cloudflare_account_api_token" "this" {
  account_id = var.account_id
  name       = var.name
  policies   = var.policies
  condition  = var.condition
  expires_in = var.expires_in
  rotation   = var.rotation

  # With a key the value leaves the provider sealed only; without one it is in the state.
  store_value = var.public_key == null
  seal_for = var.public_key == null ? null : {
    (local.recipient) = {
      format     = "libsodium"
      public_key = var.public_key
    }
  }
}
