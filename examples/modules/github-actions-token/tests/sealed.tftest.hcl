variables {
  name       = "github-actions-token test"
  public_key = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
  policies   = [{ permission_groups = ["Workers Scripts Write"] }]
}

run "the_value_is_sealed_and_nowhere_else" {
  # A sealed box is 48 bytes longer than what is in it, and base64 makes four characters of three bytes.
  assert {
    condition     = length(output.encrypted_value) >= 4 * (48 + 40) / 3
    error_message = "the sealed value has room for a token"
  }

  assert {
    condition     = output.plaintext_value == null && cloudflare_account_api_token.this.value == null
    error_message = "the plain value is not in the state"
  }
}

run "a_second_apply" {}

run "the_sealed_value_stays_while_nothing_changes" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      encrypted_value = run.the_value_is_sealed_and_nowhere_else.encrypted_value
    }
    after = {
      encrypted_value = run.a_second_apply.encrypted_value
    }
  }

  assert {
    condition     = var.after.encrypted_value == var.before.encrypted_value
    error_message = "a second apply does not seal anew"
  }
}

run "another_key_takes_another_value" {
  variables {
    public_key = "AgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICE="
  }
}

run "the_value_for_the_other_key_is_a_new_one_of_the_same_token" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      encrypted_value = run.the_value_is_sealed_and_nowhere_else.encrypted_value
      token_id        = run.the_value_is_sealed_and_nowhere_else.token_id
    }
    after = {
      encrypted_value = run.another_key_takes_another_value.encrypted_value
      token_id        = run.another_key_takes_another_value.token_id
    }
  }

  assert {
    condition     = var.after.encrypted_value != var.before.encrypted_value
    error_message = "the value is sealed for the new key"
  }

  assert {
    condition     = var.after.token_id == var.before.token_id
    error_message = "the token is rolled and not replaced"
  }
}

run "what_is_no_key_is_refused" {
  command = plan

  variables {
    public_key = "ssh-ed25519 AAAA"
  }

  expect_failures = [var.public_key]
}
