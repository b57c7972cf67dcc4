//! A list that is empty nearly always, in the room of one pointer.
//!
//! A stack of thousands of sites has a million settings, and few of them override anything or rest on an assumption. In and out:
//! what a list takes and gives. Nothing of it is allocated while it is empty.

use std::ops::Deref;

/// A list that is empty nearly always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Few<T>(Option<Box<Many<T>>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Many<T> {
    list: Vec<T>,
}

impl<T> Few<T> {
    pub const fn new() -> Few<T> {
        Few(None)
    }

    pub fn push(&mut self, item: T) {
        self.0.get_or_insert_with(|| Box::new(Many { list: Vec::new() })).list.push(item);
    }
}

impl<T> Default for Few<T> {
    fn default() -> Few<T> {
        Few::new()
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |many| &many.list)
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(list: Vec<T>) -> Few<T> {
        Few((!list.is_empty()).then(|| Box::new(Many { list })))
    }
}

impl<T> From<Few<T>> for Vec<T> {
    fn from(few: Few<T>) -> Vec<T> {
        few.0.map_or_else(Vec::new, |many| many.list)
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Few<T> {
        items.into_iter().collect::<Vec<T>>().into()
    }
}

impl<T> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        Vec::from(self).into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_list() {
        let mut few: Few<i32> = Few::new();
        assert!(few.is_empty() && few == Few::from(Vec::new()) && few.clone().into_iter().next().is_none());
        few.push(1);
        few.extend([2, 3]);
        assert_eq!((few.iter().sum::<i32>(), Vec::from(few.clone())), (6, vec![1, 2, 3]));
        assert_eq!(few.into_iter().filter(|one| *one > 1).collect::<Few<i32>>(), vec![2, 3].into());
        assert_eq!(size_of::<Few<i32>>(), size_of::<usize>());
    }
}
