"""Drives the simulator with Cloudflare's own SDK, every answer validated against the SDK's schemas."""

import json
import os
from datetime import datetime, timedelta, timezone

import cloudflare
from cloudflare import Cloudflare

SIMULATOR = json.loads(os.environ["SIMULATOR"])
ACCOUNT = SIMULATOR["account_id"]
ACCOUNT_SCOPE = "com.cloudflare.api.account"


def client(token, strict=True):
    return Cloudflare(
        api_token=token, base_url=SIMULATOR["base_url"], max_retries=0, _strict_response_validation=strict
    )


def refused(error, code, call):
    try:
        call()
    except error as problem:
        codes = [item.code for item in problem.errors]
        assert codes == [code], codes
    else:
        raise AssertionError(f"not refused with {code}")


def policy(effect, *groups):
    return {
        "effect": effect,
        "permission_groups": [{"id": group} for group in groups],
        "resources": {f"{ACCOUNT_SCOPE}.{ACCOUNT}": "*"},
    }


def contents(token):
    return {(p.effect, tuple(g.id for g in p.permission_groups), json.dumps(p.resources)) for p in token.policies}


def permission_groups(root):
    # This version of the SDK does not know the scope of a Worker, which the API has had since 2026.
    lenient = client(SIMULATOR["root_token"], strict=False).accounts.tokens.permission_groups
    everything = list(lenient.list(account_id=ACCOUNT))
    assert len(everything) > 200, len(everything)
    assert len(lenient.get(account_id=ACCOUNT)) == len(everything)
    assert len(list(root.accounts.tokens.permission_groups.list(account_id=ACCOUNT, scope=ACCOUNT_SCOPE))) > 200

    def find(name):
        found = list(root.accounts.tokens.permission_groups.list(account_id=ACCOUNT, name=name, scope=ACCOUNT_SCOPE))
        assert [group.name for group in found] == [name], found
        return found[0].id

    assert list(root.accounts.tokens.permission_groups.list(account_id=ACCOUNT, name="No Such Group")) == []
    return find("Workers Scripts Write"), find("Cloudflare Tunnel Read"), find("Access: Apps and Policies Read")


def main():
    root = client(SIMULATOR["root_token"])
    workers, tunnels, access = permission_groups(root)

    expires = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=1)
    condition = {"request_ip": {"in": ["127.0.0.0/8"], "not_in": ["127.1.0.0/16"]}}
    made = root.accounts.tokens.create(
        account_id=ACCOUNT,
        name="made by the SDK",
        policies=[policy("allow", workers, tunnels), policy("deny", access)],
        condition=condition,
        expires_on=expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    assert made.value.startswith("cfat_") and len(made.value) == 53
    assert made.expires_on == expires and made.status == "active"
    assert [p.effect for p in made.policies] == ["deny", "allow"], "policies come back in another order"
    groups = [g.id for p in made.policies for g in p.permission_groups if p.effect == "allow"]
    assert groups == sorted([workers, tunnels]), "groups come back sorted"

    read = root.accounts.tokens.get(made.id, account_id=ACCOUNT)
    assert contents(read) == contents(made) and read.condition.request_ip.in_ == ["127.0.0.0/8"]
    listed = [token.id for token in root.accounts.tokens.list(account_id=ACCOUNT, per_page=5)]
    assert made.id in listed and len(listed) == len(set(listed))

    own = client(made.value)
    verified = own.accounts.tokens.verify(account_id=ACCOUNT)
    assert (verified.id, verified.status) == (made.id, "active")
    refused(cloudflare.PermissionDeniedError, 9109, lambda: own.accounts.tokens.get(made.id, account_id=ACCOUNT))
    refused(cloudflare.AuthenticationError, 1000, lambda: own.user.tokens.verify())

    script = SIMULATOR["scripts"][0]
    secret = own.workers.scripts.secrets.update(
        script, account_id=ACCOUNT, name="TOKEN", text="a text", type="secret_text"
    )
    assert secret.name == "TOKEN"
    assert [s.name for s in own.workers.scripts.secrets.list(script, account_id=ACCOUNT)] == ["TOKEN"]
    own.workers.scripts.secrets.delete("TOKEN", account_id=ACCOUNT, script_name=script)

    changed = root.accounts.tokens.update(
        made.id, account_id=ACCOUNT, name="renamed", policies=[policy("allow", tunnels)], status="active"
    )
    assert changed.name == "renamed" and changed.expires_on == expires, "what is left out stays"
    assert not {p.id for p in changed.policies} & {p.id for p in made.policies}, "policies get new ids"
    refused(
        cloudflare.PermissionDeniedError,
        10000,
        lambda: list(own.workers.scripts.secrets.list(script, account_id=ACCOUNT)),
    )
    assert list(own.zero_trust.tunnels.cloudflared.list(account_id=ACCOUNT)) == []

    value = root.accounts.tokens.value.update(made.id, account_id=ACCOUNT)
    assert value.startswith("cfat_") and value != made.value
    refused(cloudflare.AuthenticationError, 1000, lambda: own.accounts.tokens.verify(account_id=ACCOUNT))
    assert client(value).accounts.tokens.verify(account_id=ACCOUNT).id == made.id

    assert root.accounts.tokens.delete(made.id, account_id=ACCOUNT).id == made.id
    refused(cloudflare.NotFoundError, 1003, lambda: root.accounts.tokens.get(made.id, account_id=ACCOUNT))
    refused(cloudflare.NotFoundError, 1003, lambda: root.accounts.tokens.delete(made.id, account_id=ACCOUNT))


def user_tokens():
    """The same on the user's own endpoints, which have the same shapes without an account."""
    root = client(SIMULATOR["user_token"])
    lenient = client(SIMULATOR["user_token"], strict=False)
    groups = list(lenient.user.tokens.permission_groups.list())
    find = {group.name: group.id for group in groups}
    assert "API Tokens Write" in find, "groups of the scope of a user"
    everywhere = {f"{ACCOUNT_SCOPE}.zone.*": "*"}
    dns = {"effect": "allow", "permission_groups": [{"id": find["DNS Read"]}], "resources": everywhere}
    made = root.user.tokens.create(name="made by the SDK", policies=[dns])
    assert made.value.startswith("cfut_") and len(made.value) == 53
    assert made.policies[0].resources == everywhere, "all zones of all accounts stay flat"

    read = root.user.tokens.get(made.id)
    assert contents(read) == contents(made)
    assert made.id in [token.id for token in root.user.tokens.list(per_page=5)]

    own = client(made.value)
    verified = own.user.tokens.verify()
    assert (verified.id, verified.status) == (made.id, "active")
    refused(cloudflare.PermissionDeniedError, 9109, lambda: own.user.tokens.get(made.id))

    changed = root.user.tokens.update(made.id, name="renamed", policies=[dns], status="disabled")
    assert (changed.name, changed.status) == ("renamed", "disabled")
    value = root.user.tokens.value.update(made.id)
    assert value.startswith("cfut_") and value != made.value
    refused(cloudflare.AuthenticationError, 1000, lambda: own.user.tokens.verify())

    assert root.user.tokens.delete(made.id).id == made.id
    refused(cloudflare.NotFoundError, 1003, lambda: root.user.tokens.get(made.id))
    # An account's token has no user.
    of_account = client(SIMULATOR["root_token"])
    refused(cloudflare.PermissionDeniedError, 9109, lambda: list(of_account.user.tokens.list()))


if __name__ == "__main__":
    main()
    user_tokens()
