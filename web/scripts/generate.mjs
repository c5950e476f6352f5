// Writes src/api/generated.ts from openapi.json; with --check it only says whether they agree.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const document = new URL("../openapi.json", import.meta.url);
const target = new URL("../src/api/generated.ts", import.meta.url);
const header = "// @generated from openapi.json by `npm run generate`. Do not edit.\n\n";

const text = header + astToString(await openapiTS(document));
if (process.argv.includes("--check")) {
  const committed = await readFile(target, "utf8").catch(() => "");
  if (committed !== text) {
    console.error("src/api/generated.ts is stale: run `npm run generate` and commit it");
    process.exit(1);
  }
} else {
  await writeFile(target, text);
}
