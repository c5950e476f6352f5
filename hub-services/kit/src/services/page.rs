//! One page of a listing.

/// Some of a listing, in its order.
#[derive(Clone, PartialEq, Debug)]
pub struct Page<T> {
    /// What is listed.
    pub items: Vec<T>,
    /// Pass as `after` for the next page; `None` on the last. A page that is not full may have a next
    /// one, where there is very much to look through.
    pub next: Option<String>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None }
    }
}
