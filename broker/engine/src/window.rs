//! Packet identifiers of one receiver: which are in use, never more than its receive window.

use broker_codec::PacketId;

/// A window of identifiers, 1 to its size.
#[derive(Debug)]
pub(crate) struct Window {
    used: Box<[u64]>,
    size: u16,
    in_use: u16,
    next: u16,
}

impl Window {
    pub(crate) fn new(size: u16) -> Self {
        Self { used: Box::default(), size: size.max(1), in_use: 0, next: 1 }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.in_use < self.size
    }

    pub(crate) fn in_use(&self) -> u16 {
        self.in_use
    }

    /// The next free identifier.
    pub(crate) fn take(&mut self) -> Option<PacketId> {
        if !self.has_room() {
            return None;
        }
        if self.used.is_empty() {
            self.used = vec![0; usize::from(self.size) / 64 + 1].into();
        }
        loop {
            let id = self.next;
            self.next = if id >= self.size { 1 } else { id + 1 };
            let word = self.used.get_mut(usize::from(id) / 64)?;
            let bit = 1 << (id % 64);
            if *word & bit == 0 {
                *word |= bit;
                self.in_use += 1;
                return PacketId::new(id);
            }
        }
    }

    /// Frees an identifier; `false` if it was not in use.
    pub(crate) fn release(&mut self, id: PacketId) -> bool {
        let id = id.get();
        let bit = 1 << (id % 64);
        match self.used.get_mut(usize::from(id) / 64) {
            Some(word) if *word & bit != 0 => {
                *word &= !bit;
                self.in_use -= 1;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_unique_and_bounded() {
        let mut window = Window::new(100);
        let ids: Vec<_> = std::iter::from_fn(|| window.take()).map(PacketId::get).collect();
        assert_eq!(ids, (1..=100).collect::<Vec<u16>>());
        assert!(!window.has_room());
        for id in [70, 3, 64] {
            assert!(window.release(PacketId::new(id).unwrap()));
            assert!(!window.release(PacketId::new(id).unwrap()));
        }
        assert!(!window.release(PacketId::new(101).unwrap()));
        assert!(!window.release(PacketId::new(65_535).unwrap()));
        let again: Vec<_> = std::iter::from_fn(|| window.take()).map(PacketId::get).collect();
        assert_eq!(again, [3, 64, 70]);
        assert!(!window.has_room());
    }
}
