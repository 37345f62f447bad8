variable "access" {
  description = "What the token may do with the account's tunnels: `create`, `read` or `read-write`."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["create", "read", "read-write"], var.access)
    error_message = "access is \"create\", \"read\" or \"read-write\"."
  }
}

variable "account_id" {
  description = "The account that has the tunnels, and owns the token. Default: the provider's."
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null || can(regex("^[0-9a-f]{32}$", var.account_id))
    error_message = "account_id is 32 lower-case hexadecimal digits."
  }
}

variable "name" {
  description = "What the token is called. Default: a name is made."
  type        = string
  default     = null

  validation {
    condition     = var.name == null || try(length(var.name) >= 1 && length(var.name) <= 120, false)
    error_message = "name has 1 to 120 characters."
  }
}

variable "worker" {
  description = <<-EOT
    The Worker that gets the token, and the names of the secrets by which its script reads the token and the account's id.
    The Worker must be deployed. Default: none gets it.
  EOT
  type = object({
    script_name       = string
    token_secret      = optional(string, "CLOUDFLARE_API_TOKEN")
    account_id_secret = optional(string, "CLOUDFLARE_ACCOUNT_ID")
  })
  default = null

  validation {
    condition     = var.worker == null || try(var.worker.token_secret != var.worker.account_id_secret, false)
    error_message = "The two secrets need different names."
  }

  validation {
    condition = var.worker == null || alltrue([
      for name in [try(var.worker.token_secret, ""), try(var.worker.account_id_secret, "")] :
      can(regex("^[A-Za-z_$][A-Za-z0-9_$]*$", name))
    ])
    error_message = "A secret's name is an identifier of JavaScript, since the Worker reads it as `env.NAME`."
  }
}

variable "expires_in" {
  description = "How long a value works after it was issued, such as `90d`; longer than `rotation.every`. Default: for ever."
  type        = string
  default     = null
}

variable "rotation" {
  description = "When the token gets a new value, as in `cloudflare_account_api_token`. Default: never."
  type = object({
    every    = optional(string)
    overlap  = optional(string)
    triggers = optional(map(string))
  })
  default = null
}
