//! The functions that write the API's resource keys, for the `resources` of a policy.

use std::collections::BTreeMap;

use super::{id, parameter, wrong};
use crate::cloudflare::may_hold_credential;
use crate::policy::keys;
use crate::tf_provider::framework::{Arguments, Function, FunctionError, Parameter, Raw, Signature, Type};

fn account_id() -> Parameter {
    parameter("account_id", "The account's id, 32 hexadecimal digits.")
}

fn account(arguments: &Arguments) -> Result<&str, FunctionError> {
    id(arguments, 0, "account_id", "an account", "The dashboard shows it on the account's overview page.")
}

/// `account_resource`
pub(crate) struct AccountResource;

impl Function for AccountResource {
    const NAME: &'static str = "account_resource";

    fn signature(&self) -> Signature {
        Signature {
            summary: "The resource key of an account",
            description: "Returns the key that the API has for an account, such as \
                          `com.cloudflare.api.account.<account_id>`, for the `resources` of a policy with account-scoped \
                          permission groups. A policy without `zones`, `r2_buckets` and `resources` means the token's own \
                          account anyway.",
            parameters: vec![account_id()],
            variadic: None,
            result: Type::String,
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError> {
        Ok(Raw::string(keys::account(account(arguments)?)))
    }
}

/// `zone_resource`
pub(crate) struct ZoneResource;

impl Function for ZoneResource {
    const NAME: &'static str = "zone_resource";

    fn signature(&self) -> Signature {
        Signature {
            summary: "The resource key of a zone",
            description: "Returns the key that the API has for a zone, such as \
                          `com.cloudflare.api.account.zone.<zone_id>`, for the `resources` of a policy with zone-scoped \
                          permission groups. The attribute `zones` takes the ids as they are.",
            parameters: vec![parameter("zone_id", "The zone's id, 32 hexadecimal digits: not its name.")],
            variadic: None,
            result: Type::String,
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError> {
        let way_out = "Where you have the zone's name, a `cloudflare_zone` data source has its id. For all zones of an \
                       account call all_zones_resource.";
        Ok(Raw::string(keys::zone(id(arguments, 0, "zone_id", "a zone", way_out)?)))
    }
}

/// `all_zones_resource`
pub(crate) struct AllZonesResource;

impl Function for AllZonesResource {
    const NAME: &'static str = "all_zones_resource";

    fn signature(&self) -> Signature {
        Signature {
            summary: "The resources that mean all zones of an account",
            description: "Returns a map for the `resources` of a policy with zone-scoped permission groups: all zones of \
                          the account, those that it gets later too. The API nests them under the account; the nested \
                          object is JSON here, since `resources` is a map of strings. For the token's own account \
                          `zones = [\"*\"]` says the same.",
            parameters: vec![account_id()],
            variadic: None,
            result: Type::map(Type::String),
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError> {
        let (key, nest) = keys::zones_of(account(arguments)?);
        Ok(Raw::Map(BTreeMap::from([(key, Raw::string(nest))])))
    }
}

/// `r2_bucket_resource`
pub(crate) struct R2BucketResource;

impl Function for R2BucketResource {
    const NAME: &'static str = "r2_bucket_resource";

    fn signature(&self) -> Signature {
        Signature {
            summary: "The resource key of an R2 bucket",
            description: "Returns the key that the API has for an R2 bucket, such as \
                          `com.cloudflare.edge.r2.bucket.<account_id>_<jurisdiction>_<bucket>`, for the `resources` of a \
                          policy with bucket-scoped permission groups. For the token's own account \
                          `r2_buckets = [\"<jurisdiction>/<bucket>\"]` says the same.",
            parameters: vec![
                account_id(),
                parameter(
                    "jurisdiction",
                    "The bucket's jurisdiction: `default` where none was chosen, else `eu` or the like.",
                ),
                parameter("bucket", "The bucket's name."),
            ],
            variadic: None,
            result: Type::String,
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError> {
        let (account, jurisdiction, bucket) =
            (account(arguments)?, arguments.string(1)?, arguments.string(2)?);
        if !keys::is_jurisdiction(jurisdiction) {
            let given = if may_hold_credential(jurisdiction) {
                "jurisdiction is none".to_owned()
            } else {
                format!("\"{jurisdiction}\" is not a jurisdiction")
            };
            let right = "write default, or the one that the bucket was made in, such as eu, in lower case.";
            return Err(wrong(1, format!("{given}: {right}")));
        }
        if !keys::is_bucket(bucket) {
            let right = "bucket is not the name of an R2 bucket: that has 3 to 63 lower-case letters, digits and hyphens.";
            return Err(wrong(2, right));
        }
        Ok(Raw::string(keys::r2_bucket(account, jurisdiction, bucket)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::owner::Owner;
    use crate::policy::{Effect, PolicySpec, Selection, Target, describe};

    const ACCOUNT: &str = "023e105f4ecef8ad9ca31a8372d0c353";
    const ZONE: &str = "eb78d65290b24279ba6f44721b3ea3c4";

    fn call(function: &impl Function, arguments: &[&str]) -> Result<Raw, FunctionError> {
        function.call(&Arguments(arguments.iter().map(|&text| Raw::string(text)).collect()))
    }

    /// The target in the description of a policy with these resources.
    fn described(resources: BTreeMap<String, String>) -> Target {
        use crate::policy::{Catalog, PermissionGroup};
        let id = "4755a26eedb94da69e1066d98aa820be";
        let group = PermissionGroup::new(id.parse().unwrap(), "A", vec![]);
        let (owner, catalog) = (Owner::Account(ACCOUNT.into()), Catalog::new(vec![group]));
        let target = Target::Resources(resources);
        let spec =
            PolicySpec { effect: Effect::Allow, permission_groups: BTreeSet::from([id.into()]), target };
        let policy = spec.resolve(&owner, &catalog).unwrap().policies.remove(0);
        describe(&policy, &owner, None, &Default::default()).target
    }

    fn flat(key: &Raw) -> BTreeMap<String, String> {
        BTreeMap::from([(key.as_str().unwrap().to_owned(), "*".to_owned())])
    }

    #[test]
    fn keys_mean_what_the_typed_attributes_mean() {
        let account = flat(&call(&AccountResource, &[ACCOUNT]).unwrap());
        assert_eq!(described(account.clone()), Target::Resources(account));
        let only = |element: &str| Selection::Only(BTreeSet::from([element.to_owned()]));
        assert_eq!(described(flat(&call(&ZoneResource, &[ZONE]).unwrap())), Target::Zones(only(ZONE)));
        assert_eq!(
            described(flat(&call(&R2BucketResource, &[ACCOUNT, "eu", "photos"]).unwrap())),
            Target::R2Buckets(only("eu/photos"))
        );
        let all = call(&AllZonesResource, &[ACCOUNT]).unwrap();
        let all = all.as_map().unwrap().iter().map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()));
        assert_eq!(described(all.collect()), Target::Zones(Selection::All));
    }

    #[test]
    fn all_zones_are_nested_as_the_api_writes_them() {
        let all = call(&AllZonesResource, &[ACCOUNT]).unwrap();
        let nest = all.get("com.cloudflare.api.account.023e105f4ecef8ad9ca31a8372d0c353").as_str();
        assert_eq!(nest, Some(r#"{"com.cloudflare.api.account.zone.*":"*"}"#));
    }

    #[test]
    fn a_wrong_argument_is_named_with_what_would_be_right_and_not_quoted() {
        let secret = "cfat_0123456789012345678901234567890123456789";
        let fault = |result: Result<Raw, FunctionError>| result.unwrap_err();
        let cases = [
            (fault(call(&AccountResource, &[secret])), 0, "account_id"),
            (fault(call(&AllZonesResource, &[secret])), 0, "account_id"),
            (fault(call(&ZoneResource, &[secret])), 0, "zone_id"),
            (fault(call(&R2BucketResource, &[ACCOUNT, secret, "photos"])), 1, "jurisdiction"),
            (fault(call(&R2BucketResource, &[ACCOUNT, "eu", secret])), 2, "bucket"),
            (fault(call(&R2BucketResource, &[ACCOUNT, "eu", "a/b"])), 2, "bucket"),
        ];
        for (error, argument, name) in cases {
            assert_eq!(error.argument, Some(argument));
            assert!(error.text.starts_with(name) && !error.text.contains(secret), "{}", error.text);
        }
    }
}
