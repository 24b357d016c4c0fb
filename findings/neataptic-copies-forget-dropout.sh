#!/usr/bin/env bash
# A neataptic network trained with dropout answers one thing, and its test() and its code for other places another.
#
# One would guess: standalone() writes a function that answers as the network does, and test() measures the network that
# activate() runs.
# What happens: after training with dropout 0.5, activate() halves what hidden neurons give, as it should. standalone(),
# noTraceActivate() and test(), which is made of it, leave the factor out: each hidden neuron counts double. A line
# that the network follows with an error of 0.002 is off by 0.016 in the copy, and test() reports the copy's error for
# the network. Without dropout all agree. A file by toJSON() keeps the factor.
# Why it matters: standalone() is how such a network gets into a web page. Dropout is judged by test(), where it always
# looks harmful, the more the stronger it was.
# Seen in: neataptic 1.4.7 in Node.js.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts neataptic@1.4.7
cat >find.js <<'JS'
const assert = require("assert");
const { architect, Network } = require("neataptic");

let seed = 1; // the same weights each time
Math.random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
console.log("version:  neataptic", require("neataptic/package.json").version);
console.log("belief:   a network, its test and its code are one function");
console.log("behavior: test and code forget that dropout scales the hidden neurons");
const curve = Array.from({ length: 50 }, (_, i) => ({ input: [i / 49], output: [0.3 * (i / 49) + 0.5] }));
for (const dropout of [0, 0.5]) {
  const network = new architect.Perceptron(1, 20, 1);
  network.train(curve, { iterations: 3000, rate: 0.1, error: 1e-9, dropout });
  const file = Network.fromJSON(JSON.parse(JSON.stringify(network.toJSON())));
  const code = new Function(network.standalone() + "; return activate;")();
  const error = (answer) => curve.reduce((sum, row) => sum + (answer(row.input)[0] - row.output[0]) ** 2, 0) / curve.length;
  const own = error((x) => network.activate(x));
  const copies = { file: error((x) => file.activate(x)), code: error(code), "test()": network.test(curve).error };
  const shown = Object.entries(copies).map(([name, value]) => `${name} ${value.toFixed(4)}`).join(", ");
  console.log(`dropout ${dropout}: mean squared error of activate() ${own.toFixed(4)}, ${shown}`);
  assert(Math.abs(copies.file - own) < 1e-9);
  for (const name of ["code", "test()"]) assert(dropout ? copies[name] > 3 * own : Math.abs(copies[name] - own) < 1e-9, name);
}
JS
node find.js
