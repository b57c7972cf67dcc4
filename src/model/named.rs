//! A small map by name, which a subject has two of: settings and links.
//!
//! A stack may hold a hundred thousand subjects with a handful of entries each. A B-tree sets aside room for eleven entries at
//! once, ten times what most subjects need, so this is a sorted list of just the right length.

/// Entries by name, in the order of names.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<T> {
    entries: Vec<(&'static str, T)>,
    /// The marks of all names: most questions are for names that are not here.
    marks: u64,
}

/// Entries that are looked through one by one.
const FEW: usize = 16;

/// One bit of 64 for a name.
fn mark(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().map_or(0, usize::from);
    let (first, middle, last) = (byte(0), byte(bytes.len() / 2), byte(bytes.len().wrapping_sub(1)));
    1 << ((bytes.len() + 5 * first + 11 * middle + 23 * last) % 64)
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Named { entries: Vec::new(), marks: 0 }
    }
}

impl<T> Named<T> {
    pub fn new() -> Named<T> {
        Named::default()
    }

    pub fn get(&self, name: &str) -> Option<&T> {
        self.entry(name).and_then(|place| self.entries.get(place)).map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let place = self.entry(name)?;
        self.entries.get_mut(place).map(|(_, value)| value)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    /// Sets an entry, and returns what stood there before.
    pub fn insert(&mut self, name: &'static str, value: T) -> Option<T> {
        match self.place(name) {
            Ok(place) => self.entries.get_mut(place).map(|(_, old)| std::mem::replace(old, value)),
            Err(place) => {
                self.room();
                self.marks |= mark(name);
                self.entries.insert(place, (name, value));
                None
            }
        }
    }

    pub fn remove(&mut self, name: &str) -> Option<T> {
        let (_, removed) = self.entries.remove(self.entry(name)?);
        self.marks = self.entries.iter().fold(0, |marks, (name, _)| marks | mark(name));
        Some(removed)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&&'static str, &T)> {
        self.entries.iter().map(|(name, value)| (name, value))
    }

    pub fn keys(&self) -> impl Iterator<Item = &&'static str> {
        self.entries.iter().map(|(name, _)| name)
    }

    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, value)| value)
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Where the entry of a name is, if there is one.
    fn entry(&self, name: &str) -> Option<usize> {
        if self.marks & mark(name) == 0 {
            return None;
        }
        // Names of few entries differ in their lengths, mostly, which takes less time to see than their order.
        match self.entries.len() <= FEW {
            true => self.entries.iter().position(|(known, _)| *known == name),
            false => self.place(name).ok(),
        }
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(known, _)| (*known).cmp(name))
    }

    /// Makes room for that many more entries.
    pub fn reserve(&mut self, entries: usize) {
        self.entries.reserve_exact(entries);
    }

    /// Makes room for few more entries: most subjects never get more.
    fn room(&mut self) {
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(2 + self.entries.len() / 4);
        }
    }
}

impl<T> Extend<(&'static str, T)> for Named<T> {
    fn extend<I: IntoIterator<Item = (&'static str, T)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

impl<T> FromIterator<(&'static str, T)> for Named<T> {
    fn from_iter<I: IntoIterator<Item = (&'static str, T)>>(entries: I) -> Self {
        let mut named = Named::new();
        named.extend(entries);
        named
    }
}

impl<T> IntoIterator for Named<T> {
    type Item = (&'static str, T);
    type IntoIter = std::vec::IntoIter<(&'static str, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_the_order_of_their_names() {
        let mut named: Named<i32> =
            [("timeout", 1), ("bind", 2), ("workers", 3), ("chdir", 4), ("bind", 5)].into_iter().collect();
        assert_eq!(
            named.iter().map(|(name, value)| (*name, *value)).collect::<Vec<_>>(),
            [("bind", 5), ("chdir", 4), ("timeout", 1), ("workers", 3)]
        );
        assert_eq!((named.insert("timeout", 7), named.get("timeout"), named.get("tim")), (Some(1), Some(&7), None));
        assert_eq!((named.remove("bind"), named.contains_key("bind"), named.len()), (Some(5), false, 3));
    }
}
