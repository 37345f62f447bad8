variable "resource_types" {
  description = <<-EOT
    The resource types and data sources that the configuration has, such as `cloudflare_dns_record` and
    `data.cloudflare_zone`: what the function `terraform_policies` takes.
  EOT
  type        = set(string)
  nullable    = false
}

variable "targets" {
  description = "What the policies apply to, as in `terraform_policies`: `{ zones = [...] }`, or `{}` without zones."
  # It has no object type, so that the function can distinguish an omitted attribute from a null by mistake.
  type     = any
  default  = {}
  nullable = false
}

variable "plan_policies" {
  description = "Further policies of the token that plans, for types whose permission groups are not published."
  type = list(object({
    effect            = optional(string, "allow")
    permission_groups = set(string)
    zones             = optional(set(string))
    r2_buckets        = optional(set(string))
    workers           = optional(set(string))
    resources         = optional(map(string))
  }))
  default  = []
  nullable = false
}

variable "apply_policies" {
  description = "Further policies of the token that applies."
  type = list(object({
    effect            = optional(string, "allow")
    permission_groups = set(string)
    zones             = optional(set(string))
    r2_buckets        = optional(set(string))
    workers           = optional(set(string))
    resources         = optional(map(string))
  }))
  default  = []
  nullable = false
}

variable "runner_addresses" {
  description = "Addresses and CIDR ranges of the runners that apply: that token works from them only. Default: from everywhere."
  type        = set(string)
  default     = null

  validation {
    condition     = var.runner_addresses == null ? true : length(var.runner_addresses) > 0
    error_message = "An empty set would lock the token out everywhere: leave it out to ask nothing."
  }
}

variable "plan_key" {
  description = <<-EOT
    The public key that the value of the token that plans is sealed for, of a GitHub repository or one of its environments:
    `public_key` is the base64 of 32 bytes, `key_id` is handed on. Default: the value is not sealed, but in the state.
  EOT
  type = object({
    public_key = string
    key_id     = optional(string)
  })
  default = null

  validation {
    condition     = var.plan_key == null || can(regex("^[A-Za-z0-9+/]{43}=$", var.plan_key.public_key))
    error_message = "public_key is the base64 of 32 bytes, as GitHub's API gives it."
  }
}

variable "apply_key" {
  description = "The same for the token that applies. Give it the key of an environment that only approved runs enter."
  type = object({
    public_key = string
    key_id     = optional(string)
  })
  default = null

  validation {
    condition     = var.apply_key == null || can(regex("^[A-Za-z0-9+/]{43}=$", var.apply_key.public_key))
    error_message = "public_key is the base64 of 32 bytes, as GitHub's API gives it."
  }
}

variable "name" {
  description = "What the tokens are called, before `plan` and `apply`."
  type        = string
  default     = "terraform"
  nullable    = false

  validation {
    condition     = length(var.name) >= 1 && length(var.name) <= 100
    error_message = "name has 1 to 100 characters."
  }
}

variable "account_id" {
  description = "The account that owns the tokens. Default: the provider's."
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null || can(regex("^[0-9a-f]{32}$", var.account_id))
    error_message = "account_id is 32 lower-case hexadecimal digits."
  }
}

variable "rotation" {
  description = "When the tokens get new values, as in `cloudflare_account_api_token`."
  type = object({
    every    = optional(string)
    overlap  = optional(string)
    triggers = optional(map(string))
  })
  default = { every = "30d" }
}

variable "expires_in" {
  description = "How long a value works after it was issued; longer than `rotation.every`. Null: for ever."
  type        = string
  default     = "60d"
}
