# The provider's account may be left out.
import {
  to = cloudflare_workers_secret.kv_token
  identity = {
    script_name = "edge-api"
    name        = "KV_TOKEN"
  }
}
