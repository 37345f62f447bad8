# <account_id>/<token_id>. The account id is optional if it is the provider's.
import {
  to = cloudflare_account_api_token.deploy
  id = "0da42c8d2132a9ddaf714f9e7c920711/6e4a9b1c3f5d4e0f8a7b6c5d4e3f2a1b"
}
