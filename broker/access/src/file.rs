//! Reads `access.toml` and checks it into a [`Policy`].

mod account;
mod edit;
mod entries;
mod jwt;
mod store;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use toml::Spanned;
use uns_model::Filter;

use crate::Error;
use crate::account_name::is_account_name;
use crate::password::PasswordHash;
use crate::policy::{ADMIN, Certificate, Device, Policy, RuleBook, User};
use crate::rules::{LEVELS_MAX, Rule, Scope};
use crate::scram::{ITERATIONS_RANGE, ScramKeys};
use crate::secret::SecretHash;
pub use account::{AccountRights, ListedAccount};
use entries::{
    AnonymousEntry, CertificateEntry, DeviceEntry, File, Lists, ScramEntry, Text, UserEntry,
};
pub use store::AccessFile;

/// The most rules of one entry.
const RULES_MAX: usize = 10_000;

/// Turns the file's text into a policy.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Policy, Error> {
    let source = FileText { path, text };
    let file: File = toml::from_str(text).map_err(|error| source.syntax(&error))?;
    let deny = source.rules(&file.deny.lists(), false, "[deny]")?;
    let mut roles = HashMap::new();
    for role in &file.role {
        let what = format!("role `{}`", role.name.get_ref());
        source.name(&role.name, &what)?;
        let rules = source.rules(&role.lists(), true, &what)?;
        if role.name.get_ref() == ADMIN
            || roles.insert(role.name.get_ref().clone(), rules).is_some()
        {
            return Err(
                source.wrong(&role.name, format!("{what} exists already; choose another name"))
            );
        }
    }
    let reader = Reader { source, deny, roles };
    let mut policy =
        Policy { anonymous: reader.anonymous(file.anonymous.as_ref())?, ..Policy::default() };
    for user in &file.user {
        reader.user(user, &mut policy)?;
    }
    for device in &file.device {
        reader.device(device, &mut policy)?;
    }
    for certificate in &file.certificate {
        reader.certificate(certificate, &mut policy)?;
    }
    policy.jwt = file.jwt.as_ref().map(|jwt| reader.jwt(jwt)).transpose()?;
    Ok(policy)
}

/// The text of the file, for errors that name a line of it.
#[derive(Clone, Copy)]
struct FileText<'a> {
    path: &'a Path,
    text: &'a str,
}

impl FileText<'_> {
    fn error(self, start: Option<usize>, what: String) -> Error {
        let line = start.and_then(|start| self.text.get(..start));
        let line = line.map(|before| before.matches('\n').count() + 1);
        Error::Content { path: self.path.to_owned(), line, what }
    }

    fn wrong<T>(self, spanned: &Spanned<T>, what: String) -> Error {
        self.error(Some(spanned.span().start), what)
    }

    /// The message of the parser, without the text it is about, which may contain a secret.
    fn syntax(self, error: &toml::de::Error) -> Error {
        let said = error.message();
        let what = match (said.strip_prefix("invalid type: string \""), said.rsplit_once("\", ")) {
            (Some(_), Some((_, expected))) => format!("a string where this is {expected}"),
            _ => said.to_owned(),
        };
        self.error(error.span().map(|span| span.start), what)
    }

    fn name(self, name: &Text, what: &str) -> Result<(), Error> {
        if is_account_name(name.get_ref()) {
            return Ok(());
        }
        let remedy = "`name` takes 1 to 128 characters, none of them a control character";
        Err(self.wrong(name, format!("{what}: {remedy}")))
    }

    fn rules(self, lists: &Lists<'_>, allow: bool, what: &str) -> Result<Vec<Rule>, Error> {
        let mut rules = Vec::new();
        let all = [
            ("allow", Scope::Both, allow, lists.allow),
            ("publish", Scope::Publish, allow, lists.publish),
            ("subscribe", Scope::Receive, allow, lists.subscribe),
            ("deny", Scope::Both, false, lists.deny),
        ];
        for (key, scope, allow, filters) in all {
            for text in filters {
                let wrong = |why: String| {
                    self.wrong(text, format!("{what}: `{key}` has `{}`: {why}", text.get_ref()))
                };
                let filter = Filter::parse(text.get_ref())
                    .map_err(|error| wrong(format!("{error}; write a filter such as acme/#")))?;
                if filter.as_str().split('/').count() > LEVELS_MAX {
                    return Err(wrong(format!("a rule has {LEVELS_MAX} levels at most")));
                }
                rules.push(Rule { scope, allow, filter });
            }
        }
        if rules.len() > RULES_MAX {
            return Err(self.error(None, format!("{what}: {RULES_MAX} rules at most")));
        }
        Ok(rules)
    }
}

/// Reads entries, with the rules that they share.
struct Reader<'a> {
    source: FileText<'a>,
    deny: Vec<Rule>,
    roles: HashMap<String, Vec<Rule>>,
}

impl Reader<'_> {
    /// The rules of an entry, including those for everybody.
    fn book(&self, lists: &Lists<'_>, what: &str) -> Result<RuleBook, Error> {
        let mut rules = self.source.rules(lists, true, what)?;
        rules.extend(self.deny.iter().cloned());
        let mut admin = false;
        for role in lists.roles {
            if role.get_ref() == ADMIN {
                admin = true;
                rules.extend(RuleBook::of_admin());
                continue;
            }
            let Some(known) = self.roles.get(role.get_ref()) else {
                let what = format!(
                    "{what}: there is no role `{}`; roles are `admin` and those of [[role]]",
                    role.get_ref()
                );
                return Err(self.source.wrong(role, what));
            };
            rules.extend(known.iter().cloned());
        }
        Ok(RuleBook::new(rules, admin))
    }

    /// The rules of anonymous clients. They may do everything, unless the file says otherwise.
    fn anonymous(&self, entry: Option<&AnonymousEntry>) -> Result<RuleBook, Error> {
        match entry {
            Some(entry) => self.book(&entry.lists(), "[anonymous]"),
            None if self.deny.is_empty() => Ok(RuleBook::everything()),
            None => {
                let deny = self.deny.iter().cloned();
                Ok(RuleBook::new(RuleBook::of_admin().chain(deny).collect(), true))
            }
        }
    }

    fn user(&self, user: &UserEntry, policy: &mut Policy) -> Result<(), Error> {
        let name = user.name.get_ref();
        let what = format!("user `{name}`");
        self.source.name(&user.name, &what)?;
        let password = PasswordHash::parse(user.password.get_ref()).ok_or_else(|| {
            let remedy = "`password` is no argon2id hash; `uns user passwd` writes one";
            self.source.wrong(&user.password, format!("{what}: {remedy}"))
        })?;
        let scram = user.scram.as_ref().map(|scram| self.scram(scram, &what)).transpose()?;
        let credential = user.password.get_ref().clone();
        let book = self.book(&user.lists(), &what)?;
        let entry = User { password, scram, credential, book };
        if policy.users.insert(name.as_str().into(), entry).is_some() {
            return Err(self.duplicate(&user.name, &what));
        }
        Ok(())
    }

    fn scram(&self, scram: &Spanned<ScramEntry>, what: &str) -> Result<ScramKeys, Error> {
        let entry = scram.get_ref();
        let key = |text: &str| STANDARD.decode(text).ok()?.try_into().ok();
        let read = || {
            let salt = STANDARD.decode(&entry.salt).ok().filter(|salt| salt.len() >= 8)?;
            let (stored_key, server_key) = (key(&entry.stored_key)?, key(&entry.server_key)?);
            let iterations = Some(entry.iterations).filter(|n| ITERATIONS_RANGE.contains(n))?;
            Some(ScramKeys { salt, iterations, stored_key, server_key })
        };
        read().ok_or_else(|| {
            let remedy = "`scram` is not usable; `uns user passwd` writes it anew";
            self.source.wrong(scram, format!("{what}: {remedy}"))
        })
    }

    fn device(&self, device: &DeviceEntry, policy: &mut Policy) -> Result<(), Error> {
        let name = device.name.get_ref();
        let what = format!("device `{name}`");
        self.source.name(&device.name, &what)?;
        let secret = SecretHash::parse(device.secret_sha256.get_ref()).ok_or_else(|| {
            let remedy = "`secret_sha256` is no SHA-256 in 64 hexadecimal digits; remove the \
                          device and `uns device add` it again";
            self.source.wrong(&device.secret_sha256, format!("{what}: {remedy}"))
        })?;
        let book = self.book(&device.lists(), &what)?;
        if policy.users.contains_key(name.as_str())
            || policy.devices.insert(name.as_str().into(), Device { secret, book }).is_some()
        {
            return Err(self.duplicate(&device.name, &what));
        }
        Ok(())
    }

    fn certificate(&self, entry: &CertificateEntry, policy: &mut Policy) -> Result<(), Error> {
        let name = entry.name.get_ref();
        let what = format!("certificate of `{name}`");
        self.source.name(&entry.name, &what)?;
        let (key, by_subject) = match (&entry.subject, &entry.common_name) {
            (Some(subject), None) => (subject, true),
            (None, Some(common_name)) => (common_name, false),
            (Some(_), Some(_)) | (None, None) => {
                let remedy = "name the certificate by `subject` or by `common_name`, one of both";
                return Err(self.source.wrong(&entry.name, format!("{what}: {remedy}")));
            }
        };
        let book = self.book(&entry.lists(), &what)?;
        let value = Certificate { name: name.as_str().into(), book };
        policy.certified.insert(Arc::clone(&value.name));
        let known = if by_subject { &mut policy.subjects } else { &mut policy.common_names };
        if known.insert(key.as_str().into(), value).is_some() {
            return Err(self.duplicate(&entry.name, &what));
        }
        Ok(())
    }

    fn duplicate(&self, name: &Text, what: &str) -> Error {
        self.source.wrong(name, format!("{what} exists already; names are used once, remove one"))
    }
}

#[cfg(test)]
mod tests;
