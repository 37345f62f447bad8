# <account_id>/<script_name>/<name>. The value cannot be read: the same apply puts the configured one.
import {
  to = cloudflare_workers_secret.kv_token
  id = "0da42c8d2132a9ddaf714f9e7c920711/edge-api/KV_TOKEN"
}
