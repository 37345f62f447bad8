terraform {
  required_providers {
    cloudflare-tokens = {
      source = "cloudflare-tokens/cloudflare-tokens"
    }
  }
}

# A token for a bucket, and the credentials of R2's S3 API that belong to it.
resource "cloudflare_account_api_token" "photos" {
  provider = cloudflare-tokens

  policies = [
    {
      permission_groups = ["Workers R2 Storage Bucket Item Read"]
      r2_buckets        = ["default/photos"]
    },
  ]
}

output "access_key_id" {
  value = cloudflare_account_api_token.photos.id
}

output "secret_access_key" {
  value     = provider::cloudflare-tokens::r2_secret_access_key(cloudflare_account_api_token.photos.value)
  sensitive = true
}
