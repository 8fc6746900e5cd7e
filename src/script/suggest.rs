//! "Did you mean": names close to a misspelt one.

/// Returns up to three candidates close to `name`, the closest first.
pub(super) fn closest(
    name: &str,
    candidates: impl Iterator<Item = impl Into<String>>,
) -> Vec<String> {
    let limit = (name.chars().count() / 3).max(1);
    let mut close: Vec<(usize, String)> = candidates
        .map(Into::into)
        .filter(|candidate| candidate != name)
        .filter_map(|candidate| {
            let distance = distance(&plain(name), &plain(&candidate));
            (distance <= limit).then_some((distance, candidate))
        })
        .collect();
    close.sort();
    close.dedup();
    close.truncate(3);
    close.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Returns the sentence for a help line, or nothing.
pub(super) fn did_you_mean(names: &[String]) -> Option<String> {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let (last, rest) = quoted.split_last()?;
    Some(match rest {
        [] => format!("did you mean {last}?"),
        rest => format!("did you mean {} or {last}?", rest.join(", ")),
    })
}

fn plain(name: &str) -> Vec<char> {
    name.to_lowercase().replace('-', "_").chars().collect()
}

/// The number of letters to change, add, drop or swap with their neighbour.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut rows = vec![(0..=right.len()).collect::<Vec<_>>()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let is_other = left[i - 1] != right[j - 1];
            let mut best = (rows[i - 1][j] + 1)
                .min(row[j - 1] + 1)
                .min(rows[i - 1][j - 1] + usize::from(is_other));
            let is_swap =
                i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if is_swap {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}
