//! Telling people what changed for them, once.
//!
//! After every pass the report is compared with what people were told: [`changes`] lists what is true
//! now and of interest, each under a key that is the same in every process and for every operator. A
//! script makes a text and a contact of a change, or nothing. What is left is posted by this protocol:
//!
//! ```text
//! untold -> intent in the journal -> entry in the StateBox -> posted -> end in the journal
//! ```
//!
//! The entry in the StateBox keeps a second operator quiet; who cannot make it, because another has, says
//! nothing. What Slack refused is tried again by later passes, while it is still true, less and less
//! often. An intent without an end is looked for in the channel. Where nobody may look it is posted once
//! more and then never again. No trouble with any of this fails or delays a node.

mod change;
mod known;
mod late;
mod post;
mod send;
mod tell;

pub use change::{Change, Kind, changes};
pub use known::Known;
pub use late::longest;
pub use tell::{tell, would_tell};

/// What a script makes of a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// The team of the settings, an e-mail address, or a channel such as `#name`.
    pub contact: String,
    /// What to say, as plain text.
    pub text: String,
}

/// The key of a change in words: what it is about and what became of that.
pub fn words(key: &str) -> String {
    let mut parts = key.split('/');
    match (parts.next(), parts.next()) {
        (Some("drift"), _) => "drift of the build data".to_owned(),
        (Some(node), Some(word)) => format!("{node} {word}"),
        _ => key.to_owned(),
    }
}
