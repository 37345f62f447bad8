# user/<token_id>. The part "user/" is optional.
import {
  to = cloudflare_user_api_token.cli
  id = "user/6e4a9b1c3f5d4e0f8a7b6c5d4e3f2a1b"
}
