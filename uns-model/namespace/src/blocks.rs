//! A table by number, in blocks: growing moves nothing, however much there is, and a block that
//! nothing is left in takes no memory.

const BLOCK: usize = 1024;

/// Values by small numbers that only grow.
#[derive(Debug)]
pub(crate) struct Blocks<T> {
    /// Empty, or of [`BLOCK`] places.
    blocks: Vec<Box<[Option<T>]>>,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self { blocks: Vec::new() }
    }
}

impl<T> Blocks<T> {
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        let place = number as usize;
        self.blocks.get(place / BLOCK)?.get(place % BLOCK)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let place = number as usize;
        self.blocks.get_mut(place / BLOCK)?.get_mut(place % BLOCK)?.as_mut()
    }

    /// The place of a number, which may be empty.
    pub(crate) fn place(&mut self, number: u32) -> &mut Option<T> {
        let place = number as usize;
        if self.blocks.len() <= place / BLOCK {
            self.blocks.resize_with(place / BLOCK + 1, Box::default);
        }
        let block = &mut self.blocks[place / BLOCK];
        if block.is_empty() {
            *block = std::iter::repeat_with(|| None).take(BLOCK).collect();
        }
        &mut block[place % BLOCK]
    }

    /// Takes a value out, and gives the memory of its block back where it was the last.
    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let place = number as usize;
        let block = self.blocks.get_mut(place / BLOCK)?;
        let removed = block.get_mut(place % BLOCK)?.take()?;
        if block.iter().all(Option::is_none) {
            *block = Box::default();
        }
        Some(removed)
    }

    /// Those there are, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flatten().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_comes_and_goes_with_what_is_in_it() {
        let mut blocks = Blocks::default();
        assert_eq!(blocks.get(5_000), None);
        assert_eq!(blocks.remove(5_000), None);
        *blocks.place(5_000) = Some("a");
        *blocks.place(5_001) = Some("b");
        assert_eq!(blocks.blocks.iter().filter(|block| !block.is_empty()).count(), 1);
        assert_eq!(blocks.remove(5_000), Some("a"));
        assert_eq!((blocks.get(5_000), blocks.get(5_001)), (None, Some(&"b")));
        assert_eq!(blocks.remove(5_001), Some("b"));
        assert_eq!(blocks.blocks.iter().filter(|block| !block.is_empty()).count(), 0);
        *blocks.place(5_001) = Some("c");
        assert_eq!(blocks.iter().collect::<Vec<_>>(), [&"c"]);
    }
}
