terraform {
  required_providers {
    cloudflare = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

data "cloudflare_secrets_store" "all" {}

# What a Worker's binding `secrets_store_secret` needs: the store, and the secret's name.
output "secrets" {
  value = {
    for store in data.cloudflare_secrets_store.all.stores :
    store.id => [for secret in store.secrets : secret.name if contains(secret.scopes, "workers")]
  }
}
