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
    condition     = output.value == cloudflare_account_api_token.slot["a"].value
    error_message = "the value is the other slot's"
  }

  assert {
    condition     = alltrue([for token in cloudflare_account_api_token.slot : token.status == "active"])
    error_message = "both tokens work"
  }
}

run "the_second_value_is_new" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      value = run.the_first.value
    }
    after = {
      value = run.the_second.value
    }
  }

  assert {
    condition     = var.after.value != var.before.value
    error_message = "the value is a new one"
  }
}

run "the_third" {
  variables {
    generation = 3
  }

  assert {
    condition     = output.value == cloudflare_account_api_token.slot["b"].value
    error_message = "the value is the first slot's again"
  }
}

run "the_third_value_is_new_and_of_the_same_tokens" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      value     = run.the_second.value
      token_ids = run.the_second.token_ids
    }
    after = {
      value     = run.the_third.value
      token_ids = run.the_third.token_ids
    }
  }

  assert {
    condition     = var.after.value != var.before.value
    error_message = "the value is a new one"
  }

  assert {
    condition     = var.after.token_ids == var.before.token_ids
    error_message = "the tokens are the same two, so bindings stay"
  }
}

run "nothing_happens_between_steps" {
  variables {
    generation = 3
  }
}

run "an_apply_without_a_step_rolls_nothing" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      value           = run.the_third.value
      value_issued_on = run.the_third.value_issued_on
    }
    after = {
      value           = run.nothing_happens_between_steps.value
      value_issued_on = run.nothing_happens_between_steps.value_issued_on
    }
  }

  assert {
    condition     = var.after == var.before
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
