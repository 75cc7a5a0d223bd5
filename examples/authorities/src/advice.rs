//! The machine of the review desk: it strikes words that say nothing, and remarks on sentences
//! that are long and on words that are vague. It advises; nothing here changes a content.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Words that can go.
const FILLERS: [&str; 6] = ["basically", "just", "quite", "really", "simply", "very"];
/// Words that do not say what is meant.
const VAGUE: [&str; 5] = ["etc", "soon", "some", "things", "various"];
/// A sentence of more words is long.
const MOST_WORDS: usize = 25;

/// What the machine makes of a text.
#[derive(Serialize)]
pub struct Advice {
    /// The text without the words that say nothing.
    #[serde(rename = "suggestion")]
    pub text: String,
    /// What else a reader could stumble over.
    pub remarks: Vec<String>,
    /// SHA-256 of the suggested text, in hexadecimal.
    pub digest: String,
}

/// Advice on a text; the same text gets the same advice.
#[must_use]
pub fn on(text: &str) -> Advice {
    let kept = text
        .split_whitespace()
        .filter(|word| !FILLERS.contains(&plain(word).as_str()));
    let suggested = kept.collect::<Vec<_>>().join(" ");
    let vague = suggested.split_whitespace().map(plain);
    let vague = vague.filter(|word| VAGUE.contains(&word.as_str()));
    let mut remarks: Vec<String> = vague.map(|word| format!("{word:?} is vague")).collect();
    for sentence in suggested.split(['.', '!', '?']) {
        let count = sentence.split_whitespace().count();
        if count > MOST_WORDS {
            remarks.push(format!("a sentence of {count} words is long"));
        }
    }
    let digest = Sha256::digest(suggested.as_bytes());
    Advice {
        text: suggested,
        remarks,
        digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn plain(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::on;

    #[test]
    fn words_that_say_nothing_are_struck_and_vague_ones_remarked_on() {
        let advice = on("It is very fast, and does various things.");

        assert_eq!(advice.text, "It is fast, and does various things.");
        assert_eq!(
            advice.remarks,
            ["\"various\" is vague", "\"things\" is vague"]
        );
    }

    #[test]
    fn a_long_sentence_is_remarked_on() {
        let advice = on(&"word ".repeat(26));

        assert_eq!(advice.remarks, ["a sentence of 26 words is long"]);
    }

    #[test]
    fn the_digest_is_that_of_the_suggested_text() {
        assert_eq!(on("a very b").digest, on("a b").digest);
        assert_ne!(on("a b").digest, on("a c").digest);
    }
}
