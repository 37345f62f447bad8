# <account_id>/<store_id>/<secret_id>. The value cannot be read: the same apply puts the configured one.
import {
  to = cloudflare_secrets_store_secret.kv_token
  id = "0da42c8d2132a9ddaf714f9e7c920711/3fd85f74b32742f1bff64a85009dda07/7b9e2f8ac4d14f6e9a3b5c7d8e0f1a2b"
}
