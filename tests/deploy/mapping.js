// Renders a mapping template with velocityjs, which knows nothing of API Gateway: its variables are made here.
import { Compile, parse } from "velocityjs";

// Java's takes a regular expression, and templates mean that one.
String.prototype.replaceAll = function (pattern, replacement) {
  return this.replace(new RegExp(pattern, "g"), () => replacement);
};

const SHORT = { '"': '\\"', "\\": "\\\\", "/": "\\/", "'": "\\'", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeJavaScript(text) {
  const unit = (it) => "\\u" + it.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return String(text).replace(/["\\/'\b\f\n\r\t]|[^ -~]/g, (it) => SHORT[it] ?? [...Array(it.length).keys()].map((at) => unit(it[at])).join(""));
}

let text = "";
process.stdin.on("data", (chunk) => (text += chunk)).on("end", () => {
  const { template, bodies, context, stageVariables } = JSON.parse(text);
  const rendered = bodies.map((body) => {
    const input = { path: (path) => path.split(".").slice(1).reduce((value, name) => value?.[name], body) ?? [] };
    const variables = {
      input,
      context: { ...context, requestOverride: { header: {} } },
      stageVariables,
      util: { escapeJavaScript },
    };
    return new Compile(parse(template)).render(variables);
  });
  process.stdout.write(JSON.stringify(rendered));
});
