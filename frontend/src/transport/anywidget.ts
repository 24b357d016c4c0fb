// A notebook: the same messages through the model of a widget. What is sent before the view exists is lost, so the page
// says that it is ready and begins only then; numbers are buffers beside the JSON.

import type { Commands, Events, UploadView } from "../protocol";
import { decode } from "./numbers";
import { LabError, type CommandName, type Envelope, type Transport } from "./transport";

/** What anywidget hands over; JupyterLab and marimo have it alike. */
export interface WidgetModel {
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: "msg:custom", heard: (content: unknown, buffers: DataView[]) => void): void;
  off(event: "msg:custom", heard: (content: unknown, buffers: DataView[]) => void): void;
}

interface Waiting {
  resolve: (reply: unknown) => void;
  reject: (error: LabError) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** Milliseconds until it is said that nothing comes, and until nothing is waited for any more. */
const PATIENCE = 5_000;
const END = 120_000;
const SILENT = "Python does not answer. It may be at work in another cell; if the kernel was restarted, run the cell of this lab again.";

export class WidgetTransport implements Transport {
  readonly recorded = false;
  onpush: Transport["onpush"] = () => {};
  onlost: Transport["onlost"] = () => {};
  // two views of one widget hear each other's answers
  private number = Math.floor(Math.random() * 2 ** 40);
  private readonly waiting = new Map<number, Waiting>();

  constructor(private readonly model: WidgetModel) {}

  async open(): Promise<void> {
    this.model.on("msg:custom", this.heard);
    this.model.send({ ready: true });
  }

  send<K extends CommandName>(command: K, given: Commands[K]["arguments"]): Promise<Commands[K]["reply"]> {
    return this.ask({ command, arguments: given }) as Promise<Commands[K]["reply"]>;
  }

  async upload(file: File): Promise<UploadView> {
    return (await this.ask({ file: file.name, buffer: 0 }, [await file.arrayBuffer()])) as UploadView;
  }

  close(): void {
    this.model.off("msg:custom", this.heard);
    for (const { timer } of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
  }

  private ask(message: object, buffers: ArrayBuffer[] = []): Promise<unknown> {
    const id = ++this.number;
    return new Promise((resolve, reject) => {
      const asked: Waiting = { resolve, reject, timer: setTimeout(() => {
        this.onlost(SILENT);
        asked.timer = setTimeout(() => {
          this.waiting.delete(id);
          reject(new LabError(SILENT));
        }, END);
      }, PATIENCE) };
      this.waiting.set(id, asked);
      this.model.send({ id, ...message }, undefined, buffers);
    });
  }

  private readonly heard = (content: unknown, buffers: DataView[]) => {
    const { id, reply, error, event, content: pushed } = content as Envelope;
    if (event) this.onpush(event, decode(pushed, buffers) as Events[keyof Events]);
    const asked = id === undefined ? undefined : this.waiting.get(id);
    if (!asked) return;
    this.waiting.delete(id!);
    clearTimeout(asked.timer);
    this.onlost("");
    if (error) asked.reject(new LabError(error.message, error.kind));
    else asked.resolve(decode(reply, buffers));
  };
}
