variables {
  name     = "rotating-token test"
  policies = [{ permission_groups = ["Workers Scripts Write"] }]
}

run "the_first" {
  variables {
    generation = 1
  }

  assert {
    condition     = output.value == cloudflare_account_api_token.slot["b"].value && output.token_id == output.token_ids["b"]
    error_message = "the first generation is slot b's"
  }

  assert {
    condition     = cloudflare_account_api_token.slot["a"].status == "disabled"
    error_message = "the other token waits, and is of no use to anybody"
  }
}

run "the_second" {
  variables {
    generation = 2
  }

  assert {
    condition     = output.value == cloudflare_account_api_token.slot["a"].value && output.value != run.the_first.value
    error_message = "the value is a new one, of the other slot"
  }

  assert {
    condition     = cloudflare_account_api_token.slot["b"].value == run.the_first.value
    error_message = "the old value is alive after one rotation"
  }

  assert {
    condition     = alltrue([for token in cloudflare_account_api_token.slot : token.status == "active"])
    error_message = "both tokens work"
  }
}

run "the_third" {
  variables {
    generation = 3
  }

  assert {
    condition     = output.value == cloudflare_account_api_token.slot["b"].value && output.value != run.the_first.value
    error_message = "the value is a new one, of the first slot again"
  }

  assert {
    condition     = !contains([for token in cloudflare_account_api_token.slot : token.value], run.the_first.value)
    error_message = "the value before the last is dead after two rotations"
  }

  assert {
    condition     = cloudflare_account_api_token.slot["a"].value == run.the_second.value
    error_message = "the last value is alive"
  }

  assert {
    condition     = output.token_ids == run.the_first.token_ids
    error_message = "the tokens are the same two, so bindings stay"
  }
}

run "nothing_happens_between_steps" {
  variables {
    generation = 3
  }

  assert {
    condition     = output.value == run.the_third.value && cloudflare_account_api_token.slot["a"].value == run.the_second.value
    error_message = "an apply without a step rolls nothing"
  }
}

run "a_skipped_generation_is_refused" {
  command = plan

  variables {
    generation = 5
  }

  expect_failures = [cloudflare_account_api_token.slot]
}

run "a_step_back_is_refused" {
  command = plan

  variables {
    generation = 2
  }

  expect_failures = [cloudflare_account_api_token.slot]
}

run "what_is_no_generation_is_refused" {
  command = plan

  variables {
    generation = 1.5
  }

  expect_failures = [var.generation]
}
