terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

data "cloudflare_secrets_store" "all" {
  provider = cloudflare-tokens
}

# What a Worker's binding `secrets_store_secret` needs: the store, and the secret's name.
output "secrets" {
  value = {
    for store in data.cloudflare_secrets_store.all.stores :
    store.id => [for secret in store.secrets : secret.name if contains(secret.scopes, "workers")]
  }
}
