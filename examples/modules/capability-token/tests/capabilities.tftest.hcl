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

  assert {
    condition     = output.token_id == run.starts_without_rights.token_id && output.value == run.starts_without_rights.value
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

  assert {
    condition     = output.fingerprints["tunnels"] == run.grants_each_capability.fingerprints["tunnels"]
    error_message = "The capability that stays must be as it was."
  }

  assert {
    condition     = output.value == run.starts_without_rights.value
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
    condition     = output.name == "capability-token test, renamed" && output.token_id == run.starts_without_rights.token_id
    error_message = "The token is changed in place."
  }

  assert {
    condition     = cloudflare_account_api_token.this.condition.request_ip.in == toset(["192.0.2.0/24"])
    error_message = "The token works from the given addresses only."
  }
}
