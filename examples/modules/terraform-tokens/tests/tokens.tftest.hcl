# Two tokens from one list of types.

variables {
  name           = "terraform-tokens test"
  resource_types = ["cloudflare_dns_record", "cloudflare_workers_script", "data.cloudflare_zone"]
  targets        = { zones = ["*"] }
}

run "one_reads_and_the_other_writes" {
  assert {
    condition = (
      toset(flatten([for policy in output.policies.plan : policy.permission_groups]))
      == toset(["DNS Read", "Zone Read", "Workers Scripts Read"])
    )
    error_message = "a plan needs the right to read each type, and no other"
  }

  assert {
    condition = (
      toset(flatten([for policy in output.policies.apply : policy.permission_groups]))
      == toset(["DNS Read", "DNS Write", "Zone Read", "Workers Scripts Read", "Workers Scripts Write"])
    )
    error_message = "an apply needs the right to write each resource, and only to read a data source"
  }

  assert {
    condition     = length(output.policies.plan) == 2 && length(output.policies.apply) == 2
    error_message = "one policy is for the account, one for the zones"
  }

  assert {
    condition     = output.plan.token_id != output.apply.token_id
    error_message = "there are two tokens"
  }

  assert {
    condition     = length(output.plaintext_values.plan) >= 40 && output.apply.encrypted_value == null
    error_message = "without keys the values are plain"
  }

  assert {
    condition     = output.plan.expires_on != null
    error_message = "the values end"
  }
}

run "they_are_sealed_each_for_its_own_key" {
  variables {
    plan_key         = { public_key = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", key_id = "1" }
    apply_key        = { public_key = "AgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICE=", key_id = "2" }
    runner_addresses = ["192.0.2.0/24"]
  }

  assert {
    condition     = output.plaintext_values.plan == null && output.plaintext_values.apply == null
    error_message = "the plain values leave the state"
  }

  assert {
    condition     = output.plan.encrypted_value != null && output.plan.encrypted_value != output.apply.encrypted_value
    error_message = "both values are sealed"
  }

  assert {
    condition     = output.plan.key_id == "1" && output.apply.key_id == "2"
    error_message = "the keys' ids are handed on"
  }

  assert {
    condition     = cloudflare_account_api_token.this["apply"].condition.request_ip.in == toset(["192.0.2.0/24"])
    error_message = "the token that applies works from the runners only"
  }

  assert {
    condition     = cloudflare_account_api_token.this["plan"].condition == null
    error_message = "the token that plans works from everywhere"
  }
}

run "what_is_not_published_is_added_by_hand" {
  variables {
    plan_policies  = [{ permission_groups = ["Zone WAF Read"], zones = ["*"] }]
    apply_policies = [{ permission_groups = ["Zone WAF Write"], zones = ["*"] }]
  }

  assert {
    condition     = length(output.policies.plan) == 3 && length(output.policies.apply) == 3
    error_message = "each has one policy more"
  }
}
