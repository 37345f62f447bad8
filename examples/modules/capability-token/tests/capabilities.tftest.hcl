# One token through its life: capabilities come, change and go, and its value stays.

variables {
  name = "capability-token test"
}

run "starts_without_rights" {
  assert {
    condition     = output.value != null && output.name == "capability-token test"
    error_message = "A token without capabilities is a token all the same."
  }

  assert {
    condition     = length(output.fingerprints) == 0
    error_message = "Nothing is bound yet."
  }
}

run "grants_each_capability" {
  variables {
    capabilities = {
      tunnels = [{ permission_groups = ["Cloudflare Tunnel Write"] }]
      edge = [
        { permission_groups = ["Workers Scripts Write", "Workers KV Storage Write"] },
        { permission_groups = ["Cache Purge"], zones = ["*"] },
      ]
    }
  }

  assert {
    condition     = length(output.fingerprints["tunnels"]) == 1 && length(output.fingerprints["edge"]) == 2
    error_message = "Each policy has a fingerprint."
  }
}

run "what_comes_leaves_the_token_as_it_is" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      token_id = run.starts_without_rights.token_id
      value    = run.starts_without_rights.value
    }
    after = {
      token_id = run.grants_each_capability.token_id
      value    = run.grants_each_capability.value
    }
  }

  assert {
    condition     = var.after.token_id == var.before.token_id && var.after.value == var.before.value
    error_message = "A capability that comes must not touch the token's id and value."
  }
}

run "takes_a_capability_away_and_leaves_the_other" {
  variables {
    capabilities = {
      tunnels = [{ permission_groups = ["Cloudflare Tunnel Write"] }]
    }
  }

  assert {
    condition     = join(",", keys(output.fingerprints)) == "tunnels"
    error_message = "Only the capability that is left may be bound."
  }
}

run "what_goes_leaves_the_rest_as_it_is" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      fingerprints = run.grants_each_capability.fingerprints
      value        = run.grants_each_capability.value
    }
    after = {
      fingerprints = run.takes_a_capability_away_and_leaves_the_other.fingerprints
      value        = run.takes_a_capability_away_and_leaves_the_other.value
    }
  }

  assert {
    condition     = var.after.fingerprints["tunnels"] == var.before.fingerprints["tunnels"]
    error_message = "The capability that stays must be as it was."
  }

  assert {
    condition     = var.after.value == var.before.value
    error_message = "A capability that goes must not touch the token's value."
  }
}

run "renames_and_restricts_the_token" {
  variables {
    name        = "capability-token test, renamed"
    allowed_ips = ["192.0.2.0/24"]
    capabilities = {
      tunnels = [{ permission_groups = ["Cloudflare Tunnel Write"] }]
    }
  }

  assert {
    condition     = output.name == "capability-token test, renamed"
    error_message = "The token has the new name."
  }

  assert {
    condition     = cloudflare_account_api_token.this.condition.request_ip.in == toset(["192.0.2.0/24"])
    error_message = "The token works from the given addresses only."
  }
}

run "the_token_is_changed_in_place" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      token_id = run.starts_without_rights.token_id
    }
    after = {
      token_id = run.renames_and_restricts_the_token.token_id
    }
  }

  assert {
    condition     = var.after.token_id == var.before.token_id
    error_message = "The token is changed in place."
  }
}
