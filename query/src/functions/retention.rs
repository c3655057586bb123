//! `retention`.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, BooleanArray, ListArray, UInt8Array, UInt32Array},
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, FieldRef, UInt32Type},
};
use datafusion::{
    common::{Result as DataFusionResult, plan_err},
    logical_expr::{
        Accumulator, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
    },
};

use super::{
    arguments::masks,
    groups::{counts, size_with, states_of_rows},
    single::Single,
};

/// Most conditions, as in `ClickHouse`.
const MAX_CONDITIONS: usize = 32;

/// `retention(cond1, cond2, …)`: a list of 0 and 1. The first is 1 when some row meets `cond1`; the n-th, when some
/// row meets `cond1` and some row meets the n-th condition.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Retention {
    signature: Signature,
}

impl Retention {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

fn element() -> FieldRef {
    Arc::new(Field::new_list_field(DataType::UInt8, false))
}

impl AggregateUDFImpl for Retention {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        let fits = |it: &DataType| matches!(it, DataType::Boolean | DataType::Null);
        if given.is_empty() || given.len() > MAX_CONDITIONS || !given.iter().all(fits) {
            return plan_err!(
                "retention takes 1 to {MAX_CONDITIONS} conditions: retention(cond1, cond2, …), such as \
                 retention(day = 2, day = 3)"
            );
        }
        Ok(vec![DataType::Boolean; given.len()])
    }

    fn return_type(&self, _given: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::List(element()))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        let name = format!("{}[met]", args.name);
        Ok(vec![Arc::new(Field::new(name, DataType::UInt32, false))])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        Ok(Box::new(Single(Met::new(args.exprs.len()))))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> DataFusionResult<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Met::new(args.exprs.len())))
    }
}

/// The conditions that each group has met.
#[derive(Debug, Clone)]
struct Met {
    conditions: usize,
    groups: Vec<u32>,
}

impl Met {
    fn new(conditions: usize) -> Self {
        Self {
            conditions,
            groups: Vec::new(),
        }
    }

    fn add(&mut self, group: usize, mask: u32) {
        if let Some(met) = self.groups.get_mut(group) {
            *met |= mask;
        }
    }
}

impl GroupsAccumulator for Met {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DataFusionResult<()> {
        self.groups.resize(total, 0);
        let masks = masks(values, groups.len());
        for (row, (group, mask)) in groups.iter().zip(masks).enumerate() {
            if counts(filter, row) {
                self.add(*group, mask);
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
        self.groups.resize(total, 0);
        if let Some(states) = values.first() {
            let states = states.as_primitive::<UInt32Type>();
            for (group, mask) in groups.iter().zip(states.values()) {
                self.add(*group, *mask);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DataFusionResult<ArrayRef> {
        let groups = emit_to.take_needed(&mut self.groups);
        let elements: UInt8Array = groups
            .iter()
            .flat_map(|met| {
                let came = *met & 1;
                (0..self.conditions).map(move |bit| u8::from(came & (met >> bit) & 1 == 1))
            })
            .collect();
        let offsets = OffsetBuffer::from_repeated_length(self.conditions, groups.len());
        Ok(Arc::new(ListArray::try_new(
            element(),
            offsets,
            Arc::new(elements),
            None,
        )?))
    }

    fn state(&mut self, emit_to: EmitTo) -> DataFusionResult<Vec<ArrayRef>> {
        let groups = emit_to.take_needed(&mut self.groups);
        Ok(vec![Arc::new(UInt32Array::from(groups))])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> DataFusionResult<Vec<ArrayRef>> {
        states_of_rows(Self::new(self.conditions), values, filter)
    }

    fn size(&self) -> usize {
        size_with::<Self, _>(&self.groups)
    }
}
