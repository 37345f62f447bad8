run "tokens" {
  module {
    source = "./tests/setup"
  }
}

run "each_token_is_in_the_lists_that_it_belongs_to" {
  variables {
    # No token of a test is so old.
    stale_after_days = 36500
  }

  expect_failures = [check.expiring, check.unrestricted, check.dangerous]

  assert {
    condition     = contains(output.unrestricted[*].name, "token-audit test: open | wide")
    error_message = "open to all is unrestricted"
  }

  assert {
    condition     = !contains(output.unrestricted[*].name, "token-audit test: narrow")
    error_message = "addresses and an end are restrictions"
  }

  assert {
    condition     = contains(output.expiring[*].name, "token-audit test: narrow")
    error_message = "ten days are within thirty"
  }

  assert {
    condition     = !contains(output.expiring[*].name, "token-audit test: open | wide")
    error_message = "what never ends does not expire"
  }

  assert {
    condition = contains(flatten([
      for token in output.dangerous : token.permission_groups if token.name == "token-audit test: open | wide"
    ]), "Billing Write")
    error_message = "billing is dangerous, and the list says so"
  }

  assert {
    condition     = !contains(output.dangerous[*].name, "token-audit test: disabled")
    error_message = "a disabled token harms nobody"
  }

  assert {
    condition     = length(output.stale) == 0
    error_message = "nobody has waited a hundred years"
  }

  assert {
    condition     = strcontains(output.report, "| token-audit test: open \\| wide | the account: Billing Write, Workers Scripts Read | 0 days | never | never | all |")
    error_message = "a row says what the token may do, since when, until when and from where"
  }

  assert {
    condition     = strcontains(output.report, "192.0.2.0/24, not 192.0.2.66/32 |")
    error_message = "a row has the addresses"
  }

  assert {
    condition     = strcontains(output.report, "| token-audit test: disabled (disabled) |")
    error_message = "the report has every token"
  }
}
