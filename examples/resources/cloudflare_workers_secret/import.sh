# <account_id>/<script_name>/<name>. The value cannot be read: the next apply puts the configured one.
terraform import cloudflare_workers_secret.kv_token 0da42c8d2132a9ddaf714f9e7c920711/edge-api/KV_TOKEN
