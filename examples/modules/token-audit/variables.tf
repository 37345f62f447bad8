variable "account_id" {
  description = "The account whose tokens are looked at. Default: the provider's."
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null || can(regex("^[0-9a-f]{32}$", var.account_id))
    error_message = "account_id is 32 lower-case hexadecimal digits."
  }
}

variable "stale_after_days" {
  description = "A token that was not used for so many days is stale. One that was never used counts from its creation."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.stale_after_days >= 1 && floor(var.stale_after_days) == var.stale_after_days
    error_message = "stale_after_days is a whole number from 1."
  }
}

variable "expiring_within_days" {
  description = "A token that ends within so many days is expiring."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.expiring_within_days >= 1 && floor(var.expiring_within_days) == var.expiring_within_days
    error_message = "expiring_within_days is a whole number from 1."
  }
}

variable "dangerous_permission_groups" {
  description = "Names of the permission groups that make a token dangerous. Default: those that manage tokens, members or billing."
  type        = set(string)
  default = [
    "API Tokens Write",
    "Account API Tokens Write",
    "Account Settings Write",
    "Billing Write",
    "Memberships Write",
    "SCIM Provisioning",
  ]
  nullable = false
}

variable "ignored" {
  description = "Ids of tokens that no list and no check names. The report still has them."
  type        = set(string)
  default     = []
  nullable    = false
}
