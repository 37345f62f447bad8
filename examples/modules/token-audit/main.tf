data "cloudflare_account_api_tokens" "all" {
  account_id = var.account_id
}

locals {
  tokens = data.cloudflare_account_api_tokens.all.tokens
  now    = plantimestamp()

  # The day of each instant, counted from 1970: Terraform compares times, but has no function that subtracts them. The years
  # begin with March here, so that a leap day is the last day of its year.
  instants = distinct(concat([local.now], flatten([
    for token in local.tokens : [
      for instant in [token.issued_on, token.last_used_on, token.expires_on] : instant if instant != null
    ]
  ])))
  dates = {
    for instant in local.instants : instant => {
      year  = tonumber(formatdate("YYYY", instant)) - (tonumber(formatdate("M", instant)) < 3 ? 1 : 0)
      month = (tonumber(formatdate("M", instant)) + 9) % 12
      day   = tonumber(formatdate("D", instant))
    }
  }
  days = {
    for instant, date in local.dates : instant => sum([
      365 * date.year, floor(date.year / 4), -floor(date.year / 100), floor(date.year / 400),
      floor((153 * date.month + 2) / 5), date.day - 719469,
    ])
  }
  today = local.days[local.now]

  facts = {
    for token in local.tokens : token.id => {
      age        = token.issued_on == null ? null : local.today - local.days[token.issued_on]
      unused_for = try(local.today - local.days[coalesce(token.last_used_on, token.issued_on)], null)
      ends_in    = token.expires_on == null ? null : local.days[token.expires_on] - local.today
      addresses = token.condition == null ? [] : concat(
        [for address in coalesce(token.condition.request_ip.in, []) : address],
        [for address in coalesce(token.condition.request_ip.not_in, []) : "not ${address}"],
      )
      # What `grants` says, by what it applies to.
      rights = {
        for line in [for line in token.grants : regex("^(allow|deny) (\".*\"|[0-9a-f]{32}) on (.*)$", line)] :
        line[2] => "${line[0] == "deny" ? "not " : ""}${trim(line[1], "\"")}"...
      }
      dangerous = [
        for group in var.dangerous_permission_groups : group
        if anytrue([for line in token.grants : startswith(line, "allow \"${group}\" on ")])
      ]
    }
  }

  # A disabled, expired or revoked token can do no harm.
  watched = [
    for token in local.tokens : {
      id           = token.id
      name         = token.name
      last_used_on = token.last_used_on
      expires_on   = token.expires_on
    } if token.status == "active" && !contains(var.ignored, token.id)
  ]

  stale = [
    for token in local.watched : token
    if try(local.facts[token.id].unused_for >= var.stale_after_days, false)
  ]
  expiring = [
    for token in local.watched : token
    if try(local.facts[token.id].ends_in <= var.expiring_within_days, false)
  ]
  unrestricted = [
    for token in local.watched : token
    if token.expires_on == null && length(local.facts[token.id].addresses) == 0
  ]
  dangerous = [
    for token in local.watched : merge(token, { permission_groups = local.facts[token.id].dangerous })
    if length(local.facts[token.id].dangerous) > 0
  ]

  rows = [
    for token in local.tokens : join(" | ", [
      "${replace(token.name, "|", "\\|")}${token.status == "active" ? "" : " (${token.status})"}",
      length(token.grants) == 0 ? "none" : join("<br>", [
        for target, rights in local.facts[token.id].rights : "${target}: ${join(", ", rights)}"
      ]),
      local.facts[token.id].age == null ? "unknown" : "${local.facts[token.id].age} days",
      token.last_used_on == null ? "never" : formatdate("YYYY-MM-DD", token.last_used_on),
      token.expires_on == null ? "never" : formatdate("YYYY-MM-DD", token.expires_on),
      length(local.facts[token.id].addresses) == 0 ? "all" : join(", ", local.facts[token.id].addresses),
    ])
  ]
  report = join("\n", concat(
    ["| token | rights | age | last used | expires | addresses |", "|---|---|---|---|---|---|"],
    [for row in local.rows : "| ${row} |"],
  ))
}

check "stale" {
  assert {
    condition     = length(local.stale) == 0
    error_message = "Not used for ${var.stale_after_days} days: ${join(", ", local.stale[*].name)}."
  }
}

check "expiring" {
  assert {
    condition     = length(local.expiring) == 0
    error_message = "Expire within ${var.expiring_within_days} days: ${join(", ", local.expiring[*].name)}."
  }
}

check "unrestricted" {
  assert {
    condition     = length(local.unrestricted) == 0
    error_message = "Work from everywhere and for ever: ${join(", ", local.unrestricted[*].name)}."
  }
}

check "dangerous" {
  assert {
    condition     = length(local.dangerous) == 0
    error_message = "May manage tokens, members or billing: ${join(", ", local.dangerous[*].name)}."
  }
}
