#!/usr/bin/env bash
# brain.js reads a name that is missing in a row as 0; the function it writes of the same network answers NaN.
#
# One would guess: toFunction() is the network as code, for a page that does without the library, and answers as run().
# What happens: rows are objects of named columns, and it is usual to leave out what is 0: { rain: 1 } rather than
# { rain: 1, wind: 0 }. train() and run() take names that are missing as 0. The code of toFunction() looks each name up, adds
# undefined to the sum, and every answer of that row is NaN. Rows that have all names agree, so that a test on
# complete rows passes.
# Why it matters: a rule like answer.yes > 0.5 says no to NaN, without an error. Rows in daily use are less complete
# than those of the test.
# Seen in: brain.js 1.6.1 in Node.js.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts brain.js@1.6.1
cat >find.js <<'JS'
const assert = require("assert");
const brain = require("brain.js");

console.log("version:  brain.js", require("brain.js/package.json").version);
console.log("belief:   the network's code answers as the network does");
console.log("behavior: it answers NaN where a name is missing, which the network reads as 0");
const rows = [
  { input: { rain: 1 }, output: { stay: 1 } },
  { input: { wind: 1 }, output: { go: 1 } },
  { input: { rain: 1, wind: 1 }, output: { stay: 1 } },
];
const network = new brain.NeuralNetwork({ hiddenLayers: [3] });
network.train(rows);
const code = network.toFunction();
for (const row of [{ rain: 1, wind: 0 }, { rain: 1 }, { wind: 1 }]) {
  const [own, copied] = [network.run(row).stay, code(row).stay];
  console.log(`${JSON.stringify(row).padEnd(21)} stay: network ${own.toFixed(3)}, code ${copied.toFixed(3)}`);
  assert(Number.isFinite(own));
  assert("rain" in row && "wind" in row ? Math.abs(own - copied) < 1e-5 : Number.isNaN(copied));
}
assert(Math.abs(network.run({ rain: 1 }).stay - network.run({ rain: 1, wind: 0 }).stay) < 1e-9);
JS
node find.js
