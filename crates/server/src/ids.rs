//! Ids that only grow: 63 bits of time, node and counter, so that many nodes never give the same one.

use std::sync::atomic::{AtomicI64, Ordering};

/// Ids begin to count at 2026-01-01T00:00:00Z.
const EPOCH_MS: i64 = 1_767_225_600_000;
/// Bits below the time: 6 of node, 16 of counter.
const TIME_SHIFT: u32 = 22;
const NODE_SHIFT: u32 = 16;
const NODE_MAX: i64 = (1 << (TIME_SHIFT - NODE_SHIFT)) - 1;

pub struct Ids {
    node: i64,
    last: AtomicI64,
}

impl Ids {
    pub fn new(node: u8) -> Self {
        Ids { node: i64::from(node) & NODE_MAX, last: AtomicI64::new(0) }
    }

    /// Every id given before this moment is lower, every one given since is not.
    pub fn at(ms: i64) -> i64 {
        (ms - EPOCH_MS).max(0) << TIME_SHIFT
    }

    /// An id greater than every one before it from this node. Past 65,536 in a millisecond it borrows from the next.
    pub fn next(&self, now_ms: i64) -> i64 {
        let floor = Ids::at(now_ms) | (self.node << NODE_SHIFT);
        let step = |last: i64| {
            let next = (last + 1).max(floor);
            // Counting up must not run into the node's bits.
            if (next >> NODE_SHIFT) & NODE_MAX == self.node {
                next
            } else {
                (((last >> TIME_SHIFT) + 1) << TIME_SHIFT) | (self.node << NODE_SHIFT)
            }
        };
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            match self.last.compare_exchange_weak(last, step(last), Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return step(last),
                Err(seen) => last = seen,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_and_nodes_never_meet() {
        let (a, b) = (Ids::new(1), Ids::new(2));
        let mut last = 0;
        for _ in 0..200_000 {
            let next = a.next(EPOCH_MS + 5);
            assert!(next > last && (next >> NODE_SHIFT) & NODE_MAX == 1);
            last = next;
        }
        assert_ne!(a.next(EPOCH_MS + 5), b.next(EPOCH_MS + 5));
        let (before, since) = (Ids::new(63).next(EPOCH_MS + 6), Ids::new(0).next(EPOCH_MS + 7));
        assert!(before < Ids::at(EPOCH_MS + 7) && since >= Ids::at(EPOCH_MS + 7));
        assert!(a.next(EPOCH_MS - 99) > last, "a clock that goes back does not repeat ids");
    }
}
