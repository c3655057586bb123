//! APIs that a template has in single resources, as the CDK writes them: the document that says the same.

use hydrant_template::{Node, Resource, Stack};
use serde_json::{Map, Value, json};

use super::value_of;

/// The document of a REST API: its methods, at the paths of its resources.
pub(super) fn rest(stack: &Stack, api: &Resource) -> Value {
    let mut document = json!({
        "openapi": "3.0.1",
        "info": {"title": text(api, "Name")},
        "paths": {},
        "components": {
            "schemas": of(stack, api, "AWS::ApiGateway::Model", |model| (name_of(model), schema(model))),
            "securitySchemes": of(stack, api, "AWS::ApiGateway::Authorizer", |it| (it.id.clone(), rest_authorizer(it))),
        },
        "x-amazon-apigateway-request-validators": of(stack, api, "AWS::ApiGateway::RequestValidator", |it| {
            (it.id.clone(), json!({
                "validateRequestBody": value(it, "ValidateRequestBody"),
                "validateRequestParameters": value(it, "ValidateRequestParameters"),
            }))
        }),
        "x-amazon-apigateway-gateway-responses": of(stack, api, "AWS::ApiGateway::GatewayResponse", |it| {
            (text(it, "ResponseType"), renamed(&value_of(&it.properties), &[
                ("StatusCode", "statusCode"),
                ("ResponseParameters", "responseParameters"),
                ("ResponseTemplates", "responseTemplates"),
            ]))
        }),
    });
    for method in belonging(stack, api, "AWS::ApiGateway::Method", "RestApiId") {
        let path = path_of(stack, method.properties.get("ResourceId"), 0);
        let verb = match text(method, "HttpMethod").to_lowercase() {
            any if any == "any" => "x-amazon-apigateway-any-method".to_owned(),
            verb => verb,
        };
        document["paths"][path][verb] = rest_method(stack, method);
    }
    document
}

fn rest_method(stack: &Stack, method: &Resource) -> Value {
    let properties = &method.properties;
    let mut operation = json!({});
    if let Some(models) = properties.get("RequestModels") {
        let content = models.members().iter().filter_map(|member| {
            let model = referred(stack, Some(&member.value))
                .map(name_of)
                .or_else(|| member.value.as_text().map(str::to_owned))?;
            // Every API has this one: it takes anything.
            let schema = if model == "Empty" {
                json!({})
            } else {
                json!({"$ref": format!("#/components/schemas/{model}")})
            };
            Some((member.name.clone(), json!({"schema": schema})))
        });
        operation["requestBody"]["content"] = content.collect::<Map<_, _>>().into();
    }
    if let Some(validator) = referred(stack, properties.get("RequestValidatorId")) {
        operation["x-amazon-apigateway-request-validator"] = json!(validator.id);
    }
    let parameters = properties
        .get("RequestParameters")
        .map_or(&[][..], Node::members);
    let parameters = parameters.iter().filter_map(|parameter| {
        let (place, name) = parameter
            .name
            .strip_prefix("method.request.")?
            .split_once('.')?;
        let place = if place == "querystring" {
            "query"
        } else {
            place
        };
        let required = value_of(&parameter.value);
        Some(json!({"in": place, "name": name, "required": required}))
    });
    operation["parameters"] = parameters.collect();
    security(stack, method, &mut operation);
    let integration = properties.get("Integration").map_or(json!({}), value_of);
    let responses = integration["IntegrationResponses"].as_array();
    let responses = responses.into_iter().flatten().map(|response| {
        let pattern = response["SelectionPattern"].as_str();
        let pattern = pattern.filter(|it| !it.is_empty()).unwrap_or("default");
        let response = renamed(
            response,
            &[
                ("StatusCode", "statusCode"),
                ("ResponseTemplates", "responseTemplates"),
                ("ResponseParameters", "responseParameters"),
            ],
        );
        (pattern.to_owned(), response)
    });
    let responses: Map<String, Value> = responses.collect();
    let mut made = renamed(
        &integration,
        &[
            ("Type", "type"),
            ("Uri", "uri"),
            ("IntegrationHttpMethod", "httpMethod"),
            ("RequestParameters", "requestParameters"),
            ("RequestTemplates", "requestTemplates"),
            ("PassthroughBehavior", "passthroughBehavior"),
            ("TimeoutInMillis", "timeoutInMillis"),
        ],
    );
    made["responses"] = responses.into();
    operation["x-amazon-apigateway-integration"] = made;
    operation
}

fn rest_authorizer(authorizer: &Resource) -> Value {
    let source = text(authorizer, "IdentitySource");
    let header = source.strip_prefix("method.request.header.");
    let mut made = renamed(
        &value_of(&authorizer.properties),
        &[
            ("AuthorizerUri", "authorizerUri"),
            ("IdentitySource", "identitySource"),
            (
                "AuthorizerResultTtlInSeconds",
                "authorizerResultTtlInSeconds",
            ),
            (
                "IdentityValidationExpression",
                "identityValidationExpression",
            ),
            ("ProviderARNs", "providerARNs"),
        ],
    );
    made["type"] = json!(text(authorizer, "Type").to_lowercase());
    json!({
        "type": "apiKey",
        "in": "header",
        "name": header.unwrap_or("Authorization"),
        "x-amazon-apigateway-authorizer": made,
    })
}

/// The document of an HTTP API: its routes, each with its integration.
pub(super) fn http(stack: &Stack, api: &Resource) -> Value {
    let authorizers = of(stack, api, "AWS::ApiGatewayV2::Authorizer", |it| {
        (it.id.clone(), http_authorizer(it))
    });
    let mut document = json!({
        "openapi": "3.0.1",
        "info": {"title": text(api, "Name")},
        "paths": {},
        "components": {"securitySchemes": authorizers},
    });
    for route in belonging(stack, api, "AWS::ApiGatewayV2::Route", "ApiId") {
        let key = text(route, "RouteKey");
        let (verb, path) = match key.split_once(' ') {
            Some((verb, path)) => (verb.to_lowercase(), path),
            // What no other route is for.
            None => ("any".to_owned(), "/{proxy+}"),
        };
        let verb = match verb.as_str() {
            "any" => "x-amazon-apigateway-any-method",
            verb => verb,
        };
        let mut operation = json!({});
        security(stack, route, &mut operation);
        let integration = referred(stack, route.properties.get("Target"));
        let integration = integration.map(|it| value_of(&it.properties));
        operation["x-amazon-apigateway-integration"] = renamed(
            &integration.unwrap_or_default(),
            &[
                ("IntegrationType", "type"),
                ("IntegrationSubtype", "integrationSubtype"),
                ("RequestParameters", "requestParameters"),
                ("PayloadFormatVersion", "payloadFormatVersion"),
                ("TimeoutInMillis", "timeoutInMillis"),
            ],
        );
        document["paths"][path][verb] = operation;
    }
    document
}

fn http_authorizer(authorizer: &Resource) -> Value {
    let properties = value_of(&authorizer.properties);
    let mut made = renamed(
        &properties,
        &[
            ("AuthorizerUri", "authorizerUri"),
            (
                "AuthorizerPayloadFormatVersion",
                "authorizerPayloadFormatVersion",
            ),
            ("EnableSimpleResponses", "enableSimpleResponses"),
            ("IdentitySource", "identitySource"),
            (
                "AuthorizerResultTtlInSeconds",
                "authorizerResultTtlInSeconds",
            ),
        ],
    );
    made["type"] = json!(text(authorizer, "AuthorizerType").to_lowercase());
    let jwt = &properties["JwtConfiguration"];
    if !jwt.is_null() {
        made["jwtConfiguration"] = renamed(jwt, &[("Issuer", "issuer"), ("Audience", "audience")]);
    }
    json!({"type": "apiKey", "in": "header", "name": "Authorization", "x-amazon-apigateway-authorizer": made})
}

/// Who stands in front of a method or a route, where somebody does.
fn security(stack: &Stack, of: &Resource, operation: &mut Value) {
    let kind = text(of, "AuthorizationType");
    if matches!(kind.as_str(), "" | "NONE") {
        return;
    }
    let authorizer = referred(stack, of.properties.get("AuthorizerId"));
    // Nobody here checks what it names otherwise, and whoever reads the document says so.
    let name = authorizer.map_or(kind, |it| it.id.clone());
    let scopes = value(of, "AuthorizationScopes");
    let scopes = if scopes.is_null() { json!([]) } else { scopes };
    operation["security"] = json!([{ name: scopes }]);
}

/// The resources of a kind that belong to an API.
fn belonging<'s>(
    stack: &'s Stack,
    api: &'s Resource,
    kind: &'s str,
    member: &'s str,
) -> impl Iterator<Item = &'s Resource> {
    stack.of_type(kind).filter(move |it| {
        let id = it.properties.get(member).and_then(Node::unknown);
        id.is_some_and(|id| id.resources.contains(&api.id))
    })
}

/// What the resources of a kind are in the document, by their names.
fn of(
    stack: &Stack,
    api: &Resource,
    kind: &str,
    each: impl Fn(&Resource) -> (String, Value),
) -> Value {
    let member = if kind.starts_with("AWS::ApiGatewayV2::") {
        "ApiId"
    } else {
        "RestApiId"
    };
    let all = belonging(stack, api, kind, member).map(each);
    all.collect::<Map<_, _>>().into()
}

/// The resource that a value refers to.
fn referred<'s>(stack: &'s Stack, node: Option<&Node>) -> Option<&'s Resource> {
    let id = node?.unknown()?.resources.first()?;
    stack.resources.get(id)
}

/// The path of an `AWS::ApiGateway::Resource`; that of the API's own root is `/`.
fn path_of(stack: &Stack, resource: Option<&Node>, depth: usize) -> String {
    let found = referred(stack, resource).filter(|it| it.kind == "AWS::ApiGateway::Resource");
    // More than a path can have: a resource that is its own parent.
    let Some(found) = found.filter(|_| depth < 100) else {
        return "/".to_owned();
    };
    let parent = path_of(stack, found.properties.get("ParentId"), depth + 1);
    format!(
        "{}/{}",
        parent.trim_end_matches('/'),
        text(found, "PathPart")
    )
}

/// A model's name; that of one without is its logical id.
fn name_of(model: &Resource) -> String {
    match text(model, "Name") {
        name if name.is_empty() => model.id.clone(),
        name => name,
    }
}

/// A model's schema: an object, or the text of one.
fn schema(model: &Resource) -> Value {
    let schema = value(model, "Schema");
    let parsed = schema
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok());
    parsed.unwrap_or(schema)
}

fn value(resource: &Resource, name: &str) -> Value {
    resource.properties.get(name).map_or(Value::Null, value_of)
}

fn text(resource: &Resource, name: &str) -> String {
    value(resource, name)
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// The members of an object that a document has too, by the document's names.
fn renamed(object: &Value, names: &[(&str, &str)]) -> Value {
    let members = names.iter().filter_map(|(from, to)| {
        let value = object.get(*from)?;
        Some(((*to).to_owned(), value.clone()))
    });
    members.collect::<Map<_, _>>().into()
}
