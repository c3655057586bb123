//! Fills a template in.

use std::collections::HashMap;

use regex::Regex;
use serde_json::json;

use super::{
    Input, MOST_ITERATIONS, MOST_OUTPUT_BYTES, Names, Parameters, Rendered, Settings,
    ast::{Expression, Node, Operator, Reference, Step},
    error::RenderError,
    number::{arithmetic, number, position, whole},
    pattern,
    value::{Heap, Map, Value},
};

/// The most pieces, steps and operands that a rendering looks at.
const MOST_STEPS: usize = 2_000_000;

/// What comes after a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Stop,
}

/// A loop that runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loop {
    pub index: usize,
    pub items: usize,
}

/// One rendering.
pub(super) struct Evaluation<'i> {
    pub input: Input<'i>,
    pub settings: Settings,
    pub heap: Heap,
    pub loops: Vec<Loop>,
    variables: HashMap<String, Value>,
    /// The body as JSON, once it was asked for.
    body: Option<Value>,
    patterns: HashMap<String, Regex>,
    context: Value,
    out: String,
    steps: usize,
}

impl<'i> Evaluation<'i> {
    pub(super) fn new(input: Input<'i>, settings: Settings) -> Result<Self, RenderError> {
        let mut heap = Heap::default();
        let context = heap.json(input.context)?;
        let overrides = [
            (
                "requestOverride",
                json!({"header": {}, "querystring": {}, "path": {}}),
            ),
            ("responseOverride", json!({"header": {}})),
        ];
        if let Value::Map(map) = context {
            for (name, empty) in overrides {
                let empty = heap.json(&empty)?;
                heap.put(map, name, empty)?;
            }
        }
        let mut stage = Map::new();
        for (name, value) in input.stage_variables {
            let value = heap.text(value)?;
            stage.insert(name.as_str().into(), value);
        }
        let stage = heap.map(stage)?;
        let variables = HashMap::from([
            ("input".to_owned(), Value::Input),
            ("util".to_owned(), Value::Util),
            ("context".to_owned(), context.clone()),
            ("stageVariables".to_owned(), stage),
        ]);
        Ok(Self {
            input,
            settings,
            heap,
            loops: Vec::new(),
            variables,
            body: None,
            patterns: HashMap::new(),
            context,
            out: String::new(),
            steps: 0,
        })
    }

    pub(super) fn render(mut self, nodes: &[Node]) -> Result<Rendered, RenderError> {
        self.nodes(nodes)?;
        let text = std::mem::take(&mut self.out);
        let request = Parameters {
            path: self.overridden("requestOverride", "path")?,
            query: self.overridden("requestOverride", "querystring")?,
            header: self.overridden("requestOverride", "header")?,
        };
        let response_headers = self.overridden("responseOverride", "header")?;
        let response = self.member(&self.context, "responseOverride");
        let status = self.written(&self.member(&response, "status"))?;
        Ok(Rendered {
            text,
            request,
            response_headers,
            response_status: status
                .parse()
                .ok()
                .filter(|status| (100..600).contains(status)),
        })
    }

    /// What was set in one of the maps of an override.
    fn overridden(&self, which: &str, part: &str) -> Result<Names, RenderError> {
        let map = self.member(&self.member(&self.context, which), part);
        let Value::Map(map) = map else {
            return Ok(Names::new());
        };
        let entries = self.heap.entries(map).into_iter().flatten();
        entries
            .map(|(name, value)| Ok((name.to_string(), self.written(value)?)))
            .collect()
    }

    /// A value as text.
    pub(super) fn written(&self, value: &Value) -> Result<String, RenderError> {
        let mut text = String::new();
        self.heap.write(value, &mut text)?;
        Ok(text)
    }

    fn step(&mut self) -> Result<(), RenderError> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(RenderError::Steps { steps: MOST_STEPS });
        }
        Ok(())
    }

    fn nodes(&mut self, nodes: &[Node]) -> Result<Flow, RenderError> {
        for node in nodes {
            let flow = self.node(node)?;
            if self.out.len() > MOST_OUTPUT_BYTES {
                return Err(RenderError::Size {
                    most: MOST_OUTPUT_BYTES,
                });
            }
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, node: &Node) -> Result<Flow, RenderError> {
        self.step()?;
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Reference(reference) => {
                let value = self.reference(reference)?;
                self.heap.write(&value, &mut self.out)?;
            }
            Node::Set { target, value } => {
                let value = self.expression(value)?;
                self.set(target, value)?;
            }
            Node::If { arms, otherwise } => {
                for (condition, body) in arms {
                    if self.holds(condition)? {
                        return self.nodes(body);
                    }
                }
                return self.nodes(otherwise);
            }
            Node::Foreach { name, items, body } => return self.foreach(name, items, body),
            Node::Break => return Ok(Flow::Break),
            Node::Stop => return Ok(Flow::Stop),
        }
        Ok(Flow::Next)
    }

    fn foreach(
        &mut self,
        name: &str,
        items: &Expression,
        body: &[Node],
    ) -> Result<Flow, RenderError> {
        let items = match self.expression(items)? {
            Value::List(list) => self.heap.items(list).to_vec(),
            Value::Map(map) => {
                let map = self.heap.entries(map).into_iter().flat_map(Map::values);
                map.cloned().collect()
            }
            _ => Vec::new(),
        };
        if items.len() > MOST_ITERATIONS {
            return Err(RenderError::Iterations {
                items: items.len(),
                most: MOST_ITERATIONS,
            });
        }
        let before = self.variables.get(name).cloned();
        self.loops.push(Loop {
            index: 0,
            items: items.len(),
        });
        let mut after = Flow::Next;
        for (index, item) in items.into_iter().enumerate() {
            if let Some(innermost) = self.loops.last_mut() {
                innermost.index = index;
            }
            self.variables.insert(name.to_owned(), item);
            match self.nodes(body)? {
                Flow::Next => {}
                Flow::Break => break,
                Flow::Stop => {
                    after = Flow::Stop;
                    break;
                }
            }
        }
        self.loops.pop();
        // Behind the loop its variable is again what it was.
        match before {
            Some(before) => self.variables.insert(name.to_owned(), before),
            None => self.variables.remove(name),
        };
        Ok(after)
    }

    fn set(&mut self, target: &Reference, value: Value) -> Result<(), RenderError> {
        let Some((last, steps)) = target.steps.split_last() else {
            self.variables.insert(target.name.clone(), value);
            return Ok(());
        };
        let mut holder = self.variable(&target.name);
        for step in steps {
            holder = self.take_step(&holder, step)?;
        }
        match (last, holder) {
            (Step::Property(name), Value::Map(map)) => self.heap.put(map, name, value)?,
            (Step::Index(index), holder) => {
                let index = self.expression(index)?;
                self.set_at(&holder, &index, value)?;
            }
            // Nothing holds what is not there.
            _ => {}
        }
        Ok(())
    }

    fn set_at(&mut self, holder: &Value, index: &Value, value: Value) -> Result<(), RenderError> {
        match holder {
            Value::Map(map) => {
                let key = self.written(index)?;
                self.heap.put(*map, &key, value)
            }
            Value::List(list) => {
                let place = position(self.heap.items(*list).len(), index);
                let items = self.heap.items_mut(*list);
                if let Some(item) = items.and_then(|items| items.get_mut(place?)) {
                    *item = value;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn variable(&self, name: &str) -> Value {
        if let Some(value) = self.variables.get(name) {
            return value.clone();
        }
        match (name, self.loops.last()) {
            ("foreach", Some(_)) => Value::Foreach(self.loops.len() - 1),
            ("velocityCount", Some(innermost)) => whole(innermost.index + 1),
            _ => Value::Null,
        }
    }

    fn reference(&mut self, reference: &Reference) -> Result<Value, RenderError> {
        let mut value = self.variable(&reference.name);
        for step in &reference.steps {
            value = self.take_step(&value, step)?;
        }
        Ok(value)
    }

    fn take_step(&mut self, value: &Value, step: &Step) -> Result<Value, RenderError> {
        self.step()?;
        match step {
            Step::Property(name) => self.property(value, name),
            Step::Method(name, arguments) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(self.expression(argument)?);
                }
                self.call(value, name, &values)
            }
            Step::Index(index) => {
                let index = self.expression(index)?;
                self.at(value, &index)
            }
        }
    }

    /// The member of a map; nothing of what is no map.
    pub(super) fn member(&self, value: &Value, name: &str) -> Value {
        let Value::Map(map) = value else {
            return Value::Null;
        };
        let member = self.heap.entries(*map).and_then(|map| map.get(name));
        member.cloned().unwrap_or(Value::Null)
    }

    /// What an index or a key finds.
    pub(super) fn at(&self, value: &Value, index: &Value) -> Result<Value, RenderError> {
        match value {
            Value::List(list) => {
                let items = self.heap.items(*list);
                let item = position(items.len(), index).and_then(|index| items.get(index));
                Ok(item.cloned().unwrap_or(Value::Null))
            }
            Value::Map(_) => Ok(self.member(value, &self.written(index)?)),
            _ => Ok(Value::Null),
        }
    }

    /// The body as JSON; one that is empty counts as `{}`.
    pub(super) fn body(&mut self) -> Result<Value, RenderError> {
        if let Some(body) = &self.body {
            return Ok(body.clone());
        }
        let text = match self.input.body.trim() {
            "" => "{}",
            text => text,
        };
        let body = self.heap.parse(text).map_err(|error| RenderError::Body {
            reason: error.to_string(),
        })?;
        self.body = Some(body.clone());
        Ok(body)
    }

    pub(super) fn pattern(&mut self, pattern: &str) -> Result<Regex, RenderError> {
        if let Some(compiled) = self.patterns.get(pattern) {
            return Ok(compiled.clone());
        }
        let compiled = pattern::compile(pattern)?;
        self.patterns.insert(pattern.to_owned(), compiled.clone());
        Ok(compiled)
    }

    fn expression(&mut self, expression: &Expression) -> Result<Value, RenderError> {
        self.step()?;
        Ok(match expression {
            Expression::Reference(reference) => self.reference(reference)?,
            Expression::Text(text) => self.heap.text(text)?,
            Expression::Interpolated(nodes) => {
                let outside = std::mem::take(&mut self.out);
                let flow = self.nodes(nodes);
                let text = std::mem::replace(&mut self.out, outside);
                flow?;
                self.heap.text(text)?
            }
            Expression::Integer(integer) => Value::Integer(*integer),
            Expression::Float(float) => Value::Float(*float),
            Expression::Boolean(boolean) => Value::Boolean(*boolean),
            Expression::Null => Value::Null,
            Expression::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.push(self.expression(item)?);
                }
                self.heap.list(values)?
            }
            Expression::Range(first, last) => {
                let (first, last) = (self.expression(first)?, self.expression(last)?);
                self.range(&first, &last)?
            }
            Expression::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let key = self.expression(key)?;
                    let key = self.written(&key)?;
                    map.insert(key.into(), self.expression(value)?);
                }
                self.heap.map(map)?
            }
            Expression::Not(of) => Value::Boolean(!self.holds(of)?),
            Expression::Negative(of) => {
                let of = self.expression(of)?;
                arithmetic(Operator::Subtract, &Value::Integer(0), &of)
            }
            Expression::Binary(Operator::Or, left, right) => {
                Value::Boolean(self.holds(left)? || self.holds(right)?)
            }
            Expression::Binary(Operator::And, left, right) => {
                Value::Boolean(self.holds(left)? && self.holds(right)?)
            }
            Expression::Binary(operator, left, right) => {
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                self.binary(*operator, &left, &right)?
            }
        })
    }

    /// Whether a condition holds: what is not there does not, a boolean is what it is, anything else does.
    fn holds(&mut self, condition: &Expression) -> Result<bool, RenderError> {
        Ok(match self.expression(condition)? {
            Value::Null => false,
            Value::Boolean(boolean) => boolean,
            _ => true,
        })
    }

    fn range(&mut self, first: &Value, last: &Value) -> Result<Value, RenderError> {
        let (Value::Integer(first), Value::Integer(last)) = (first, last) else {
            return Ok(Value::Null);
        };
        let items = usize::try_from(first.abs_diff(*last))
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        if items > MOST_ITERATIONS {
            return Err(RenderError::Iterations {
                items,
                most: MOST_ITERATIONS,
            });
        }
        let items: Vec<Value> = if first <= last {
            (*first..=*last).map(Value::Integer).collect()
        } else {
            (*last..=*first).rev().map(Value::Integer).collect()
        };
        self.heap.list(items)
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Value,
        right: &Value,
    ) -> Result<Value, RenderError> {
        let compare = |wanted: &dyn Fn(std::cmp::Ordering) -> bool| {
            let ordering = number(left)
                .zip(number(right))
                .and_then(|(left, right)| left.partial_cmp(&right));
            Value::Boolean(ordering.is_some_and(wanted))
        };
        Ok(match operator {
            Operator::Equal => Value::Boolean(self.equal(left, right)?),
            Operator::NotEqual => Value::Boolean(!self.equal(left, right)?),
            Operator::Less => compare(&std::cmp::Ordering::is_lt),
            Operator::LessOrEqual => compare(&std::cmp::Ordering::is_le),
            Operator::Greater => compare(&std::cmp::Ordering::is_gt),
            Operator::GreaterOrEqual => compare(&std::cmp::Ordering::is_ge),
            Operator::Add if number(left).is_none() || number(right).is_none() => {
                // Text on either side makes it text.
                let joined = self.written(left)? + &self.written(right)?;
                self.heap.text(joined)?
            }
            other => arithmetic(other, left, right),
        })
    }

    /// Whether two values are the same: numbers by what they are, anything else by how it is written.
    pub(super) fn equal(&self, left: &Value, right: &Value) -> Result<bool, RenderError> {
        if let (Value::Integer(left), Value::Integer(right)) = (left, right) {
            return Ok(left == right);
        }
        if let Some((left, right)) = number(left).zip(number(right)) {
            return Ok(left
                .partial_cmp(&right)
                .is_some_and(std::cmp::Ordering::is_eq));
        }
        Ok(self.written(left)? == self.written(right)?)
    }
}
