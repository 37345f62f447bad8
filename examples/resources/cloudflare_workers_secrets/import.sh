# <account_id>/<script_name>/<name>[,<name>...]. The values cannot be read: the next apply puts the configured ones.
terraform import cloudflare_workers_secrets.edge 0da42c8d2132a9ddaf714f9e7c920711/edge-api/KV_TOKEN,KV_TOKEN_ID
