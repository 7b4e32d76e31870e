//! Names and addresses that were compared lately, as they are compared.

use crate::lists::TeamLists;
use dregs_engine::linkage::Face;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

/// Faces remembered. Each has one place, and whoever comes to it next takes it: with a large team most faces are seen once,
/// and to keep account of which were used last costs more than making one.
const FACES_MAX: usize = 16_384;

type Written = (Option<String>, Option<String>);

#[derive(Default)]
pub struct Faces {
    places: Mutex<Vec<Option<Known>>>,
    hasher: RandomState,
}

struct Known {
    /// Of the lists it was read under.
    stamp: u64,
    written: Written,
    face: Arc<Face>,
}

impl Faces {
    /// What a name and an e-mail address come down to.
    pub fn of(&self, name: Option<String>, email: Option<String>, lists: &TeamLists) -> Arc<Face> {
        let written = (name, email);
        let place = (self.hasher.hash_one((lists.stamp, &written)) % FACES_MAX as u64) as usize;
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.is_empty() {
            places.resize_with(FACES_MAX, || None);
        }
        let known = places[place].as_ref();
        if let Some(known) = known.filter(|known| known.stamp == lists.stamp && known.written == written) {
            return known.face.clone();
        }
        let face = Arc::new(Face::under(written.0.as_deref(), written.1.as_deref(), lists));
        places[place] = Some(Known { stamp: lists.stamp, written, face: face.clone() });
        face
    }

    pub fn forget(&self) {
        *self.places.lock().unwrap_or_else(PoisonError::into_inner) = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_is_made_once_until_it_is_forgotten_and_never_anothers() {
        let (faces, lists) = (Faces::default(), TeamLists::default());
        let of = |n: usize| faces.of(Some(format!("Anna Virtanen{n}")), Some(format!("anna{n}@mail.example")), &lists);
        let first = of(0);
        assert!(Arc::ptr_eq(&first, &of(0)));
        for n in 0..2 * FACES_MAX / 64 {
            assert_eq!(of(n).mail.as_ref().map(|mail| mail.local.clone()), Some(format!("anna{n}")));
        }
        let again = of(0);
        faces.forget();
        assert!(!Arc::ptr_eq(&again, &of(0)));
    }
}
