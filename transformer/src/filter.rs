use hydrant_partitioner::Condition;

use crate::refusal::Refusal;

/// Which objects of a record are wanted: one that `drop_when` holds for is not, and one that `keep_when`
/// does not hold for is not either. Both look at the object after the move.
#[derive(Debug, Default)]
pub struct Filter {
    /// Leave out what this holds for.
    pub drop_when: Option<Condition>,
    /// Leave out what this does not hold for.
    pub keep_when: Option<Condition>,
}

impl Filter {
    /// Whether nothing is ever left out.
    pub fn is_empty(&self) -> bool {
        self.drop_when.is_none() && self.keep_when.is_none()
    }

    /// Leaves out the unwanted lines of `lines`, which holds `objects` objects with a newline after each,
    /// the last perhaps without. Gives how many objects stay.
    pub(crate) fn apply(
        &self,
        lines: &mut Vec<u8>,
        objects: usize,
        kept: &mut Vec<u8>,
    ) -> Result<usize, Refusal> {
        if objects == 1 {
            return Ok(usize::from(self.wants(lines, 0)?));
        }
        kept.clear();
        let mut stay = 0;
        let mut offset = 0;
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            if self.wants(line, offset)? {
                kept.extend_from_slice(line);
                stay += 1;
            }
            offset += line.len();
        }
        // Where the last line has no newline, the new last line has none.
        if lines.last() != Some(&b'\n') && kept.last() == Some(&b'\n') {
            kept.pop();
        }
        std::mem::swap(lines, kept);
        Ok(stay)
    }

    fn wants(&self, object: &[u8], offset: usize) -> Result<bool, Refusal> {
        let holds = |condition: &Option<Condition>, name, otherwise| match condition {
            None => Ok(otherwise),
            Some(condition) => condition.holds(object).map_err(|_| Refusal::Condition {
                condition: name,
                offset,
            }),
        };
        Ok(!holds(&self.drop_when, "DROP_WHEN", false)?
            && holds(&self.keep_when, "KEEP_WHEN", true)?)
    }
}
