# The account id is optional if it is the provider's.
import {
  to = cloudflare_workers_secret.kv_token
  identity = {
    script_name = "edge-api"
    name        = "KV_TOKEN"
  }
}
