//! Questions about the committed namespace. Each looks at a bounded number of levels under one lock
//! of the view, so that neither the fold nor other readers wait long.

mod clocks;
mod current;
mod last;
mod page;
mod search;
mod sight;
mod tree;

pub use page::Page;
pub use search::SearchPage;
pub use sight::{Everywhere, Sight};
