#!/usr/bin/env bash
# A dense layer of TensorFlow.js starts from other weights than the same layer of Keras, whose interface it copies.
#
# One would guess: tf.layers is Keras in JavaScript, so dense starts as there: uniform, Glorot's, no weight beyond
# sqrt(6 / (n_in + n_out)).
# What happens: its default is glorotNormal, and its normal is cut off at two deviations without being widened for it:
# the weights spread over 0.88 of what Glorot and Keras's own GlorotNormal have, and the largest lie beyond Keras's limit.
# Why it matters: pages that teach networks run it, and their networks do not start as those of the book. Twelve per
# cent a layer are little in one, and a third of the signal less after three, before anything is learned.
# Seen in: @tensorflow/tfjs 4.22.0 in Node, comparing how peers start.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @tensorflow/tfjs@4.22.0 > /dev/null
cat > starts.js <<'JS'
const tf = require('@tensorflow/tfjs');
const assert = require('node:assert');

const [nIn, nOut] = [400, 300];
function spread(layer) {
  layer.build([null, nIn]);
  const w = Array.from(layer.getWeights()[0].dataSync());
  const deviation = Math.sqrt(w.reduce((sum, x) => sum + x * x, 0) / w.length);
  return { deviation, largest: w.reduce((most, x) => Math.max(most, Math.abs(x)), 0) };
}
const glorot = Math.sqrt(2 / (nIn + nOut));
const limit = Math.sqrt(6 / (nIn + nOut));
const byDefault = spread(tf.layers.dense({ units: nOut }));
const uniform = spread(tf.layers.dense({ units: nOut, kernelInitializer: 'glorotUniform' }));
console.log('version:  @tensorflow/tfjs', tf.version.tfjs);
console.log('belief:   a dense layer starts as in Keras: uniform, with the deviation of Glorot');
console.log('behavior: it starts normal, cut off at two deviations, with 0.88 of that deviation');
for (const [name, { deviation, largest }] of Object.entries({ byDefault, uniform })) {
  console.log(`${name}: deviation ${(deviation / glorot).toFixed(3)} of Glorot's, largest ${(largest / limit).toFixed(3)} of the limit`);
}
assert(Math.abs(byDefault.deviation / glorot - 0.88) < 0.01 && byDefault.largest > 1.1 * limit);
assert(Math.abs(uniform.deviation / glorot - 1) < 0.01 && uniform.largest <= limit);
JS
node starts.js 2>&1 | grep -E '^(version|belief|behavior|byDefault|uniform|.*Assert)' || true
node starts.js > /dev/null 2>&1
