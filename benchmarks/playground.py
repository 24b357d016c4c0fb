"""The lab's play beside TensorFlow Playground: epochs a second of a spiral, 2-8-8-1, batches of 10, 500 points.

    python benchmarks/playground.py [--playground FOLDER] [--seconds 5]

Playground's own network (`src/nn.ts`, Apache License 2.0) is fetched by git into a temporary folder, compiled by the
esbuild that came with the lab's page (`make lab-page`), and run by Node without its page: it draws nothing. The lab
plays as its page has it play, with all its pictures twenty times a second. Both train on the same points, with tanh,
the quadratic cost and the same rate. Figures are epochs for each second of processor time, and of the clock.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ADDRESS = "https://github.com/tensorflow/playground"
ESBUILD = Path(__file__).parents[1] / "frontend" / "node_modules" / ".bin" / "esbuild"
HIDDEN, BATCH, POINTS, RATE = (8, 8), 10, 500, 0.03
REMEDY = f"Clone {ADDRESS} yourself and give its folder: --playground FOLDER"

# the loop over an epoch's points is Playground's oneStep
DRIVER = """
import { readFileSync } from "node:fs";
import { Activations, Errors, buildNetwork, forwardProp, backProp, updateWeights } from "./nn.ts";
const { points, labels, shape, batch, rate, seconds } = JSON.parse(readFileSync(0, "utf8"));
const network = buildNetwork(shape, Activations.TANH, Activations.TANH, null, ["x", "y"]);
const epoch = () => {
  for (let i = 0; i < points.length; i++) {
    forwardProp(network, points[i]);
    backProp(network, labels[i], Errors.SQUARE);
    if ((i + 1) % batch === 0) updateWeights(network, rate, 0);
  }
};
for (let i = 0; i < 50; i++) epoch();  // until it is compiled
const began = performance.now();
const before = process.cpuUsage();
let epochs = 0;
while (performance.now() - began < 1000 * seconds) { epoch(); epochs++; }
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ epochs, clock: (performance.now() - began) / 1000, processor: (user + system) / 1e6 }));
"""


def spiral(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two spirals, ``(n, 2)``, and −1 or 1 for each point."""
    half = n // 2
    radius = np.linspace(0.1, 1.0, half)
    angle = 1.75 * 2 * np.pi * radius
    arm = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
    noise = np.random.default_rng(0).normal(0.0, 0.02, (2 * half, 2))
    return np.vstack([arm, -arm]) + noise, np.repeat([1.0, -1.0], half)


def playground(source: Path, seconds: float) -> dict[str, float]:
    """Let Playground's network train for so long."""
    x, y = spiral(POINTS)
    given = {
        "points": x.tolist(), "labels": y.tolist(), "shape": [2, *HIDDEN, 1], "batch": BATCH, "rate": RATE,
        "seconds": seconds,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "nn.ts").write_bytes((source / "src" / "nn.ts").read_bytes())
        Path(folder, "driver.ts").write_text(DRIVER)
        built = Path(folder, "driver.mjs")
        bundle = ["--bundle", "--platform=node", "--format=esm", f"--outfile={built}", "--log-level=error"]
        subprocess.run([ESBUILD, Path(folder, "driver.ts"), *bundle], check=True)
        done = subprocess.run(["node", built], input=json.dumps(given), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def lab(seconds: float) -> dict[str, float]:
    """Let the lab play for so long, and be looked at."""
    from backlit.core.network import Network
    from backlit.lab.commands import act
    from backlit.lab.data.dataset import Dataset
    from backlit.lab.playing import Player
    from backlit.lab.state.state import with_network
    from backlit.lab.talk.protocol import Pictures, SetTraining
    from backlit.lab.talk.wire import dumps, encode

    x, y = spiral(POINTS)
    data = Dataset("spiral", "A spiral", "homework", x, y[:, None], ("x", "y"), ("y",))
    object.__setattr__(data, "training_rows", np.arange(POINTS))  # all of them, as Playground is given them
    object.__setattr__(data, "validation_rows", np.zeros(0, dtype=np.int64))
    network = Network.initialize([2, *HIDDEN, 1], ["tanh", "tanh", "tanh"], seed=0)
    state, _ = act(with_network(data, network, "quadratic", RATE), SetTraining("sgd", RATE, BATCH))
    shown = Pictures(True, True, False, True, True, 1, 2, 60)
    frames = 0

    def push(frame: object) -> None:
        nonlocal frames
        frames += 1
        dumps(encode(frame))

    player = Player(state, 0.0, None, push)
    player.asked = shown
    player.start()
    time.sleep(0.5)
    began, before, first, frames = time.perf_counter(), time.process_time(), player._count, 0
    time.sleep(seconds)
    clock, processor, epochs = time.perf_counter() - began, time.process_time() - before, player._count - first
    player.stop()
    return {"epochs": epochs, "clock": clock, "processor": processor, "frames": frames}


def main() -> None:
    """Run both and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--playground", type=Path, help="a clone of Playground; default: fetched by git")
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    if not ESBUILD.exists():
        sys.exit("There is no esbuild: run `make lab-page` first, which takes Node.")
    with tempfile.TemporaryDirectory() as folder:
        source = given.playground
        if source is None:
            source = Path(folder, "playground")
            if subprocess.run(["git", "clone", "--quiet", "--depth", "1", ADDRESS, source], check=False).returncode:
                sys.exit(f"Playground cannot be fetched. {REMEDY}")
        if not (source / "src" / "nn.ts").is_file():
            sys.exit(f"{source} holds no src/nn.ts. {REMEDY}")
        theirs = playground(source, given.seconds)
    ours = lab(given.seconds)
    for name, told in (("TensorFlow Playground's network, nothing drawn", theirs), ("backlit lab, playing", ours)):
        by_clock, by_processor = told["epochs"] / told["clock"], told["epochs"] / told["processor"]
        print(f"{name:48} {by_processor:8.0f} epochs per second of processor time, {by_clock:8.0f} by the clock")
    print(f"{'frames of the lab':48} {ours['frames'] / ours['clock']:8.1f} a second")


if __name__ == "__main__":
    main()
