// Runs a Node handler as AWS Lambda does: events from the Runtime API, answers back to it.
// Arguments: the handler's file and the name of its export. Needs nothing but Node.

import path from "node:path";
import { pathToFileURL } from "node:url";

const runtime = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/`;
const [file, name] = process.argv.slice(1);

const post = (where, body) => fetch(runtime + where, { method: "POST", body: body ?? "null" });

function problem(error) {
  console.error(error);
  const { name: errorType = "Error", message = String(error), stack = "" } = error ?? {};
  return JSON.stringify({ errorType, errorMessage: message, stackTrace: String(stack).split("\n") });
}

/** Calls a handler of either kind: one that returns a promise, or one that takes a callback. */
const invoke = (handler, event, context) =>
  new Promise((resolve, reject) => {
    const callback = (error, answer) => (error ? reject(error) : resolve(answer));
    context.done = callback;
    context.succeed = resolve;
    context.fail = reject;
    const answer = handler(event, context, callback);
    if (typeof answer?.then === "function") {
      answer.then(resolve, reject);
    } else if (answer !== undefined || handler.length < 3) {
      resolve(answer);
    }
  });

let handler;
try {
  const full = path.resolve(file);
  process.chdir(path.dirname(full));
  const module = await import(pathToFileURL(full));
  handler = module[name] ?? module.default?.[name];
  if (typeof handler !== "function") {
    throw new TypeError(`${file} exports no function ${name}`);
  }
} catch (error) {
  await post("init/error", problem(error));
  process.exit(1);
}

for (;;) {
  const next = await fetch(`${runtime}invocation/next`);
  if (next.status !== 200) {
    process.exit(0);
  }
  const id = next.headers.get("lambda-runtime-aws-request-id");
  const deadline = Number(next.headers.get("lambda-runtime-deadline-ms"));
  const context = {
    awsRequestId: id,
    invokedFunctionArn: next.headers.get("lambda-runtime-invoked-function-arn"),
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
  };
  try {
    const answer = await invoke(handler, await next.json(), context);
    await post(`invocation/${id}/response`, JSON.stringify(answer));
  } catch (error) {
    await post(`invocation/${id}/error`, problem(error));
  }
}
