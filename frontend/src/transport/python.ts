// Python in this browser: Pyodide loads, unpacks backlit's sources, and talks with the lab in the server's messages.
// Twin of backlit/lab/in_browser.py.

import type { Commands, Events, UploadView } from "../protocol";
import { decode } from "./numbers";
import { LabError, type CommandName, type Envelope, type Transport } from "./transport";

/** What is used of Pyodide. */
interface Pyodide {
  lockfile?: { packages: Record<string, unknown> };
  loadPackage(names: string[]): Promise<unknown>;
  unpackArchive(archive: ArrayBuffer, format: "zip", options?: { extractDir: string }): void;
  runPython(code: string): unknown;
  globals: { set(name: string, value: unknown): void; get(name: string): unknown };
}

interface BrowserLab {
  handle(message: string): string;
  upload(name: string, bytes: Uint8Array): string;
  turn(): boolean;
}

/** Without NumPy there is no lab; the others are for tables and model files, where the folder has them. */
const MORE = ["narwhals", "polars", "scikit-learn", "threadpoolctl", "safetensors"];
const BEGIN = `
import sys
sys.path.insert(0, "/backlit")
from backlit.lab.in_browser import BrowserLab
lab = BrowserLab(push)
`;

export class PythonTransport implements Transport {
  readonly recorded = false;
  onpush: Transport["onpush"] = () => {};
  onlost: Transport["onlost"] = () => {};
  private lab!: BrowserLab;
  private number = 0;
  private closed = false;
  private turning = false;

  /** `folder` holds Pyodide's files; `sources` is the archive that in_browser.py makes. */
  constructor(
    private readonly folder: string,
    private readonly sources: string,
  ) {}

  async open(): Promise<void> {
    const pyodide = await this.load();
    try {
      await pyodide.loadPackage(["numpy"]);
    } catch {
      // said below
    }
    try {
      pyodide.runPython("import numpy");
    } catch {
      throw new LabError(`Pyodide in ${this.folder} has no NumPy. Take its full distribution rather than its core.`);
    }
    const there = pyodide.lockfile?.packages ?? {};
    await pyodide.loadPackage(MORE.filter((name) => name in there));
    const response = await fetch(this.sources);
    if (!response.ok) throw new LabError(`The sources ${this.sources} are not there: make the site anew with \`make site\`.`);
    pyodide.unpackArchive(await response.arrayBuffer(), "zip", { extractDir: "/backlit" });
    pyodide.globals.set("push", (text: string) => this.pushed(text));
    pyodide.runPython(BEGIN);
    this.lab = pyodide.globals.get("lab") as BrowserLab;
  }

  private async load(): Promise<Pyodide> {
    const folder = new URL(this.folder, document.baseURI).href;
    let loader: { loadPyodide: (options: { indexURL: string }) => Promise<Pyodide> };
    try {
      loader = await import(/* @vite-ignore */ `${folder}pyodide.mjs`);
    } catch {
      throw new LabError(`There is no Pyodide in ${this.folder}: put the files of its full distribution there.`);
    }
    return loader.loadPyodide({ indexURL: folder });
  }

  async send<K extends CommandName>(command: K, given: Commands[K]["arguments"]): Promise<Commands[K]["reply"]> {
    const message = JSON.stringify({ id: ++this.number, command, arguments: given });
    const reply = answered(this.lab.handle(message)) as Commands[K]["reply"];
    if (command === "Play") void this.train();
    return reply;
  }

  async upload(file: File): Promise<UploadView> {
    return answered(this.lab.upload(file.name, new Uint8Array(await file.arrayBuffer()))) as UploadView;
  }

  close(): void {
    this.closed = true;
  }

  /** Training in turns, between which the page lives. */
  private async train(): Promise<void> {
    if (this.turning) return;
    this.turning = true;
    while (!this.closed && this.lab.turn()) await new Promise((resolve) => setTimeout(resolve));
    this.turning = false;
  }

  private pushed(text: string): void {
    const { event, content } = JSON.parse(text) as Envelope;
    if (event) this.onpush(event, decode(content) as Events[keyof Events]);
  }
}

function answered(text: string): unknown {
  const { reply, error } = JSON.parse(text) as Envelope;
  if (error) throw new LabError(error.message, error.kind);
  return decode(reply);
}
