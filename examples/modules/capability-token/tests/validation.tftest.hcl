# What the module refuses before anything is asked of the API.

run "a_capability_without_policies" {
  command = plan

  variables {
    capabilities = { empty = [] }
  }

  expect_failures = [var.capabilities]
}

run "a_policy_without_permission_groups" {
  command = plan

  variables {
    capabilities = { nothing = [{ permission_groups = [] }] }
  }

  expect_failures = [var.capabilities]
}

run "an_effect_that_is_none" {
  command = plan

  variables {
    capabilities = { odd = [{ effect = "maybe", permission_groups = ["Workers Scripts Read"] }] }
  }

  expect_failures = [var.capabilities]
}

run "a_policy_for_zones_and_buckets" {
  command = plan

  variables {
    capabilities = {
      both = [{ permission_groups = ["Cache Purge"], zones = ["*"], r2_buckets = ["*"] }]
    }
  }

  expect_failures = [var.capabilities]
}

run "nobody_may_use_it" {
  command = plan

  variables {
    allowed_ips = []
  }

  expect_failures = [var.allowed_ips]
}
