# What the module refuses before anything is asked of the API.

variables {
  resource_types = ["cloudflare_dns_record"]
  targets        = { zones = ["*"] }
}

run "nobody_may_apply" {
  command = plan

  variables {
    runner_addresses = []
  }

  expect_failures = [var.runner_addresses]
}

run "what_is_no_key" {
  command = plan

  variables {
    apply_key = { public_key = "ssh-ed25519 AAAA" }
  }

  expect_failures = [var.apply_key]
}
