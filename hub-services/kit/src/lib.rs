//! What every hub module is built on: module trait, supervision, database, HTTP guard, service traits.
