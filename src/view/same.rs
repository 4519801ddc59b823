//! A shared value that components compare by pointer: equal means "the same one", so nothing is
//! compared field by field and nothing is drawn twice.

use std::ops::Deref;
use std::rc::Rc;

/// An `Rc` whose equality is identity.
pub(crate) struct Same<T>(Rc<T>);

impl<T> Same<T> {
    /// A value of its own.
    pub(crate) fn new(value: T) -> Self {
        Self(Rc::new(value))
    }
}

impl<T: PartialEq> Same<T> {
    /// This one again when it equals `value`, else a new one: what did not change stays the same.
    pub(crate) fn or_new(&self, value: T) -> Self {
        if *self.0 == value { self.clone() } else { Self::new(value) }
    }
}

impl<T> Clone for Same<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for Same<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
