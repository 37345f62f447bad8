# <account_id>/<script_name>/<name>[,<name>...]. The values cannot be read: the same apply puts the configured ones.
import {
  to = cloudflare_workers_secrets.edge
  id = "0da42c8d2132a9ddaf714f9e7c920711/edge-api/KV_TOKEN,KV_TOKEN_ID"
}
