//! Enough of Rust's grammar to find names: words and marks, without comments and literals, each
//! with its line; and the paths that a file names, resolved from where they stand.

/// One word (identifier, keyword or number) or one mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) line: usize,
    pub(crate) text: &'a str,
}

/// The tokens of a file. `::` is one mark; literals and comments are none.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let skipped = comment(rest).or_else(|| literal(rest));
        let taken = skipped.unwrap_or_else(|| {
            let length = word(rest);
            let text = &rest[..length];
            if !text.trim().is_empty() {
                found.push(Token { line, text });
            }
            length
        });
        line += rest[..taken].matches('\n').count();
        at += taken;
    }
    found
}

/// The length of the comment that `rest` begins with. Block comments nest.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (1_usize, 2);
    while depth > 0 && at < rest.len() {
        match rest.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    Some(at.min(rest.len()))
}

/// The length of the string, byte string, raw string or character that `rest` begins with.
pub(crate) fn literal(rest: &str) -> Option<usize> {
    let after_prefix = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - after_prefix.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = after_prefix.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = &raw[hashes + 1..];
            let length = body.find(&end).map_or(body.len(), |at| at + end.len());
            return Some(prefix + 1 + hashes + 1 + length);
        }
    }
    if let Some(body) = after_prefix.strip_prefix('"') {
        return Some(prefix + 1 + quoted(body, '"'));
    }
    let body = after_prefix.strip_prefix('\'')?;
    let mut characters = body.chars();
    let is_character = match characters.next()? {
        '\\' => true,
        first => body[first.len_utf8()..].starts_with('\''),
    };
    // Otherwise it is a lifetime, whose tick is a mark like any other.
    is_character.then(|| prefix + 1 + quoted(body, '\''))
}

/// The length of a literal's body with its closing mark.
fn quoted(body: &str, end: char) -> usize {
    let mut escaped = false;
    for (at, character) in body.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == end => return at + character.len_utf8(),
            _ => {}
        }
    }
    body.len()
}

/// The length of the word, of `::`, or of the one other character that `rest` begins with.
fn word(rest: &str) -> usize {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let length = rest
        .find(|character| !is_word(character))
        .unwrap_or(rest.len());
    match length {
        0 if rest.starts_with("::") => 2,
        0 => rest.chars().next().map_or(1, char::len_utf8),
        length => length,
    }
}

/// A path that a file names, from the root of its crate or from a crate's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) line: usize,
    /// Whether it leads into the file's own crate.
    pub(crate) own: bool,
    pub(crate) segments: Vec<String>,
}

/// Every path of at least two segments, and every `use`, with groups spread out. `module` is where
/// the file stands in its crate; `names` are the names by which the crate may call itself.
pub(crate) fn paths(source: &str, module: &[&str], names: &[&str]) -> Vec<Named> {
    let tokens = tokens(source);
    let mut reader = Reader {
        tokens: &tokens,
        names,
        module: module.iter().map(|&name| name.to_owned()).collect(),
        open: Vec::new(),
        found: Vec::new(),
    };
    reader.read();
    reader.found
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    names: &'a [&'a str],
    module: Vec<String>,
    /// For each open brace, whether it is that of an inline module.
    open: Vec<bool>,
    found: Vec<Named>,
}

impl Reader<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn read(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            at = match self.text(at) {
                "mod" if self.text(at + 2) == "{" => {
                    self.module.push(self.text(at + 1).to_owned());
                    self.open.push(true);
                    at + 3
                }
                "{" => {
                    self.open.push(false);
                    at + 1
                }
                "}" => {
                    if self.open.pop() == Some(true) {
                        self.module.pop();
                    }
                    at + 1
                }
                "use" => self.spread(at + 1, &[]),
                _ if self.text(at + 1) == "::" && self.begins_path(at) => self.spread(at, &[]),
                _ => at + 1,
            };
        }
    }

    fn begins_path(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map_or("", |before| self.text(before));
        self.text(at)
            .starts_with(|first: char| first.is_alphabetic() || first == '_')
            && before != "::"
    }

    /// Reads one path, or each path of a group, after `prefix`. Returns where it ends.
    fn spread(&mut self, at: usize, prefix: &[String]) -> usize {
        let line = self.tokens.get(at).map_or(0, |token| token.line);
        let mut segments = prefix.to_vec();
        let mut at = at;
        if self.text(at) == "::" {
            at += 1;
        }
        loop {
            match self.text(at) {
                "{" => return self.group(at + 1, &segments),
                word if word.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '*') => {
                    segments.push(word.to_owned());
                }
                _ => break,
            }
            at += 1;
            if self.text(at) != "::" {
                break;
            }
            at += 1;
        }
        if self.text(at) == "as" {
            at += 2;
        }
        self.keep(line, segments);
        at.max(1)
    }

    fn group(&mut self, at: usize, prefix: &[String]) -> usize {
        let mut at = at;
        while !matches!(self.text(at), "}" | "") {
            let after = self.spread(at, prefix);
            at = after.max(at + usize::from(after == at));
            if self.text(at) == "," {
                at += 1;
            }
        }
        at + 1
    }

    /// Resolves `crate`, `self` and `super` at the front.
    fn keep(&mut self, line: usize, segments: Vec<String>) {
        let mut segments = segments.into_iter().peekable();
        let Some(first) = segments.peek().cloned() else {
            return;
        };
        let own = matches!(first.as_str(), "crate" | "self" | "super")
            || self.names.contains(&first.as_str());
        let mut base = Vec::new();
        if matches!(first.as_str(), "self" | "super") {
            base.clone_from(&self.module);
        }
        while let Some(segment) = segments.next_if(|segment| {
            matches!(segment.as_str(), "crate" | "self" | "super")
                || self.names.contains(&segment.as_str())
        }) {
            if segment == "super" {
                base.pop();
            }
        }
        base.extend(segments);
        self.found.push(Named {
            line,
            own,
            segments: base,
        });
    }
}

/// Where a file stands in its crate, from its path under the crate's `src`.
pub(crate) fn module_of(path: &str) -> Vec<&str> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut module: Vec<&str> = path.split('/').collect();
    if matches!(module.last(), Some(&("mod" | "lib" | "main"))) {
        module.pop();
    }
    module
}

#[test]
fn names_in_comments_and_literals_are_none() {
    let source = "// a::b\n/* c /* d */ e */ let x = \"f \\\" g\"; r#\"h\"i\"# 'j' b'k' &'l m b\"n\" '\\'' o";
    let words: Vec<&str> = tokens(source)
        .into_iter()
        .map(|token| token.text)
        .filter(|text| text.starts_with(char::is_alphabetic))
        .collect();
    assert_eq!(words, ["let", "x", "l", "m", "o"]);
}

#[test]
fn paths_are_resolved_from_where_they_stand() {
    let source = "use crate::a::{b, c::{d, self}, super_e};\nfn f() { super::g::h(); i::j::<k::l>() }\n\
                  mod inner {\n use super::super::m; use super::*; }\npub use own::n as o;";
    let found: Vec<String> = paths(source, &["here", "there"], &["own"])
        .into_iter()
        .map(|named| {
            format!(
                "{}{}",
                if named.own { "/" } else { "" },
                named.segments.join("/")
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "/a/b",
            "/a/c/d",
            "/a/c/self",
            "/a/super_e",
            "/here/g/h",
            "i/j",
            "k/l",
            "/here/m",
            "/here/there/*",
            "/n"
        ]
    );
}
