variables {
  name = "tunnel-token test"
}

run "to_create_takes_the_right_to_write_only" {
  variables {
    access = "create"
  }

  assert {
    condition     = toset(output.permission_groups) == toset(["Cloudflare Tunnel Write"])
    error_message = "to create needs the right to write, and no other"
  }

  assert {
    condition     = cloudflare_account_api_token.this.policies == null && !cloudflare_account_api_token.this.exclusive_policies
    error_message = "the token has no rights of its own, and leaves room for bindings"
  }

  assert {
    condition     = cloudflare_token_binding.tunnel.token_id == output.token_id
    error_message = "the binding is for the module's token"
  }

  assert {
    condition     = length(output.value) >= 40 && output.worker_secrets == []
    error_message = "the value is there, and no Worker gets it unasked"
  }
}

run "the_same_token_comes_to_read_only" {
  variables {
    access = "read"
  }

  assert {
    condition     = one(cloudflare_token_binding.tunnel.policies).permission_groups == toset(["Cloudflare Tunnel Read"])
    error_message = "what was bound before is gone"
  }
}

run "another_access_does_not_take_another_token" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      token_id = run.to_create_takes_the_right_to_write_only.token_id
      value    = run.to_create_takes_the_right_to_write_only.value
    }
    after = {
      token_id = run.the_same_token_comes_to_read_only.token_id
      value    = run.the_same_token_comes_to_read_only.value
    }
  }

  assert {
    condition     = var.after.token_id == var.before.token_id
    error_message = "another access does not take another token"
  }

  assert {
    condition     = var.after.value == var.before.value
    error_message = "another access does not take another value"
  }
}

run "what_is_no_access_is_refused" {
  command = plan

  variables {
    access = "admin"
  }

  expect_failures = [var.access]
}

run "what_is_no_account_is_refused" {
  command = plan

  variables {
    access     = "read"
    account_id = "example.com"
  }

  expect_failures = [var.account_id]
}
