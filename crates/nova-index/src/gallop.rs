//! Binary search for what is likely near to a guess.

/// Like [`slice::partition_point`], in time that grows with the logarithm of how far off the guess is.
pub(crate) fn partition_point_near<T>(
    items: &[T],
    guess: usize,
    is_before: impl Fn(&T) -> bool,
) -> usize {
    let (mut start, mut end) = (guess.min(items.len()), guess.min(items.len()));
    let mut step = 1;
    if items.get(start).is_some_and(&is_before) {
        while items.get(end).is_some_and(&is_before) {
            start = end + 1;
            end += step;
            step *= 2;
        }
    } else {
        while start > 0 && !is_before(&items[start - 1]) {
            end = start - 1;
            start = start.saturating_sub(step);
            step *= 2;
        }
    }
    let end = items.len().min(end);
    start + items[start..end].partition_point(is_before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_what_a_binary_search_finds() {
        for len in 0..40 {
            let items: Vec<usize> = (0..len).collect();
            for before in 0..=len {
                for guess in 0..=len {
                    let found = partition_point_near(&items, guess, |it| *it < before);
                    assert_eq!(found, before, "of {len} from {guess}");
                }
            }
        }
    }
}
