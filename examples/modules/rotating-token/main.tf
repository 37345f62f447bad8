locals {
  # Slot a takes the even generations, slot b the odd ones: each step of `generation` changes one of them, and the other one
  # goes on working until the next step.
  slots = {
    a = 2 * floor(var.generation / 2)
    b = 2 * floor((var.generation - 1) / 2) + 1
  }
  current = var.generation % 2 == 0 ? "a" : "b"

  # The last generation that was applied, as the tokens' names have it; 0 where there are none yet.
  numbers = [for token in data.cloudflare_account_api_tokens.slots.tokens : trimprefix(token.name, local.prefix)]
  last    = max(0, [for number in local.numbers : tonumber(number) if can(regex("^[0-9]+$", number))]...)
  prefix  = "${var.name} #"
}

data "cloudflare_account_api_tokens" "slots" {
  account_id  = var.account_id
  name_prefix = local.prefix
}

resource "cloudflare_account_api_token" "slot" {
  for_each = local.slots

  account_id = var.account_id
  name       = "${local.prefix}${each.value}"
  policies   = var.policies
  condition  = var.condition
  expires_in = var.expires_in

  # Nobody has the value of generation 0: the slot waits for generation 2.
  status = each.value == 0 ? "disabled" : "active"

  rotation = {
    triggers = { generation = each.value }
  }

  lifecycle {
    precondition {
      condition     = local.last == 0 || local.last == var.generation || local.last == var.generation - 1
      error_message = "The tokens are at generation ${local.last}: generation may stay, or become ${local.last + 1}. Any other would end the value that readers have now."
    }
  }
}
