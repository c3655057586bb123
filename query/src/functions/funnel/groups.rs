//! The rows of all groups of a funnel.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, LargeBinaryBuilder},
    datatypes::DataType,
};
use datafusion::{
    common::Result as DataFusionResult,
    logical_expr::{EmitTo, GroupsAccumulator},
};

use super::{
    super::{
        arguments::{Times, masks},
        groups::{counts, size_with, states_of_rows},
    },
    level::{Rule, Step},
};

/// Bytes of a step in a state: its time and its conditions, little-endian.
const STEP_BYTES: usize = 12;

/// The rows that meet a condition, of all groups in the order in which they came. They are dealt to their groups once, at
/// the end: adding a row is one push, whatever the number of groups.
#[derive(Debug, Clone)]
pub(super) struct Funnels {
    rule: Rule,
    /// Which argument is the time; the conditions are behind it.
    time: usize,
    total: usize,
    rows: Vec<Row>,
}

/// A step and its group, in sixteen bytes.
#[derive(Debug, Clone, Copy)]
struct Row {
    time: i64,
    met: u32,
    group: u32,
}

impl Funnels {
    pub(super) fn new(rule: Rule, time: usize) -> Self {
        Self {
            rule,
            time,
            total: 0,
            rows: Vec::new(),
        }
    }

    fn push(&mut self, group: usize, time: i64, met: u32) -> DataFusionResult<()> {
        let Ok(group) = u32::try_from(group) else {
            return datafusion::common::exec_err!(
                "window_funnel has more groups than it can count"
            );
        };
        self.rows.push(Row { time, met, group });
        Ok(())
    }

    /// Takes the groups to emit: the steps of all of them, and where each group's end.
    fn take(&mut self, emit_to: EmitTo) -> (Vec<Step>, Vec<usize>) {
        let (rows, groups) = match emit_to {
            EmitTo::All => (
                std::mem::take(&mut self.rows),
                std::mem::take(&mut self.total),
            ),
            EmitTo::First(groups) => {
                self.total = self.total.saturating_sub(groups);
                let all = std::mem::take(&mut self.rows);
                let (first, rest) = all
                    .into_iter()
                    .partition::<Vec<Row>, _>(|row| (row.group as usize) < groups);
                self.rows = rest;
                for row in &mut self.rows {
                    // Groups move down; there are fewer than 2³² of them.
                    row.group = row
                        .group
                        .saturating_sub(u32::try_from(groups).unwrap_or(u32::MAX));
                }
                (first, groups)
            }
        };
        deal(&rows, groups)
    }
}

/// Sorts rows by group, in the order in which they came.
fn deal(rows: &[Row], groups: usize) -> (Vec<Step>, Vec<usize>) {
    let mut ends = vec![0_usize; groups];
    for row in rows {
        if let Some(count) = ends.get_mut(row.group as usize) {
            *count += 1;
        }
    }
    // From counts to where each group begins; filling moves each to its end.
    let mut begin = 0;
    for end in &mut ends {
        begin += std::mem::replace(end, begin);
    }
    let mut steps = vec![Step { time: 0, met: 0 }; rows.len()];
    for row in rows {
        if let Some(at) = ends.get_mut(row.group as usize) {
            if let Some(place) = steps.get_mut(*at) {
                *place = Step {
                    time: row.time,
                    met: row.met,
                };
            }
            *at += 1;
        }
    }
    (steps, ends)
}

impl GroupsAccumulator for Funnels {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DataFusionResult<()> {
        self.total = self.total.max(total);
        let Some(times) = values.get(self.time) else {
            return Ok(());
        };
        let times = Times::of(times);
        let conditions = values.get(self.time + 1..).unwrap_or_default();
        let every_row = self.rule.needs_every_row();
        let masks = masks(conditions, groups.len());
        for (row, (group, met)) in groups.iter().zip(masks).enumerate() {
            if (met == 0 && !every_row) || !counts(filter, row) {
                continue;
            }
            if let Some(time) = times.get(row) {
                self.push(*group, time, met)?;
            }
        }
        Ok(())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        total: usize,
    ) -> DataFusionResult<()> {
        self.total = self.total.max(total);
        let Some(states) = values.first() else {
            return Ok(());
        };
        let states = states.as_binary::<i64>();
        for (row, group) in groups.iter().enumerate() {
            for step in states.value(row).chunks_exact(STEP_BYTES) {
                let (time, met) = step.split_at(8);
                if let (Ok(time), Ok(met)) = (time.try_into(), met.try_into()) {
                    self.push(*group, i64::from_le_bytes(time), u32::from_le_bytes(met))?;
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DataFusionResult<ArrayRef> {
        let (mut steps, ends) = self.take(emit_to);
        let mut rest = steps.as_mut_slice();
        let mut begin = 0;
        let mut levels = Vec::with_capacity(ends.len());
        for end in ends {
            let (group, behind) = rest.split_at_mut(end - begin);
            levels.push(self.rule.level(group));
            (rest, begin) = (behind, end);
        }
        Ok(Arc::new(Int64Array::from(levels)))
    }

    fn state(&mut self, emit_to: EmitTo) -> DataFusionResult<Vec<ArrayRef>> {
        let (steps, ends) = self.take(emit_to);
        let mut states = LargeBinaryBuilder::with_capacity(ends.len(), steps.len() * STEP_BYTES);
        let mut state = Vec::new();
        let mut begin = 0;
        for end in ends {
            state.clear();
            for step in steps.get(begin..end).unwrap_or_default() {
                state.extend_from_slice(&step.time.to_le_bytes());
                state.extend_from_slice(&step.met.to_le_bytes());
            }
            states.append_value(&state);
            begin = end;
        }
        let states = states.finish();
        debug_assert_eq!(states.data_type(), &DataType::LargeBinary);
        Ok(vec![Arc::new(states)])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> DataFusionResult<Vec<ArrayRef>> {
        states_of_rows(Self::new(self.rule, self.time), values, filter)
    }

    fn size(&self) -> usize {
        size_with::<Self, _>(&self.rows)
    }
}
