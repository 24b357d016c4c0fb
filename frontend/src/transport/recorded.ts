// A recorded lesson: answers that Python gave once, looked up by what was asked. Nothing can be changed in it.

import type { Commands, UploadView } from "../protocol";
import { decode } from "./numbers";
import { LabError, type CommandName, type Transport } from "./transport";

/** The file beside the page: answers by the JSON of what was asked. */
interface Recording {
  replies: Record<string, unknown>;
}

/** What leads from one view to another; everything else is asked of the view in hand: `@position.example`. */
const MOVES = new Set(["Open", "GoTo", "Choose"]);

const NOT_HERE = "This page is a recorded lesson. To change something, install backlit and run `backlit lab`.";

export class RecordedTransport implements Transport {
  readonly recorded = true;
  onpush: Transport["onpush"] = () => {};
  onlost: Transport["onlost"] = () => {};
  private position = 0;
  private example = 1;
  private recording: Recording = { replies: {} };

  constructor(private readonly address: string) {}

  async open(): Promise<void> {
    const response = await fetch(this.address);
    if (!response.ok) throw new LabError(`The recording ${this.address} is not there.`);
    this.recording = await response.json();
  }

  async send<K extends CommandName>(command: K, given: Commands[K]["arguments"]): Promise<Commands[K]["reply"]> {
    const question = questionOf(command, given);
    const reply = this.recording.replies[MOVES.has(command) ? question : `@${this.position}.${this.example} ${question}`];
    if (reply === undefined) throw new LabError(NOT_HERE);
    // decoding fills arrays in, so each answer gets a copy of its own
    const found = decode(structuredClone(reply)) as Commands[K]["reply"];
    const view = "view" in found && "choices" in found ? found.view : found;
    if ("time" in view && "trace" in view) {
      this.position = view.time.position;
      this.example = view.trace?.example ?? 1;
    }
    return found;
  }

  async upload(): Promise<UploadView> {
    throw new LabError(NOT_HERE);
  }

  close(): void {}
}

/** How a question is written in a recording: keys in order, and none for what is left out. */
export function questionOf(command: string, given: object): string {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return `${command} ${JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))))}`;
}
