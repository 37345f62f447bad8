//! A page of a list, and the pure decision on whether another one follows.

/// An item of a list that is not in the form that the API documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id, if that could be read.
    pub id: Option<String>,
    /// What is wrong with it, without quoting it.
    pub detail: String,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its readable items.
    pub items: Vec<T>,
    /// Its unreadable items.
    pub unreadable: Vec<Unreadable>,
    /// Its number, from 1, as the API said.
    pub page: Option<u64>,
    /// The size of a page according to the API, which may be less than requested.
    pub per_page: Option<u64>,
    /// The number of items on all pages, as far as the API said.
    pub total_count: Option<u64>,
    /// The number of pages, from the API or worked out of the total.
    pub total_pages: Option<u64>,
}

impl<T> Page<T> {
    /// Whether another page follows `page`. None follows an empty page. Otherwise the totals decide. If there are none, or
    /// they contradict the page, the next page must be read.
    pub fn has_next(&self, page: u32) -> bool {
        if self.items.is_empty() && self.unreadable.is_empty() {
            return false;
        }
        match self.total_pages {
            Some(pages) if pages > 0 => u64::from(page) < pages,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(items: usize, total_pages: Option<u64>) -> Page<()> {
        let (items, unreadable) = (vec![(); items], Vec::new());
        Page { items, unreadable, page: None, per_page: None, total_count: None, total_pages }
    }

    #[test]
    fn the_totals_say_which_page_is_the_last() {
        assert!(page(50, Some(3)).has_next(2));
        assert!(!page(50, Some(3)).has_next(3));
    }

    #[test]
    fn an_empty_page_is_the_last_whatever_the_totals_say() {
        assert!(!page(0, Some(9)).has_next(1));
    }

    #[test]
    fn a_page_of_which_nothing_can_be_read_is_not_empty() {
        let unreadable = vec![Unreadable { id: None, detail: "not JSON".into() }];
        assert!(Page { unreadable, ..page(0, Some(3)) }.has_next(2));
    }

    #[test]
    fn without_credible_totals_the_next_page_is_looked_at() {
        assert!(page(50, None).has_next(1));
        assert!(page(1, Some(0)).has_next(1));
    }
}
