//! How Slack writes what a notice says: mentions, links, long texts.

/// A text up to this length is sent whole.
const LONGEST: usize = 4_000;

/// How long the parts of a longer one are at most.
const PART: usize = 2_500;

/// Mentions a user.
pub fn user(id: &str) -> String {
    format!("<@{id}>")
}

/// Mentions a user group.
pub fn group(id: &str) -> String {
    format!("<!subteam^{id}>")
}

/// Links to an address.
pub fn link(address: &str, label: &str) -> String {
    // The address of a link ends at the first of these.
    let address = address.replace('|', "%7C").replace('>', "%3E");
    format!("<{}|{}>", escaped(&address), escaped(label))
}

/// Plain text in which nothing has a meaning.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Shows a text as it is, such as a log.
pub fn fenced(text: &str) -> String {
    // Three backticks inside would end it.
    let text = escaped(text).replace("```", "'''");
    format!("```{}```", text.trim_end_matches('\n'))
}

/// Cuts a long text into parts that can be posted, at line breaks where there are any.
pub fn parts(text: &str) -> Vec<String> {
    if text.chars().count() <= LONGEST {
        return vec![text.to_owned()];
    }
    let mut parts = vec![String::new()];
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        let letters: Vec<char> = line.chars().collect();
        for piece in letters.chunks(PART) {
            if length + piece.len() > PART {
                parts.push(String::new());
                length = 0;
            }
            length += piece.len();
            parts
                .last_mut()
                .expect("it begins with one part")
                .extend(piece);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// An address without the tag that people put behind their name: `a+jira@example.com`.
pub fn untagged(address: &str) -> String {
    match address.split_once('@') {
        Some((name, host)) => {
            let name = name.split('+').next().unwrap_or_default();
            format!("{name}@{host}")
        }
        None => address.to_owned(),
    }
}
