// The same work as a Node handler, and the loop that times it. What Lambda's Node runtime does around a handler
// is inside the time: JSON.parse of the event, JSON.stringify of the answer.

import { readFileSync, writeFileSync } from "node:fs";

function handler(event) {
  const records = event.records.map((record) => {
    try {
      const payload = JSON.parse(Buffer.from(record.data, "base64").toString("utf8"));
      if (payload.resources && payload.resources.length > 0) {
        payload.detail.clientId = payload.resources[0];
        payload.resources = [];
      }
      const line = JSON.stringify(payload) + "\n";
      return { recordId: record.recordId, result: "Ok", data: Buffer.from(line, "utf8").toString("base64") };
    } catch {
      return { recordId: record.recordId, result: "ProcessingFailed" };
    }
  });
  return { records };
}

const [request, answer, rounds] = process.argv.slice(2);
const event = readFileSync(request);
let text;
for (let round = 0; round < Number(rounds); round++) {
  const start = process.hrtime.bigint();
  text = Buffer.from(JSON.stringify(handler(JSON.parse(event.toString("utf8")))), "utf8");
  console.log(String(process.hrtime.bigint() - start));
}
writeFileSync(answer, text);
