// A recorded lesson: answers that Python gave once, looked up by what was asked and of which view. It can be walked
// through in time and from example to example; nothing can be changed in it. Twin of backlit/lab/site.py.

import type { Commands, LabView, UploadView } from "../protocol";
import { decode } from "./numbers";
import { LabError, type CommandName, type Transport } from "./transport";

/** The file beside the page: answers by `@position.example Command {arguments}`. */
interface Recording {
  replies: Record<string, unknown>;
}

const NOT_HERE = "This page is a recorded lesson. To change something, install backlit and run `backlit lab`.";

export class RecordedTransport implements Transport {
  readonly recorded = true;
  onpush: Transport["onpush"] = () => {};
  onlost: Transport["onlost"] = () => {};
  private view: LabView | null = null;
  private recording: Recording = { replies: {} };

  constructor(private readonly address: string) {}

  async open(): Promise<void> {
    const response = await fetch(this.address);
    if (!response.ok) throw new LabError(`The recording ${this.address} is not there.`);
    this.recording = await response.json();
  }

  async send<K extends CommandName>(command: K, given: Commands[K]["arguments"]): Promise<Commands[K]["reply"]> {
    const reply = this.recording.replies[this.question(command, given)];
    if (reply === undefined) throw new LabError(NOT_HERE);
    // decoding fills arrays in, so each answer gets a copy of its own
    const found = decode(structuredClone(reply)) as Commands[K]["reply"];
    if ("choices" in found) this.view = found.view;
    else if ("time" in found) this.view = found;
    return found;
  }

  async upload(): Promise<UploadView> {
    throw new LabError(NOT_HERE);
  }

  close(): void {}

  private question(command: CommandName, given: object): string {
    if (!this.view) return "Open {}";
    let { position } = this.view.time;
    let example = this.view.trace?.example ?? 1;
    const { rows } = this.view.trace ?? { rows: [] };
    // every move leads to a view
    switch (command) {
      case "GoTo":
        ({ position } = given as Commands["GoTo"]["arguments"]);
        break;
      case "Step":
        position += (given as Commands["Step"]["arguments"]).count ?? 1;
        break;
      case "Reset":
        position = 0;
        break;
      case "Choose": {
        const chosen = given as Commands["Choose"]["arguments"];
        if (String(chosen.rows) !== String(rows)) return NOT_HERE;
        example = chosen.example ?? 1;
        break;
      }
      case "Look":
        break;
      default:
        return `@${position}.${example} ${command} ${JSON.stringify(inOrder(given))}`;
    }
    return `@${position}.${example} Look {}`;
  }
}

/** Keys in order and without what is null, at every depth, as the recording has them. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, part]) => part !== undefined && part !== null);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, inOrder(part)]));
}
