variables {
  name     = "github-actions-token test"
  policies = [{ permission_groups = ["Workers Scripts Write"] }]
}

run "without_a_key_the_value_is_plain" {
  assert {
    condition     = length(output.plaintext_value) >= 40
    error_message = "the value is there"
  }

  assert {
    condition     = output.encrypted_value == null
    error_message = "nothing is sealed for nobody"
  }
}

run "a_trigger_rolls_it" {
  variables {
    rotation = { triggers = { why = "test" } }
  }
}

run "the_roll_makes_a_new_value_of_the_same_token" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      plaintext_value = run.without_a_key_the_value_is_plain.plaintext_value
      token_id        = run.without_a_key_the_value_is_plain.token_id
    }
    after = {
      plaintext_value = run.a_trigger_rolls_it.plaintext_value
      token_id        = run.a_trigger_rolls_it.token_id
    }
  }

  assert {
    condition     = var.after.plaintext_value != var.before.plaintext_value
    error_message = "the value is new"
  }

  assert {
    condition     = var.after.token_id == var.before.token_id
    error_message = "the token is the same"
  }
}

run "it_is_sealed_later_without_a_roll" {
  variables {
    rotation   = { triggers = { why = "test" } }
    public_key = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
  }

  assert {
    condition     = output.encrypted_value != null && output.plaintext_value == null
    error_message = "the value is sealed, and leaves the state"
  }
}

run "to_seal_is_not_to_roll" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      value_issued_on = run.a_trigger_rolls_it.value_issued_on
    }
    after = {
      value_issued_on = run.it_is_sealed_later_without_a_roll.value_issued_on
    }
  }

  assert {
    condition     = var.after.value_issued_on == var.before.value_issued_on
    error_message = "the value is the same"
  }
}

run "a_token_for_nothing_is_refused" {
  command = plan

  variables {
    policies = []
  }

  expect_failures = [var.policies]
}
