output "report" {
  description = "A Markdown table of all tokens: rights by target, age, last use, expiry and addresses."
  value       = local.report
}

output "stale" {
  description = "The active tokens that were not used for `stale_after_days`: `id`, `name`, `last_used_on` and `expires_on` of each."
  value       = local.stale
}

output "expiring" {
  description = "The active tokens that end within `expiring_within_days`."
  value       = local.expiring
}

output "unrestricted" {
  description = "The active tokens without an IP condition and without an expiry."
  value       = local.unrestricted
}

output "dangerous" {
  description = "The active tokens that have one of `dangerous_permission_groups`, with `permission_groups` of each."
  value       = local.dangerous
}
