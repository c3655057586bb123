use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn render_with(template: &str, body: &str, settings: Settings) -> Result<Rendered, RenderError> {
    let parameters = Parameters {
        path: Names::from([("id".to_owned(), "from-path".to_owned())]),
        query: Names::from([("q".to_owned(), "from query".to_owned())]),
        header: Names::from([("x-kind".to_owned(), "from-header".to_owned())]),
    };
    let context = json!({
        "stage": "prod",
        "authorizer": {"clientId": "client-1", "principalId": "user-1"},
    });
    let stage_variables = Names::from([
        ("Bus".to_owned(), "client_event_bus".to_owned()),
        ("Environment".to_owned(), "prod".to_owned()),
    ]);
    let input = Input {
        body,
        parameters: &parameters,
        context: &context,
        stage_variables: &stage_variables,
    };
    Template::parse(template).unwrap().render(input, settings)
}

fn render(template: &str, body: &str) -> String {
    render_with(template, body, Settings::default())
        .unwrap()
        .text
}

/// What an expression is.
fn value(expression: &str) -> String {
    render(
        &format!("#set($x = {expression})$x"),
        r#"{"a":{"b":[1,2.50,"x",null]},"n":null}"#,
    )
}

/// A template of the shape that the AWS sample's has: an entry of `PutEvents` for each of the client's.
const SAMPLE: &str = r#"#set($context.requestOverride.header.X-Amz-Target = "AWSEvents.PutEvents")
#set($context.requestOverride.header.Content-Type = "application/x-amz-json-1.1")
#set($inputRoot = $input.path('$'))
{
  "Entries": [
    #foreach($elem in $inputRoot.entries)
    {
      "Resources": ["$context.authorizer.clientId"],
      "Detail": "$util.escapeJavaScript($elem.entry)",
      "DetailType": "$stageVariables.Environment",
      "EventBusName": "$stageVariables.Bus",
      "Source": "clientevents"
    }#if($foreach.hasNext),#end
    #end
  ]
}
"#;

fn body(entries: &[&str]) -> String {
    let entries: Vec<Value> = entries
        .iter()
        .map(|entry| json!({"entry": entry}))
        .collect();
    json!({"entries": entries}).to_string()
}

#[test]
fn the_sample_makes_an_entry_of_each_and_names_the_operation() {
    let entries = [
        r#"{"eventType":"paging","data":{"page":3}}"#,
        "{\"a\":\"line\nline \\\" /é\"}",
    ];
    let rendered = render_with(SAMPLE, &body(&entries), Settings::default()).unwrap();
    let read: Value = serde_json::from_str(&rendered.text).unwrap();
    let expected = |detail: &str| {
        json!({
            "Resources": ["client-1"],
            "Detail": detail,
            "DetailType": "prod",
            "EventBusName": "client_event_bus",
            "Source": "clientevents",
        })
    };
    assert_eq!(
        read,
        json!({"Entries": [expected(entries[0]), expected(entries[1])]})
    );
    assert_eq!(
        rendered.request.header["X-Amz-Target"],
        "AWSEvents.PutEvents"
    );
    assert_eq!(
        rendered.request.header["Content-Type"],
        "application/x-amz-json-1.1"
    );
    let none: Value = serde_json::from_str(&render(SAMPLE, "{}")).unwrap();
    assert_eq!(none, json!({"Entries": []}));
}

#[test]
fn an_apostrophe_breaks_the_sample_as_on_aws_unless_it_is_undone() {
    let body = body(&[r#"{"a":"it's \\' here"}"#]);
    let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
    assert!(!is_json(&render(SAMPLE, &body)));
    let plain = Settings {
        escape_apostrophe: false,
    };
    assert!(is_json(&render_with(SAMPLE, &body, plain).unwrap().text));
    let mended = SAMPLE.replace(
        "escapeJavaScript($elem.entry)",
        r#"escapeJavaScript($elem.entry).replaceAll("\\'","'")"#,
    );
    let read: Value = serde_json::from_str(&render(&mended, &body)).unwrap();
    assert_eq!(read["Entries"][0]["Detail"], r#"{"a":"it's \\' here"}"#);
}

#[test]
fn blanks_are_swallowed_where_velocity_does() {
    for (template, text) in [
        ("a\n  #set($x = 1)  \nb", "a\nb"),
        ("#if(true)  \na\n#else\nb\n#end\nc", "a\nc"),
        ("#foreach($i in [1..3])\n$i\n#end\n", "1\n2\n3\n"),
        ("a ## comment\nb", "a b"),
        ("a#* any\nthing *#b", "ab"),
        ("#[[$x #if]]#", "$x #if"),
        (
            "a #else_ #endless #iffy # #1 #if",
            "a #else_ #endless #iffy # #1 #if",
        ),
    ] {
        assert_eq!(render(template, "{}"), text, "{template:?}");
    }
}

#[test]
fn references_are_found_in_text_and_what_is_not_there_is_nothing() {
    for (template, text) in [
        (
            "[$nothing] [$!nothing] [${nothing}] [$!{nothing.at.all}]",
            "[] [] [] []",
        ),
        ("costs $5 and $, $$ and $!", "costs $5 and $, $$ and $!"),
        ("${context.stage}ion", "prodion"),
        ("$context.stage. $context.stage.", "prod. prod."),
        ("$context.authorizer.principalId-x", ""),
        (
            r"\$context.stage \\$context.stage \x",
            r"$context.stage \prod \x",
        ),
        (r"\#set($a = 1) \#end", r"#set( = 1) #end"),
        (
            "$input.params('id') $input.params('q') $input.params('X-Kind')",
            "from-path from query from-header",
        ),
        ("$input.params().querystring.q", "from query"),
        (
            "$input.json('$.none') $input.json('$.a.b[-1]')",
            "\"\" {\"c\":1.50}",
        ),
        ("$input.path('$.a')", "{b=[2,{\"c\":1.5}]}"),
        ("$input.path('$.a.b')[0] $input.path('$..c')", "2 [1.5]"),
        ("$input.path('$.a.b').size()", "2"),
    ] {
        let body = r#"{"a":{"b":[2,{"c":1.50}]}}"#;
        // A number is read and written again.
        assert_eq!(
            render(template, body),
            text.replace("1.50", "1.5"),
            "{template:?}"
        );
    }
}

#[test]
fn expressions_are_worth_what_velocity_says() {
    for (expression, text) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 / 2", "3"),
        ("7 % 0", ""),
        ("7.0 / 2", "3.5"),
        ("9223372036854775807 + 1", "9.223372036854776e+18"),
        ("-3", "-3"),
        ("\"a$input.path('$.a.b[0]')b\"", "a1b"),
        ("'a$context.stage'", "a$context.stage"),
        ("\"a\" + 1", "a1"),
        ("1 == 1.0", "true"),
        ("'1' == 1", "true"),
        ("1 lt 2 && 2 ge 2 || false", "true"),
        ("!true", "false"),
        ("not ($input.path('$.n'))", "true"),
        ("[1, 'b', [3..1]]", "[1, b, [3, 2, 1]]"),
        ("{'a': 1, \"b\": {'c': null}}", "{a=1, b={c=null}}"),
        ("$input.path('$.a.b')", r#"[1,2.5,"x",null]"#),
        ("'a,b,,'.split(',').size()", ""),
    ] {
        // Only references have methods.
        let found = Template::parse(&format!("#set($x = {expression})"));
        if text.is_empty() && found.is_err() {
            continue;
        }
        assert_eq!(value(expression), text, "{expression}");
    }
}

#[test]
fn strings_lists_and_maps_have_the_methods_of_java() {
    let t = |text: &str| {
        format!("#set($s = \"a,b,,c,,\")#set($l = [1, 2])#set($m = {{'k': 'v'}}){text}")
    };
    for (template, text) in [
        ("$s.length() $s.isEmpty() $s.contains('b')", "8 false true"),
        ("$s.split(',').size()", "4"),
        ("$s.replaceAll('([abc]),', '<$1>')", "<a><b>,<c>,"),
        (
            "$s.replace(',', '') $s.toUpperCase() $s.substring(2) $s.substring(0, 1)",
            "abc A,B,,C,, b,,c,, a",
        ),
        (
            "$s.indexOf('c') $s.indexOf('z') $s.matches('a.*') $s.matches('a')",
            "5 -1 true false",
        ),
        (
            "$l.add(3)$l $l.get(0) $l[2] $l.contains(9) $l.size()",
            "true[1, 2, 3] 1 3 false 3",
        ),
        ("#set($q = $l.remove(0))$l $l.isEmpty()", "[2] false"),
        (
            "#set($q = $m.put('n', $l))$m $m.keySet() $m.get('k') $m.k $m.size()",
            "{k=v, n=[1, 2]} [k, n] v v 2",
        ),
        ("#foreach($e in $m.entrySet())$e.key=$e.value#end", "k=v"),
        ("#foreach($v in $m)$v#end", "v"),
        (
            "#set($m.deep = {})#set($m.deep.er = 1)$m",
            "{k=v, deep={er=1}}",
        ),
        ("$s.nosuch('x')$l.nosuch()$m.nosuch()", ""),
        (
            "$util.base64Decode($util.base64Encode($s)) $util.parseJson('{\"a\":[1]}').a[0]",
            "a,b,,c,, 1",
        ),
    ] {
        assert_eq!(render(&t(template), "{}"), text, "{template}");
    }
}

#[test]
fn loops_know_where_they_are() {
    let template = "#foreach($a in ['x', 'y'])#foreach($b in [1..2])\
        $foreach.parent.index$foreach.count$velocityCount$foreach.first#if($foreach.hasNext);#end#end|#end";
    insta::assert_snapshot!(render(template, "{}"), @"011true;022false|111true;122false|");
    assert_eq!(
        render("#foreach($i in [1..9])#if($i == 3)#break#end$i#end.", "{}"),
        "12."
    );
    assert_eq!(
        render("#foreach($i in [1..9])#if($i == 3)#stop#end$i#end.", "{}"),
        "12"
    );
    assert_eq!(
        render("#set($i = 'kept')#foreach($i in [1])#end$i", "{}"),
        "kept"
    );
}

#[test]
fn a_response_can_be_overridden() {
    let template = "#set($context.responseOverride.status = 207)\
        #set($context.responseOverride.header.X-Failed = $input.path('$.FailedEntryCount'))";
    let rendered = render_with(template, r#"{"FailedEntryCount":2}"#, Settings::default()).unwrap();
    assert_eq!(rendered.response_status, Some(207));
    assert_eq!(rendered.response_headers["X-Failed"], "2");
}

#[test]
fn a_faulty_template_says_where() {
    let error = |template: &str| Template::parse(template).unwrap_err().to_string();
    insta::assert_snapshot!(error("a\n#if($x)\nb"), @"line 3, column 2: #if has no #end");
    insta::assert_snapshot!(error("#end"), @"line 1, column 5: there is no #if or #foreach that this belongs to");
    insta::assert_snapshot!(error("#set($x = )"), @"line 1, column 11: expected a value, found `)`; names begin with `$`, strings with a quote");
    insta::assert_snapshot!(error("#set(x = 1)"), @r#"line 1, column 6: #set sets a reference, as in #set($name = "value")"#);
    insta::assert_snapshot!(error("#set($x = 'a)"), @"line 1, column 11: a string without its closing '");
    insta::assert_snapshot!(error("#foreach($x of $y)#end"), @"line 1, column 13: #foreach goes as #foreach($name in $list)");
    insta::assert_snapshot!(error("#macro(a)x#end"), @"line 1, column 7: #macro is not supported; mapping templates have #set, #if, #elseif, #else, #foreach, #break, #stop and #end");
    insta::assert_snapshot!(error("$x.f(1 2)"), @"line 1, column 8: expected `,`, found `2`");
}

#[test]
fn a_rendering_ends_whatever_the_template_wants() {
    let error = |template: &str| {
        render_with(template, "{\"a\":1", Settings::default())
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(error("#foreach($i in [1..1001])#end"), @"a #foreach over 1001 items; API Gateway allows 1000 iterations");
    insta::assert_snapshot!(error("#foreach($i in [1..1000000000000])#end"), @"a #foreach over 1000000000000 items; API Gateway allows 1000 iterations");
    let nested =
        "#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])#end#end#end";
    insta::assert_snapshot!(error(nested), @"what the template makes is larger than 125829120 bytes");
    insta::assert_snapshot!(error("#set($s = 'ab')#foreach($i in [1..100])#set($s = \"$s$s\")#end"), @"what the template makes is larger than 10485760 bytes");
    insta::assert_snapshot!(error("#set($l = [])#set($q = $l.add($l))$l"), @"a list or map is nested more than 160 deep");
    insta::assert_snapshot!(error("$input.path('$.a')"), @"the body is not JSON: EOF while parsing an object at line 1 column 6");
    insta::assert_snapshot!(error("#set($s = 'a')$s.replaceAll('(?=a)', '')"), @r#""(?=a)" is no regular expression that is understood here: error: look-around, including look-ahead and look-behind, is not supported"#);
    let deep = "(".repeat(10_000);
    insta::assert_snapshot!(Template::parse(&format!("#set($x = {deep}1)")).unwrap_err(), @"line 1, column 59: nested more than 48 deep");
}

#[test]
fn a_path_that_is_not_understood_is_named() {
    let error = |path: &str| {
        let template = format!("$input.path(\"{path}\")");
        render_with(&template, "{}", Settings::default())
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(error("a"), @r#""a" is no path that is understood here: a path begins with $"#);
    insta::assert_snapshot!(error("$.a[?(@.b)]"), @r#""$.a[?(@.b)]" is no path that is understood here: a bracket holds a number, a quoted name or *"#);
    insta::assert_snapshot!(error("$.a["), @r#""$.a[" is no path that is understood here: a bracket is not closed"#);
}

proptest! {
    /// What is no template is itself.
    #[test]
    fn plain_text_is_written_as_it_is(text in "[^$#\\\\]{0,200}") {
        prop_assert_eq!(render(&text, "{}"), text);
    }

    /// Any text in an entry comes out of the mended template as it went in.
    #[test]
    fn every_entry_survives_the_mended_template(entry in "\\PC*|[\\x00-\\x7f]{0,80}|['\\\\\"/\n]{0,20}") {
        let mended = SAMPLE.replace(
            "escapeJavaScript($elem.entry)",
            r#"escapeJavaScript($elem.entry).replaceAll("\\'","'")"#,
        );
        let text = render(&mended, &body(&[&entry]));
        let read: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read["Entries"][0]["Detail"].as_str(), Some(entry.as_str()));
    }

    /// Whatever the pieces of a template are put together to, it is read or refused, and a rendering ends.
    #[test]
    fn any_template_is_read_or_refused_and_ends(pieces in proptest::collection::vec(prop_oneof![
        Just("$"), Just("#"), Just("{"), Just("}"), Just("("), Just(")"), Just("["), Just("]"), Just("\""),
        Just("'"), Just("\\"), Just("."), Just(".."), Just(","), Just(" "), Just("\n"), Just("a"), Just("$a"),
        Just("$!{a"), Just("$input"), Just(".path('$')"), Just("#set($a = "), Just("#if($a)"), Just("#else"),
        Just("#end"), Just("#foreach($a in [1..9])"), Just("#foreach($b in $a)"), Just("#break"), Just("1"),
        Just("+"), Just("-"), Just("&&"), Just("=="), Just("!"), Just(":"), Just("##"), Just("#*"), Just("*#"),
        Just("$a.add($a)"), Just("é"), Just("$util.escapeJavaScript($a)"),
    ], 0..40)) {
        let text = pieces.concat();
        if Template::parse(&text).is_ok() {
            drop(render_with(&text, r#"{"a":[1,"b"]}"#, Settings::default()));
        }
    }
}
