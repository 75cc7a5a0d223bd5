//! Texts of callers and backends as people and programs may see them: nothing in them does something.

/// Whether a character does something rather than show something: controls, which end lines and
/// move cursors; separators of lines; and what turns the direction of writing or takes no room.
#[must_use]
pub fn commands(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
