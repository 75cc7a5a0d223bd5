//! Writing HTML: every text is escaped, every element is closed.

/// HTML as it grows.
#[derive(Default)]
pub(super) struct Html {
    out: String,
}

impl Html {
    /// An element with attributes and what stands in it.
    pub(super) fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        inside: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.out.push('<');
        self.out.push_str(name);
        for (attribute, value) in attributes {
            self.out.push(' ');
            self.out.push_str(attribute);
            self.out.push_str("=\"");
            self.text(value);
            self.out.push('"');
        }
        self.out.push('>');
        inside(self);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        self
    }

    /// An element of text.
    pub(super) fn of(&mut self, name: &str, text: &str) -> &mut Self {
        self.element(name, &[], |html| {
            html.text(text);
        })
    }

    /// A link within the page.
    pub(super) fn link(&mut self, to: &str, text: &str) -> &mut Self {
        let place = format!("#{to}");
        self.element("a", &[("href", &place)], |html| {
            html.text(text);
        })
    }

    /// A link within the page, to something that is written as code.
    pub(super) fn code_link(&mut self, to: &str, text: &str) -> &mut Self {
        let place = format!("#{to}");
        self.element("a", &[("href", &place)], |html| {
            html.of("code", text);
        })
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                plain => self.out.push(plain),
            }
        }
        self
    }

    /// Text in which backticks stand around code, on one line.
    pub(super) fn line(&mut self, text: &str) -> &mut Self {
        for (number, part) in text.split('`').enumerate() {
            if number % 2 == 1 {
                self.of("code", part);
            } else {
                self.text(part);
            }
        }
        self
    }

    /// What leads to something, before what it leads to.
    pub(super) fn when(&mut self, text: &str) -> &mut Self {
        self.element("span", &[("class", "when")], |html| {
            html.line(text);
        })
        .text(" ")
    }

    /// Lines of text, in paragraphs.
    pub(super) fn prose(&mut self, text: &str) -> &mut Self {
        for paragraph in text.split("\n\n") {
            self.element("p", &[], |html| {
                html.line(paragraph);
            });
        }
        self
    }

    /// A table with these heads; it scrolls by itself where the page is narrow.
    pub(super) fn table(&mut self, heads: &[&str], rows: impl FnOnce(&mut Self)) -> &mut Self {
        let scrolls = [("class", "wide"), ("tabindex", "0")];
        self.element("div", &scrolls, |html| {
            html.element("table", &[], |html| {
                html.element("thead", &[], |html| {
                    html.element("tr", &[], |html| {
                        for head in heads {
                            html.element("th", &[("scope", "col")], |html| {
                                html.text(head);
                            });
                        }
                    });
                });
                html.element("tbody", &[], rows);
            });
        })
    }

    /// A row of a table, one function a cell.
    pub(super) fn row(&mut self, cells: &[&dyn Fn(&mut Self)]) -> &mut Self {
        self.element("tr", &[], |html| {
            for cell in cells {
                html.element("td", &[], |html| cell(html));
            }
        })
    }

    /// Text that is HTML already, and ours.
    pub(super) fn raw(&mut self, html: &str) -> &mut Self {
        self.out.push_str(html);
        self
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let mut html = Html::default();

        html.element("a", &[("title", "\"><b>")], |html| {
            html.line("x < y & `a>b`");
        });

        let whole = "<a title=\"&quot;&gt;&lt;b&gt;\">x &lt; y &amp; <code>a&gt;b</code></a>";
        assert_eq!(html.finish(), whole);
    }
}
