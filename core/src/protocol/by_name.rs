//! Finding numbered things by name, at a cost that does not follow their number.

/// The numbers `0..count` of named things, in the order of their names.
#[derive(Clone, Debug)]
pub(super) struct ByName(Vec<u16>);

impl ByName {
    /// Orders things by name; the place of a name is its thing's number.
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut numbered: Vec<(&str, u16)> = names.zip(0..).collect();
        numbered.sort_unstable();
        Self(numbered.into_iter().map(|(_, number)| number).collect())
    }

    /// The number of the thing with this name, the lowest where there are several; `name_of` tells
    /// a thing's name.
    pub(super) fn find<'a>(&self, name: &str, name_of: impl Fn(u16) -> &'a str) -> Option<u16> {
        let place = self.0.partition_point(|number| name_of(*number) < name);
        let number = self.0.get(place).copied();
        number.filter(|number| name_of(*number) == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 6] = ["start", "pay", "a", "refund", "pay", "z"];

    fn find(name: &str) -> Option<u16> {
        let name_of = |number: u16| NAMES.get(usize::from(number)).copied().unwrap_or_default();
        ByName::of(NAMES.into_iter()).find(name, name_of)
    }

    #[test]
    fn each_name_is_found_and_of_a_doubled_one_the_first() {
        let found = NAMES.map(find);
        assert_eq!(
            found,
            [Some(0), Some(1), Some(2), Some(3), Some(1), Some(5)]
        );
    }

    #[test]
    fn what_has_no_name_here_is_not_found() {
        for name in ["", "Pay", "pa", "pays", "zz", "0"] {
            assert_eq!(find(name), None, "{name}");
        }
    }
}
