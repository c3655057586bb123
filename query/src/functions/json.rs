//! `->`, `->>` and `to_json`.
//!
//! A column whose values conflict is JSON text, one whose values agree is a struct; a query should not have to know
//! which. So the arrows take both: a struct's field, or what the text's JSON has.

use std::sync::Arc;

use arrow::{
    array::{Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
    json::writer::EncoderOptions,
};
use datafusion::{
    common::{DFSchema, Result as DataFusionResult, ScalarValue, plan_err},
    functions::core::get_field,
    functions_nested::extract::array_element_udf,
    logical_expr::{
        ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
        Signature, Volatility,
        expr::ScalarFunction,
        lit,
        planner::{ExprPlanner, PlannerResult, RawBinaryExpr},
    },
    sql::sqlparser::ast::BinaryOperator,
};
use datafusion_functions_json::udfs::{json_as_text_udf, json_get_json_udf};

use crate::output::JsonCells;

/// Plans the arrows.
#[derive(Debug)]
pub(super) struct Arrows;

impl ExprPlanner for Arrows {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> DataFusionResult<PlannerResult<RawBinaryExpr>> {
        let as_text = match expr.op {
            BinaryOperator::Arrow => false,
            BinaryOperator::LongArrow => true,
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let title = title(&expr, as_text);
        let planned = match expr.left.get_type(schema)? {
            DataType::Struct(_) => {
                let field = ScalarFunction::new_udf(get_field(), vec![expr.left, expr.right]);
                taken(Expr::ScalarFunction(field), as_text, schema)?
            }
            DataType::List(_) | DataType::LargeList(_) => {
                let element = element(expr.left, &expr.right)?;
                taken(element, as_text, schema)?
            }
            text if text.is_string() || text == DataType::Null => {
                from_text(expr.left, expr.right, as_text)
            }
            other => {
                return plan_err!("`->` takes apart JSON text, structs and lists, not {other}");
            }
        };
        Ok(PlannerResult::Planned(match title {
            Some(title) => planned.alias(title),
            None => planned,
        }))
    }
}

/// The expression as it was written, as the name of its column: `detail->data->>page`.
fn title(expr: &RawBinaryExpr, as_text: bool) -> Option<String> {
    let Expr::Literal(key, _) = &expr.right else {
        return None;
    };
    let left = match &expr.left {
        Expr::Alias(alias) => alias.name.clone(),
        other => other.schema_name().to_string(),
    };
    let arrow = if as_text { "->>" } else { "->" };
    Some(format!("{left}{arrow}{key}"))
}

/// What an arrow took out of a struct or a list, as what the arrow promises.
fn taken(value: Expr, as_text: bool, schema: &DFSchema) -> DataFusionResult<Expr> {
    if !as_text {
        return Ok(value);
    }
    let data_type = value.get_type(schema)?;
    Ok(if data_type.is_nested() {
        ScalarUDF::from(ToJson::new()).call(vec![value])
    } else if data_type == DataType::Utf8 {
        value
    } else {
        datafusion::logical_expr::cast(value, DataType::Utf8)
    })
}

/// Lists count from 0 in JSON and from 1 in SQL; below 0 both count from the end.
fn element(list: Expr, index: &Expr) -> DataFusionResult<Expr> {
    let Expr::Literal(ScalarValue::Int64(Some(index)), _) = index else {
        return plan_err!("an element of a list is taken by its number, such as -> 0");
    };
    let index = if *index < 0 {
        *index
    } else {
        index.saturating_add(1)
    };
    Ok(array_element_udf().call(vec![list, lit(index)]))
}

/// What the JSON in a text has. Steps that follow each other are one walk over the text.
fn from_text(json: Expr, key: Expr, as_text: bool) -> Expr {
    let function = if as_text {
        json_as_text_udf()
    } else {
        json_get_json_udf()
    };
    let mut args = match json.clone().unalias() {
        Expr::ScalarFunction(inner) if inner.func == json_get_json_udf() => inner.args,
        _ => vec![json],
    };
    args.push(key);
    function.call(args)
}

/// `to_json(x)`: any value as JSON text; null for null.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ToJson {
    signature: Signature,
}

impl ToJson {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::any(1, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for ToJson {
    fn name(&self) -> &'static str {
        "to_json"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _given: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let values = ColumnarValue::values_to_arrays(&args.args)?;
        let fields: Vec<Field> = values
            .iter()
            .map(|array| Field::new("value", array.data_type().clone(), true))
            .collect();
        let rows = values.first().map_or(0, Array::len);
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), values)?;
        let encoding = EncoderOptions::default();
        let mut cells = JsonCells::of(&batch, &encoding)?;
        let texts: StringArray = (0..rows).map(|row| cells.text(0, row)).collect();
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }
}
