# The account id is optional if it is the provider's.
import {
  to = cloudflare_secrets_store_secret.kv_token
  identity = {
    store_id = "3fd85f74b32742f1bff64a85009dda07"
    id       = "7b9e2f8ac4d14f6e9a3b5c7d8e0f1a2b"
  }
}
