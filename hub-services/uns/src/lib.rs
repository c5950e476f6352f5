//! The namespace over HTTP: tree, current, history, publish, delete.
