//! `Fn::Sub`.

use super::{Resolver, functions::Pieces};
use crate::{limits::MAX_RESOLVED_BYTES, node::Node, source::Span};

impl Resolver<'_> {
    /// `${Name}`, `${Resource.Attribute}` and names of the map beside the text; `${!Name}` stays `${Name}`.
    pub(super) fn substitute(&mut self, argument: &Node, span: Span) -> Node {
        let (text, own) = match argument.elements() {
            [text, own] => (text, Some(own)),
            [text] => (text, None),
            _ => (argument, None),
        };
        let Some(text) = text.scalar() else {
            return self.malformed("Fn::Sub", span, "text, or text and a map");
        };
        let own = own.and_then(|own| self.node(own));
        let mut pieces = Pieces::default();
        let mut rest = text.as_ref();
        while let Some((before, after)) = rest.split_once("${") {
            pieces.text(before);
            let Some((name, tail)) = after.split_once('}') else {
                return self.malformed("Fn::Sub", span, "a } for every ${");
            };
            rest = tail;
            if let Some(literal) = name.strip_prefix('!') {
                pieces.text(&format!("${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            let value = match own.as_ref().and_then(|own| own.get(name)) {
                Some(value) => Some(value.clone()),
                None => match name.split_once('.') {
                    Some((id, _)) => Some(self.of_resource(id, name, span)),
                    None => self.reference(name, span),
                },
            };
            if !value.is_some_and(|value| pieces.node(&value)) {
                return self.malformed("Fn::Sub", span, &format!("text for ${{{name}}}"));
            }
            if self.bytes.saturating_add(pieces.len()) > MAX_RESOLVED_BYTES {
                break;
            }
        }
        pieces.text(rest);
        self.pieces(pieces, span)
    }
}
