//! Fuzz entries of every parser, with a smoke run on stable.
