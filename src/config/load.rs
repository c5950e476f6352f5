//! Reads the configuration: defaults, then a TOML file, then `--set`; checked once.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use figment::Figment;
use figment::error::Kind;
use figment::providers::{Format as _, Serialized, Toml};

use super::{Config, keys};

/// Resolves the configuration; an error names the key and the file or `--set` it came from.
pub(crate) fn load(file: Option<&Path>, set: &[String]) -> Result<Config> {
    load_with(file, set, |_| {})
}

/// The same, with a last word before it is checked.
pub(crate) fn load_with(
    file: Option<&Path>,
    set: &[String],
    last: impl FnOnce(&mut Config),
) -> Result<Config> {
    let mut given = Figment::new();
    if let Some(path) = file {
        if !path.is_file() {
            let why = if path.exists() { "is no file" } else { "does not exist" };
            bail!("configuration file {} {why}", path.display());
        }
        given = given.merge(Toml::file_exact(path));
    }
    let defaults = || Figment::from(Serialized::defaults(Config::default()));
    for entry in set {
        given = given.merge(Toml::string(&keys::set_to_toml(entry)?));
        defaults()
            .merge(&given)
            .extract::<Config>()
            .map_err(|e| describe(&e, Some(entry), file))?;
    }
    let extracted = defaults().merge(&given).extract();
    let mut config: Config = extracted.map_err(|e| describe(&e, None, file))?;
    last(&mut config);
    let memory = crate::memory::find(config.memory.max).map(|limit| limit.bytes);
    config.fit(memory, &|key| given.contains(key));
    config.check()?;
    Ok(config)
}

fn describe(error: &figment::Error, entry: Option<&str>, file: Option<&Path>) -> anyhow::Error {
    let from = match (entry, file) {
        (Some(entry), _) => format!("--set {entry}"),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => "the defaults".into(),
    };
    let key = error.path.join(".");
    let (what, hint) = match &error.kind {
        Kind::UnknownField(name, known) => {
            let near = keys::nearest(&key, name).map(|near| format!("did you mean `{near}`?"));
            (format!("unknown key; known here: {}", known.join(", ")), near)
        }
        Kind::UnknownVariant(given, known) => {
            (format!("`{given}` is none of {}", known.join(", ")), None)
        }
        other => (other.to_string().replace("usize", "a whole number"), keys::form(&key)),
    };
    let place = if key.is_empty() { String::new() } else { format!("{key}: ") };
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    anyhow!("{from}: {place}{what}{hint} (`uns config` lists every key)")
}
