variables {
  access = "read-write"
  name   = "tunnel-token test"
  worker = { script_name = "edge-api" }
}

run "a_worker_gets_the_token_and_the_account" {
  assert {
    condition     = toset(output.worker_secrets) == toset(["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID"])
    error_message = "both secrets are put, under the names that tools look for"
  }

  assert {
    condition     = cloudflare_workers_secret.token[0].value == output.value
    error_message = "the Worker's secret is the token"
  }

  assert {
    condition     = cloudflare_workers_secret.account_id[0].value == output.account_id
    error_message = "the Worker knows the account"
  }
}

run "a_rolled_token_reaches_the_worker_in_the_same_apply" {
  variables {
    rotation = { triggers = { why = "test" } }
  }

  assert {
    condition     = cloudflare_workers_secret.token[0].value == output.value
    error_message = "the Worker has the new value"
  }
}

run "the_token_is_rolled" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      value = run.a_worker_gets_the_token_and_the_account.value
    }
    after = {
      value = run.a_rolled_token_reaches_the_worker_in_the_same_apply.value
    }
  }

  assert {
    condition     = var.after.value != var.before.value
    error_message = "the token is rolled"
  }
}

run "the_secrets_go_by_other_names" {
  variables {
    rotation = { triggers = { why = "test" } }
    worker   = { script_name = "edge-api", token_secret = "TUNNEL_TOKEN", account_id_secret = "TUNNEL_ACCOUNT" }
  }

  assert {
    condition     = toset(output.worker_secrets) == toset(["TUNNEL_TOKEN", "TUNNEL_ACCOUNT"])
    error_message = "the secrets are called as asked"
  }
}

run "one_name_for_both_secrets_is_refused" {
  command = plan

  variables {
    worker = { script_name = "edge-api", token_secret = "TOKEN", account_id_secret = "TOKEN" }
  }

  expect_failures = [var.worker]
}
