locals {
  policies = {
    plan = concat(
      provider::cloudflare::terraform_policies(var.resource_types, "read", var.targets),
      var.plan_policies,
    )
    apply = concat(
      provider::cloudflare::terraform_policies(var.resource_types, "write", var.targets),
      var.apply_policies,
    )
  }

  keys      = { plan = var.plan_key, apply = var.apply_key }
  addresses = { plan = null, apply = var.runner_addresses }

  # Whom a value is sealed for, by the name under which sealed_values has it.
  recipient = "github"
}

resource "cloudflare_account_api_token" "this" {
  for_each = local.policies

  account_id = var.account_id
  name       = "${var.name} ${each.key}"
  policies   = each.value
  condition  = local.addresses[each.key] == null ? null : { request_ip = { in = local.addresses[each.key] } }
  expires_in = var.expires_in
  rotation   = var.rotation

  # With a key the value leaves the provider sealed only; without one it is in the state.
  store_value = local.keys[each.key] == null
  seal_for = local.keys[each.key] == null ? null : {
    (local.recipient) = {
      format     = "libsodium"
      public_key = local.keys[each.key].public_key
    }
  }
}
