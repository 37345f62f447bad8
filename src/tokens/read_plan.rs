//! Decides whether to read tokens one by one or to list them. It decides while the reads come in, so that the total is
//! never much more than the cheaper of the two. Pure.

/// What is known when some tokens are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// The tokens are a user's, who has at most 50: one page.
    pub(super) one_page: bool,
    /// Whether listing shows the wanted tokens. It does not for a credential that can only list itself.
    pub(super) listable: bool,
    /// Single reads so far.
    pub(super) gets: u64,
    /// The number of pages, after the first was read.
    pub(super) pages: Option<u64>,
    /// All pages were read.
    pub(super) listed: bool,
    /// The number of wanted tokens that no page has shown.
    pub(super) wanted: u64,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Read each token alone.
    Each,
    /// Read the first page, whose total shows what listing costs.
    FirstPage,
    /// Read the other pages.
    OtherPages,
}

/// The first token is read alone. The second one justifies the first page. The other pages are read as soon as that costs
/// no more than the requests so far.
pub(super) fn next(known: Known) -> Step {
    match known.pages {
        _ if !known.listable || known.listed => Step::Each,
        None if known.one_page || known.wanted >= 2 || known.gets >= 1 => Step::FirstPage,
        None => Step::Each,
        Some(pages) if known.gets + known.wanted + 1 >= pages => Step::OtherPages,
        Some(_) => Step::Each,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cost of reading tokens that are not on the first page, this many at a time.
    fn cost(pages: u64, tokens: u64, at_a_time: u64) -> u64 {
        let mut known =
            Known { one_page: false, listable: true, gets: 0, pages: None, listed: pages == 1, wanted: 0 };
        known.listed = false;
        let (mut spent, mut left) = (0, tokens);
        while left > 0 && !known.listed {
            known.wanted = left.min(at_a_time);
            match next(known) {
                Step::Each => {
                    spent += known.wanted;
                    known.gets += known.wanted;
                    left -= known.wanted;
                }
                Step::FirstPage => {
                    spent += 1;
                    known.pages = Some(pages);
                    known.listed = pages == 1;
                }
                Step::OtherPages => {
                    spent += pages - 1;
                    known.listed = true;
                }
            }
        }
        spent
    }

    #[test]
    fn reads_cost_at_most_twice_the_cheaper_way() {
        for pages in 1..=10 {
            for tokens in 1..=60 {
                for at_a_time in 1..=10 {
                    let (spent, best) = (cost(pages, tokens, at_a_time), pages.min(tokens));
                    assert!(
                        spent <= 2 * best,
                        "{pages} pages, {tokens} tokens, {at_a_time} at a time: {spent}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_single_token_is_read_by_itself_and_many_are_listed() {
        assert_eq!(cost(10, 1, 10), 1);
        assert_eq!(cost(10, 2, 10), 3);
        assert_eq!(cost(3, 120, 10), 3);
        assert_eq!(cost(10, 500, 10), 10);
    }

    #[test]
    fn a_credential_that_may_not_list_reads_each() {
        let known = Known { one_page: true, listable: false, gets: 9, pages: None, listed: false, wanted: 9 };
        assert_eq!(next(known), Step::Each);
    }

    #[test]
    fn the_other_pages_are_read_once_they_are_no_dearer() {
        let next = |pages| {
            let (one_page, listable, listed) = (false, true, false);
            next(Known { one_page, listable, gets: 2, pages: Some(pages), listed, wanted: 3 })
        };
        assert_eq!((next(6), next(7)), (Step::OtherPages, Step::Each));
    }
}
