// What a client built on the official TypeScript SDK 1.x sees: node sdk.mjs SDK_FOLDER, and a job on stdin:
// {"url", "token"} or {"command", "args", "env"}, and "calls". Prints {"tools", "results"} or fails.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const at = (path) => import(join(process.argv[2], "dist", "esm", "client", path));
const job = JSON.parse(readFileSync(0, "utf-8"));
const { Client } = await at("index.js");
const client = new Client({ name: "matrix", version: "1" });
if (job.url) {
  const { StreamableHTTPClientTransport } = await at("streamableHttp.js");
  const headers = { Authorization: `Bearer ${job.token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(job.url), { requestInit: { headers } }));
} else {
  const { StdioClientTransport } = await at("stdio.js");
  await client.connect(new StdioClientTransport({ ...job, stderr: "ignore" }));
}
const { tools } = await client.listTools(); // from here on it checks every result by its outputSchema
const results = [];
for (const call of job.calls) {
  try {
    results.push((await client.callTool({ name: call.tool, arguments: call.arguments })).content);
  } catch (error) {
    results.push(`thrown: ${error.message}`);
  }
}
await client.close();
console.log(JSON.stringify({ tools, results }));
