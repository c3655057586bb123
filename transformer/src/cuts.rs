use std::ops::Range;

/// Which bytes of an object go when some of its members go: each with one comma, and with the white space
/// on that side of it, so that what stays is an object.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    /// Start of the run of removed members that the object begins with, until a member is kept.
    leading: Option<usize>,
    kept: bool,
    end: usize,
    /// Apart from the rest, so that one cut allocates nothing.
    first: Option<Range<usize>>,
    more: Vec<Range<usize>>,
}

impl Cuts {
    /// Of an object whose members start after `inside`.
    pub(crate) fn new(inside: usize) -> Self {
        Self {
            end: inside,
            ..Self::default()
        }
    }

    /// The next member, from its key's quote to the end of its value, stays.
    pub(crate) fn keep(&mut self, member: Range<usize>) {
        if let Some(start) = self.leading.take() {
            self.push(start..member.start);
        }
        self.kept = true;
        self.end = member.end;
    }

    /// The next member goes.
    pub(crate) fn remove(&mut self, member: Range<usize>) {
        if self.kept {
            self.push(self.end..member.end);
        } else {
            self.leading.get_or_insert(member.start);
        }
        self.end = member.end;
    }

    /// The object has ended.
    pub(crate) fn finish(&mut self) {
        if let Some(start) = self.leading.take() {
            self.push(start..self.end);
        }
    }

    /// What goes, in order and apart.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.first.iter().chain(&self.more).cloned()
    }

    /// Whether any member stays.
    pub(crate) fn keeps_any(&self) -> bool {
        self.kept
    }

    /// The offset after the last member, kept or not; behind the opening brace where there is none.
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    fn push(&mut self, range: Range<usize>) {
        if self.first.is_none() {
            self.first = Some(range);
        } else {
            self.more.push(range);
        }
    }
}
