// The server on this machine: commands by POST, what is pushed by server-sent events that fetch reads, because
// EventSource cannot send the token in a header.

import type { Commands, Events, UploadView } from "../protocol";
import { decode } from "./numbers";
import { LabError, type CommandName, type Envelope, type Transport } from "./transport";

export class HttpTransport implements Transport {
  readonly recorded = false;
  onpush: Transport["onpush"] = () => {};
  onlost: Transport["onlost"] = () => {};
  private lab = "";
  private number = 0;
  private readonly closing = new AbortController();

  constructor(
    private readonly base: string,
    private readonly token: string,
  ) {}

  async open(): Promise<void> {
    const opened = (await this.post("/api/labs", "")) as { lab: string };
    this.lab = `/api/labs/${opened.lab}`;
    void this.listen();
  }

  async send<K extends CommandName>(command: K, given: Commands[K]["arguments"]): Promise<Commands[K]["reply"]> {
    const message = JSON.stringify({ id: ++this.number, command, arguments: given });
    return this.answered(await this.post(`${this.lab}/commands`, message)) as Commands[K]["reply"];
  }

  async upload(file: File): Promise<UploadView> {
    const answer = await this.post(`${this.lab}/files?name=${encodeURIComponent(file.name)}`, file);
    return this.answered(answer) as UploadView;
  }

  close(): void {
    this.closing.abort();
    if (this.lab) void this.fetch(this.lab, { method: "DELETE", keepalive: true }).catch(() => {});
  }

  private fetch(path: string, options: RequestInit): Promise<Response> {
    const headers = { ...(options.headers as object), "X-Backlit-Token": this.token };
    return fetch(this.base + path, { ...options, headers, cache: "no-store", credentials: "omit" });
  }

  private async post(path: string, body: string | File): Promise<unknown> {
    let response: Response;
    try {
      const kind = typeof body === "string" ? "application/json" : "application/octet-stream";
      response = await this.fetch(path, { method: "POST", body, headers: { "Content-Type": kind } });
    } catch {
      const why = "The lab's server does not answer. Start `backlit lab` again and open the address that it prints.";
      this.onlost(why);
      throw new LabError(why);
    }
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      throw new LabError(text || `The lab's server answered ${response.status} ${response.statusText}.`);
    }
  }

  private answered(answer: unknown): unknown {
    const { reply, error } = answer as Envelope;
    if (error) throw new LabError(error.message, error.kind);
    return decode(reply);
  }

  private async listen(): Promise<void> {
    try {
      const response = await this.fetch(`${this.lab}/events`, { signal: this.closing.signal });
      if (!response.ok || !response.body) throw new LabError(await response.text());
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const blocks = (rest + value).split(/\r?\n\r?\n/);
        rest = blocks.pop() ?? "";
        for (const block of blocks) this.heard(block);
      }
    } catch {
      // said below
    }
    if (!this.closing.signal.aborted) this.onlost("The lab's server has gone. Start `backlit lab` again.");
  }

  private heard(block: string): void {
    const lines = block.split(/\r?\n/).filter((line) => line.startsWith("data:"));
    if (!lines.length) return;
    const { event, content } = JSON.parse(lines.map((line) => line.slice(5)).join("\n")) as Envelope;
    if (event) this.onpush(event, decode(content) as Events[keyof Events]);
  }
}
