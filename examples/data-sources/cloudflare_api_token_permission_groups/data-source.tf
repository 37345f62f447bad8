terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

data "cloudflare_api_token_permission_groups" "zone" {
  provider = cloudflare-tokens

  scope = "zone"
}

# The names that a policy with `zones` can hold.
output "names" {
  value = data.cloudflare_api_token_permission_groups.zone.permission_groups[*].name
}

# The id of one of them, for what does not take names.
output "dns_write_id" {
  value = data.cloudflare_api_token_permission_groups.zone.ids.zone["DNS Write"]
}
