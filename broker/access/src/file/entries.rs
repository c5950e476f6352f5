//! The tables and keys of the file. Unknown ones are errors.

use serde::Deserialize;
use toml::Spanned;

pub(super) type Text = Spanned<String>;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct File {
    pub(super) deny: DenyEntry,
    pub(super) anonymous: Option<AnonymousEntry>,
    pub(super) role: Vec<RoleEntry>,
    pub(super) user: Vec<UserEntry>,
    pub(super) device: Vec<DeviceEntry>,
    pub(super) certificate: Vec<CertificateEntry>,
    pub(super) jwt: Option<Spanned<JwtEntry>>,
}

/// The filters of an entry.
#[derive(Clone, Copy, Default)]
pub(super) struct Lists<'a> {
    pub(super) allow: &'a [Text],
    pub(super) publish: &'a [Text],
    pub(super) subscribe: &'a [Text],
    pub(super) deny: &'a [Text],
    pub(super) roles: &'a [Text],
}

/// Declares an entry with the rule lists that all entries have.
macro_rules! entry {
    ($(#[$about:meta])* $name:ident { $($field:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $(pub(super) $field: $kind,)*
            #[serde(default)]
            allow: Vec<Text>,
            #[serde(default)]
            publish: Vec<Text>,
            #[serde(default)]
            subscribe: Vec<Text>,
            #[serde(default)]
            deny: Vec<Text>,
            #[serde(default)]
            roles: Vec<Text>,
        }

        impl $name {
            pub(super) fn lists(&self) -> Lists<'_> {
                Lists {
                    allow: &self.allow,
                    publish: &self.publish,
                    subscribe: &self.subscribe,
                    deny: &self.deny,
                    roles: &self.roles,
                }
            }
        }
    };
}

entry! {
    /// `[[role]]`
    RoleEntry { name: Text, }
}
entry! {
    /// `[[user]]`
    UserEntry { name: Text, password: Text, scram: Option<Spanned<ScramEntry>>, }
}
entry! {
    /// `[[device]]`
    DeviceEntry { name: Text, secret_sha256: Text, }
}
entry! {
    /// `[[certificate]]`
    CertificateEntry { name: Text, subject: Option<String>, common_name: Option<String>, }
}
entry! {
    /// `[anonymous]`
    AnonymousEntry { }
}
entry! {
    /// `[jwt]`
    JwtEntry {
        issuer: String,
        audience: String,
        key: Vec<KeyEntry>,
        leeway_seconds: Option<u32>,
        name_claim: Option<String>,
        allow_claim: Option<String>,
        roles_claim: Option<String>,
    }
}

/// `[[jwt.key]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyEntry {
    pub(super) algorithm: Text,
    pub(super) file: Text,
    pub(super) kid: Option<String>,
}

/// `scram = { … }` of a user.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScramEntry {
    pub(super) salt: String,
    pub(super) iterations: u32,
    pub(super) stored_key: String,
    pub(super) server_key: String,
}

/// `[deny]`: what nobody may do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct DenyEntry {
    all: Vec<Text>,
    publish: Vec<Text>,
    subscribe: Vec<Text>,
}

impl DenyEntry {
    pub(super) fn lists(&self) -> Lists<'_> {
        Lists {
            deny: &self.all,
            publish: &self.publish,
            subscribe: &self.subscribe,
            ..Lists::default()
        }
    }
}
