// What one page knows: the view that Python sent last, and what the reader looks at. One for each page, none shared.

import type { Choices, Commands, Events, Frame, LabView, PicturesView, UploadView } from "./protocol";
import { LabError, type CommandName, type Transport } from "./transport/transport";

export const ACTIVITIES = ["Data", "Network", "Step", "Demon", "Train", "Exercise", "Take away"] as const;
export type Activity = (typeof ACTIVITIES)[number];

/** Commands that are answered with the whole view. */
type Changing = { [K in CommandName]: Commands[K]["reply"] extends LabView ? K : never }[CommandName];

export class Lab {
  choices = $state.raw<Choices | null>(null);
  view = $state.raw<LabView | null>(null);
  frame = $state.raw<Frame | null>(null);
  pictures = $state.raw<PicturesView | null>(null);
  activity = $state<Activity>("Step");
  trouble = $state("");
  /** Said by screen readers when it changes. */
  said = $state("");
  busy = $state(false);
  /** A table that came, and waits for what is to be predicted. */
  waiting = $state.raw<UploadView | null>(null);
  /** What was typed into the homework's form, which is not lost on the way to another activity. */
  homework = $state({
    sizes: [2, 2, 1],
    activation: "sigmoid",
    output: "sigmoid",
    loss: "quadratic",
    rate: "0.5",
    /** By name of the cell: w.2.1.2, b.2.1, x.1, y.1. */
    typed: {} as Record<string, string>,
  });
  lost = $state("");
  private running = 0;

  /** `whole`: the page is ours alone, rather than a cell of somebody's notebook. */
  constructor(
    readonly transport: Transport,
    readonly whole: boolean,
  ) {
    transport.onpush = (event, content) => this.pushed(event, content);
    transport.onlost = (why) => {
      this.lost = why;
    };
  }

  /** Begin, with the lab of a link where one is given. */
  async open(state: string): Promise<void> {
    try {
      await this.transport.open();
      const { choices, view, waiting } = await this.transport.send("Open", {});
      this.choices = choices;
      this.waiting = waiting ?? null;
      const kept = state ? await this.ask("OpenDocument", { text: state }) : null;
      this.view = kept ?? view;
      if (this.view.exercise) this.activity = "Exercise";
      else if (this.waiting) this.activity = "Data";
      if (this.view.notes.length) this.say(this.view.notes.join(" "));
    } catch (error) {
      this.lost ||= wordsOf(error);
    }
  }

  /** Ask something; null where Python refused, which is then said on the page. */
  ask<K extends CommandName>(command: K, given: Commands[K]["arguments"]): Promise<Commands[K]["reply"] | null> {
    return this.waitFor(() => this.transport.send(command, given));
  }

  upload(file: File): Promise<UploadView | null> {
    return this.waitFor(() => this.transport.upload(file));
  }

  private async waitFor<T>(work: () => Promise<T>): Promise<T | null> {
    this.running++;
    // what is quick needs no sign that it is under way
    const slow = setTimeout(() => (this.busy = true), 250);
    try {
      const reply = await work();
      this.trouble = "";
      return reply;
    } catch (error) {
      // once is enough
      const words = wordsOf(error);
      this.trouble = words === this.lost ? "" : words;
      return null;
    } finally {
      clearTimeout(slow);
      if (--this.running === 0) this.busy = false;
    }
  }

  /** Change the lab. */
  async change<K extends Changing>(command: K, given: Commands[K]["arguments"]): Promise<boolean> {
    const view = (await this.ask(command, given)) as LabView | null;
    if (view) {
      this.view = view;
      if (view.notes.length) this.say(view.notes.join(" "));
    }
    return view !== null;
  }

  say(words: string): void {
    // the same words twice are said twice only if something changes
    this.said = words === this.said ? `${words}\u00a0` : words;
  }

  /** Turn to an activity. Training goes on only where it is seen: everything else looks at a network that stands. */
  go(activity: Activity): void {
    this.activity = activity;
    this.trouble = "";
    if (activity !== "Train" && this.view?.time.playing) void this.change("Pause", {});
  }

  private pushed(event: keyof Events, content: Events[keyof Events]): void {
    if (event !== "Frame") return;
    const frame = content as Frame;
    this.frame = frame;
    this.pictures = frame.pictures;
    if (frame.ended) {
      this.say(frame.ended);
      void this.change("Look", {});
    }
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof LabError) return error.message;
  return `Something went wrong on this page: ${error instanceof Error ? error.message : String(error)}`;
}
