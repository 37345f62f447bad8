terraform {
  required_version = ">= 1.10"

  required_providers {
    cloudflare = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

# A token that is there for this run only, with no more rights than the run needs.
ephemeral "cloudflare_account_api_token" "run" {
  ttl = "15m"

  policies = [{
    permission_groups = ["Account API Tokens Read", "Account API Tokens Write", "Workers Scripts Read"]
  }]
}

# A provider that authenticates with it.
provider "cloudflare" {
  alias     = "run"
  api_token = ephemeral.cloudflare_account_api_token.run.value
}

resource "cloudflare_account_api_token" "monitor" {
  provider = cloudflare.run

  name     = "monitor"
  policies = [{ permission_groups = ["Workers Scripts Read"] }]
}
