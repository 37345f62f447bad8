run "any_generation_may_be_the_first" {
  variables {
    name       = "rotating-token start"
    generation = 24
    expires_in = "90d"
  }

  assert {
    condition     = output.token_id == output.token_ids["a"]
    error_message = "an even generation is slot a's"
  }

  assert {
    condition     = timecmp(output.expires_on, timeadd(output.value_issued_on, "2160h")) == 0
    error_message = "the expiry counts from the issue"
  }
}
