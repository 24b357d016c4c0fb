#!/usr/bin/env bash
# brain.js and synaptic call a class of 4 in 1,000 learned after a few rounds, in which they learned to say no.
#
# One would guess: training ends when the network has learned the rows, or after the 20,000 rounds that are allowed; a
# stop because it is good enough is good enough for each class.
# What happens: training ends at a mean squared error of 0.005, a default of both libraries. Whoever says 0 to everything
# has 0.004 where 4 rows of 1,000 are a 1. So it ends after 2 rounds, as soon as the network says no to all, although one
# input tells the classes apart without a doubt: the four get 0.02 or less. The result says that the error is below the
# threshold, which reads as a success. With 40 of 1,000, or with a threshold of 0.0001, the class is learned.
# Why it matters: defects, fraud and failures are as rare as that. More rounds, more neurons and other rates change
# nothing, since none of them is the limit.
# Seen in: brain.js 1.6.1 and synaptic 1.1.4 in Node.js.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts brain.js@1.6.1 synaptic@1.1.4
cat >find.js <<'JS'
const assert = require("assert");
const brain = require("brain.js");
const { Architect, Trainer } = require("synaptic");

let seed = 1; // the same weights each time
Math.random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
for (const name of ["brain.js", "synaptic"]) console.log("version: ", name, require(name + "/package.json").version);
console.log("belief:   training ends when the classes are told apart");
console.log("behavior: it ends when saying no to every row is close enough");
const libraries = {
  "brain.js": (rows, threshold) => {
    const network = new brain.NeuralNetwork({ hiddenLayers: [3] });
    const { iterations, error } = network.train(rows, threshold ? { errorThresh: threshold } : {});
    return [iterations, error, network.run([1, 0.5])[0], network.run([0, 0.5])[0]];
  },
  synaptic: (rows, threshold) => {
    const network = new Architect.Perceptron(2, 3, 1);
    const { iterations, error } = new Trainer(network).train(rows, { iterations: 2000, ...(threshold ? { error: threshold } : {}) });
    return [iterations, error, network.activate([1, 0.5])[0], network.activate([0, 0.5])[0]];
  },
};
for (const [name, train] of Object.entries(libraries)) {
  for (const [share, threshold] of [[4, null], [40, null], [4, 0.0001]]) {
    const rows = Array.from({ length: 1000 }, (_, i) => {
      const rare = i % 1000 < share ? 1 : 0;
      return { input: [rare, Math.random()], output: [rare] };
    }).sort(() => Math.random() - 0.5);
    const [rounds, error, yes, no] = train(rows, threshold);
    const said = threshold ? `threshold ${threshold}` : "as it comes";
    console.log(`${name.padEnd(8)} ${String(share).padStart(2)} of 1000, ${said.padEnd(16)} ${rounds} rounds, error ${error.toFixed(5)}; the rare class gets ${yes.toFixed(3)}, the other ${no.toFixed(3)}`);
    assert(share === 4 && !threshold ? yes < 0.2 : yes > 0.7, `${name} ${share}`);
    assert(no < 0.1);
  }
}
JS
node find.js
