//! Names of entries in a directory.

/// Returns the first `uid` in a name such as `uid=boss1,ou=users,dc=redhat,dc=com`: `boss1`. The name
/// of the attribute may be in any case, and the value may have escaped letters.
pub fn first_uid(name: &str) -> Option<String> {
    parts(name).into_iter().find_map(|part| {
        let (attribute, value) = part.split_once('=')?;
        let is_uid = attribute.trim().eq_ignore_ascii_case("uid");
        is_uid.then(|| unescaped(value.trim()))?
    })
}

/// The pairs of a name, still escaped.
fn parts(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut is_escaped) = (0, false);
    for (place, letter) in name.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            ',' | ';' | '+' => {
                parts.push(&name[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&name[start..]);
    parts
}

/// The value that is meant; `None` for one that is no text, or empty.
fn unescaped(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let number = after
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        match number.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*after.first()?);
                rest = &after[1..];
            }
        }
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.is_empty())
}
