//! Changes the text of the file and keeps the comments, the order and the spacing in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use super::account::{AccountRights, ListedAccount};
use crate::Error;
use crate::account_name::is_account_name;
use crate::scram::ScramKeys;

/// What the file keeps of a password.
pub(super) struct PasswordSecrets {
    pub(super) hash: String,
    pub(super) scram: ScramKeys,
}

/// The comment at the top of a new file.
const HEAD: &str = "# Who may connect and what they may do. The hub reads changes within seconds; a file \
it cannot use changes nothing\n# and is told in its log. `uns user` and `uns device` write here too.\n\n";

fn document(text: &str) -> Result<DocumentMut, Error> {
    // The text was parsed before, so this fails only if the two parsers differ.
    text.parse().map_err(|_| Error::Unusable("the access file cannot be edited, only read".into()))
}

fn written(document: &DocumentMut) -> String {
    let text = document.to_string();
    if text.starts_with('#') { text } else { format!("{HEAD}{text}") }
}

/// The `[[user]]` or `[[device]]` tables.
fn tables<'d>(document: &'d mut DocumentMut, kind: &str) -> Result<&'d mut ArrayOfTables, Error> {
    let item = document.entry(kind).or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut().ok_or_else(|| {
        Error::Unusable(format!(
            "write every {kind} as [[{kind}]]: only so can they be changed here"
        ))
    })
}

fn is_named(table: &Table, name: &str) -> bool {
    table.get("name").and_then(Item::as_str) == Some(name)
}

fn add(text: &str, kind: &'static str, name: &str, entry: Table) -> Result<String, Error> {
    if !is_account_name(name) {
        let why = format!("a {kind}'s name has 1 to 128 characters, no control characters");
        return Err(Error::Unusable(why));
    }
    let mut document = document(text)?;
    for other in ["user", "device"] {
        if tables(&mut document, other)?.iter().any(|table| is_named(table, name)) {
            let remedy = if other == kind && kind == "user" {
                "`uns user passwd` gives it another password"
            } else {
                "remove it first, or choose another name"
            };
            return Err(Error::Exists { kind: other, name: name.to_owned(), remedy });
        }
        if tables(&mut document, other)?.is_empty() {
            document.remove(other);
        }
    }
    tables(&mut document, kind)?.push(entry);
    Ok(written(&document))
}

fn account_table(name: &str, rights: AccountRights<'_>) -> Table {
    let mut table = Table::new();
    table.insert("name", value(name));
    let lists = [
        ("roles", rights.roles),
        ("allow", rights.allow),
        ("publish", rights.publish),
        ("subscribe", rights.subscribe),
    ];
    for (key, filters) in lists.into_iter().filter(|(_, filters)| !filters.is_empty()) {
        table.insert(key, value(filters.iter().collect::<Array>()));
    }
    table
}

pub(super) fn add_device(
    text: &str,
    name: &str,
    secret_sha256: &str,
    rights: AccountRights<'_>,
) -> Result<String, Error> {
    let mut table = account_table(name, rights);
    table.insert("secret_sha256", value(secret_sha256));
    add(text, "device", name, table)
}

pub(super) fn add_user(
    text: &str,
    name: &str,
    secrets: &PasswordSecrets,
    rights: AccountRights<'_>,
) -> Result<String, Error> {
    let mut table = account_table(name, rights);
    set_secrets(&mut table, secrets);
    add(text, "user", name, table)
}

fn set_secrets(table: &mut Table, secrets: &PasswordSecrets) {
    let PasswordSecrets { hash, scram } = secrets;
    table.insert("password", value(hash.as_str()));
    let mut keys = InlineTable::new();
    keys.insert("salt", STANDARD.encode(&scram.salt).into());
    keys.insert("iterations", i64::from(scram.iterations).into());
    keys.insert("stored_key", STANDARD.encode(scram.stored_key).into());
    keys.insert("server_key", STANDARD.encode(scram.server_key).into());
    table.insert("scram", value(keys));
}

pub(super) fn set_password(
    text: &str,
    name: &str,
    secrets: &PasswordSecrets,
) -> Result<String, Error> {
    let mut document = document(text)?;
    let unknown = || Error::Unknown { kind: "user", name: name.to_owned() };
    let table = tables(&mut document, "user")?.iter_mut().find(|table| is_named(table, name));
    set_secrets(table.ok_or_else(unknown)?, secrets);
    Ok(written(&document))
}

pub(super) fn remove(text: &str, kind: &'static str, name: &str) -> Result<String, Error> {
    let mut document = document(text)?;
    let entries = tables(&mut document, kind)?;
    let before = entries.len();
    entries.retain(|table| !is_named(table, name));
    if entries.len() == before {
        return Err(Error::Unknown { kind, name: name.to_owned() });
    }
    if entries.is_empty() {
        document.remove(kind);
    }
    Ok(written(&document))
}

pub(super) fn list(text: &str, kind: &str) -> Vec<ListedAccount> {
    let Ok(document) = document(text) else { return Vec::new() };
    let Some(entries) = document.get(kind).and_then(Item::as_array_of_tables) else {
        return Vec::new();
    };
    let listed = entries.iter().map(|table| {
        let rules =
            ["roles", "allow", "publish", "subscribe", "deny"].into_iter().filter_map(|key| {
                let filters =
                    table.get(key)?.as_array()?.iter().filter_map(|filter| filter.as_str());
                Some(format!("{key} {}", filters.collect::<Vec<_>>().join(" ")))
            });
        let name = table.get("name").and_then(Item::as_str).unwrap_or_default().to_owned();
        ListedAccount { name, rules: rules.collect::<Vec<_>>().join("; ") }
    });
    listed.collect()
}
