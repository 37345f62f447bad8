variables {
  name    = "r2-credentials test"
  buckets = ["backups", "logs"]
  access  = "read"
}

run "they_read_the_named_buckets" {
  assert {
    condition     = output.access_key_id == cloudflare_account_api_token.this.id
    error_message = "the access key id is the token's"
  }

  assert {
    condition     = output.secret_access_key == sha256(cloudflare_account_api_token.this.value)
    error_message = "the secret is the SHA-256 of the token's value"
  }

  assert {
    condition     = output.endpoint == "https://${cloudflare_account_api_token.this.account_id}.r2.cloudflarestorage.com"
    error_message = "the endpoint is the account's"
  }

  assert {
    condition     = one(cloudflare_account_api_token.this.policies).r2_buckets == toset(["default/backups", "default/logs"])
    error_message = "the token is for the named buckets only"
  }

  assert {
    condition     = one(cloudflare_account_api_token.this.policies).permission_groups == toset(["Workers R2 Storage Bucket Item Read"])
    error_message = "to read takes the right to read only"
  }
}

run "they_come_to_write_without_a_new_secret" {
  variables {
    access = "read-write"
  }

  assert {
    condition     = contains(one(cloudflare_account_api_token.this.policies).permission_groups, "Workers R2 Storage Bucket Item Write")
    error_message = "to write takes the right to write"
  }
}

run "the_secret_stays_as_they_come_to_write" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      secret_access_key = run.they_read_the_named_buckets.secret_access_key
    }
    after = {
      secret_access_key = run.they_come_to_write_without_a_new_secret.secret_access_key
    }
  }

  assert {
    condition     = var.after.secret_access_key == var.before.secret_access_key
    error_message = "the secret stays"
  }
}

run "a_roll_changes_the_secret_alone" {
  variables {
    access   = "read-write"
    rotation = { triggers = { why = "test" } }
  }
}

run "only_the_secret_is_new_after_a_roll" {
  module {
    source = "./tests/compare"
  }

  variables {
    before = {
      secret_access_key = run.they_read_the_named_buckets.secret_access_key
      access_key_id     = run.they_read_the_named_buckets.access_key_id
    }
    after = {
      secret_access_key = run.a_roll_changes_the_secret_alone.secret_access_key
      access_key_id     = run.a_roll_changes_the_secret_alone.access_key_id
    }
  }

  assert {
    condition     = var.after.secret_access_key != var.before.secret_access_key
    error_message = "the secret is new"
  }

  assert {
    condition     = var.after.access_key_id == var.before.access_key_id
    error_message = "the access key id stays"
  }
}

run "a_jurisdiction_has_a_host_of_its_own" {
  variables {
    jurisdiction = "eu"
  }

  assert {
    condition     = output.endpoint == "https://${cloudflare_account_api_token.this.account_id}.eu.r2.cloudflarestorage.com"
    error_message = "the endpoint is the jurisdiction's"
  }

  assert {
    condition     = one(cloudflare_account_api_token.this.policies).r2_buckets == toset(["eu/backups", "eu/logs"])
    error_message = "the buckets are the jurisdiction's"
  }
}

run "what_is_no_bucket_is_refused" {
  command = plan

  variables {
    buckets = ["eu/backups"]
  }

  expect_failures = [var.buckets]
}

run "no_bucket_is_refused" {
  command = plan

  variables {
    buckets = []
  }

  expect_failures = [var.buckets]
}

run "what_is_no_access_is_refused" {
  command = plan

  variables {
    access = "admin"
  }

  expect_failures = [var.access]
}
