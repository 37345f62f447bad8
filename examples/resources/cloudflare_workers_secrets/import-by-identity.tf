# The provider's account may be left out.
import {
  to = cloudflare_workers_secrets.edge
  identity = {
    script_name = "edge-api"
    names       = ["KV_TOKEN", "KV_TOKEN_ID"]
  }
}
