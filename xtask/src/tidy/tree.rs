//! The text files of the checkout, without what builds and runs leave behind.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Folders that hold nothing we wrote, or only data.
const SKIPPED: &[&str] = &[
    ".git",
    "target",
    "uns-data",
    "web/node_modules",
    "web/dist",
    "web/test-results",
    "fuzz/corpus",
    "benches/runs",
];

/// Endings of the files the rules look at.
const ENDINGS: &[&str] = &[".rs", ".toml", ".md", ".ts", ".tsx", ".css", ".sh", ".py", ".txt"];

/// One text file.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// The whole content.
    pub(crate) text: String,
}

/// All of them, sorted by path.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The files.
    pub(crate) files: Vec<File>,
}

impl Tree {
    /// Reads the checkout below `root`.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let path = root.join(&folder);
            let entries =
                fs::read_dir(&path).with_context(|| format!("list {}", path.display()))?;
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let relative =
                    if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                if entry.file_type()?.is_dir() {
                    if !SKIPPED.contains(&relative.as_str()) {
                        folders.push(relative);
                    }
                } else if name == "Makefile" || ENDINGS.iter().any(|end| name.ends_with(end)) {
                    let text = fs::read_to_string(entry.path())
                        .with_context(|| format!("read {relative}"))?;
                    files.push(File { path: relative, text });
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// The text of one file; empty when it is missing.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }
}

#[cfg(test)]
impl Tree {
    /// A tree made of samples.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |&(path, text): &(&str, &str)| File { path: path.into(), text: text.into() };
        Self { files: files.iter().map(file).collect() }
    }
}
