//! Changes of the file's text that keep what people wrote: comments, order, spacing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use super::is_name;
use super::store::{Grants, Listed};
use crate::Error;
use crate::scram::ScramKeys;

/// What a new file begins with.
const HEAD: &str = "# Who may connect and what they may do. The hub reads changes within seconds; a file \
it cannot use changes nothing\n# and is told in its log. `uns user` and `uns device` write here too.\n\n";

fn document(text: &str) -> Result<DocumentMut, Error> {
    // The text was parsed before: this cannot fail but for a difference of two parsers.
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
    if !is_name(name) {
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

fn granted(name: &str, grants: Grants<'_>) -> Table {
    let mut table = Table::new();
    table.insert("name", value(name));
    let lists = [
        ("roles", grants.roles),
        ("allow", grants.allow),
        ("publish", grants.publish),
        ("subscribe", grants.subscribe),
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
    grants: Grants<'_>,
) -> Result<String, Error> {
    let mut table = granted(name, grants);
    table.insert("secret_sha256", value(secret_sha256));
    add(text, "device", name, table)
}

pub(super) fn add_user(
    text: &str,
    name: &str,
    secrets: (&str, &ScramKeys),
    grants: Grants<'_>,
) -> Result<String, Error> {
    let mut table = granted(name, grants);
    set_secrets(&mut table, secrets);
    add(text, "user", name, table)
}

fn set_secrets(table: &mut Table, (hash, scram): (&str, &ScramKeys)) {
    table.insert("password", value(hash));
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
    secrets: (&str, &ScramKeys),
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

pub(super) fn list(text: &str, kind: &str) -> Vec<Listed> {
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
        Listed { name, rules: rules.collect::<Vec<_>>().join("; ") }
    });
    listed.collect()
}
